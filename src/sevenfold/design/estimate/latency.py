"""Time: the budgets of the stages, and what each must hold for all of them to hold: Q7, Q8, Q10."""

from __future__ import annotations

from sevenfold.design.estimate.number import number, total
from sevenfold.design.estimate.sheet import Sheet, each, everything_ahead
from sevenfold.design.sections import Solution

STAGES = ("retrieve", "rank", "rerank", "predict")


@each
def budgets(sheet: Sheet, name: str, solution: Solution) -> None:
    """Q7: the sum is a plan, not a bound; the quantile follows from the union bound."""
    within = [sheet.given(f"serving.{stage}.within") for stage in STAGES if getattr(solution, stage)]
    stated = [one for one in within if one is not None]
    if stated and not everything_ahead(sheet.design):
        sheet.line("Q7", "p99 of the stages together", total(stated), "s", name)
    if len(stated) > 1 and not everything_ahead(sheet.design):
        sheet.line("Q7", "quantile that each stage must hold", 1 - number(0.01, "%") / len(stated), "%", name, "quantile")


@each
def several(sheet: Sheet, name: str, solution: Solution) -> None:
    """Q8."""
    sources = len(solution.retrieve)
    if sources > 1:
        sheet.line("Q8", f"chance that one of {sources} sources is slow", 1 - number(0.99, "%") ** sources, "%", name)


def candidate(sheet: Sheet) -> None:
    """Q10."""
    budget, cases = sheet.given("serving.rank.within"), sheet.given("serving.retrieve.keep")
    if budget and cases and any(one.rank for one in sheet.design.solutions.values()):
        sheet.line("Q10", "time for a candidate in rank, features included", budget / cases, "s")


LINES = (budgets, several, candidate)
