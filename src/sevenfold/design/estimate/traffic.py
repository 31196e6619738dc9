"""Requests, what they carry, and how long their stages may take: Q1 to Q5, Q7 to Q10."""

from __future__ import annotations

from functools import partial

from sevenfold.design.estimate.number import Number, number, total
from sevenfold.design.estimate.sheet import MONTH, SCALE, Absent, Sheet, Write, each, row
from sevenfold.design.facts import STAGES, answers_online
from sevenfold.design.sections import Solution

KEPT = {"rank": "serving.retrieve.keep", "rerank": "serving.rank.keep", "predict": ""}  # stage → how many it is given


def into(sheet: Sheet, stage: str, solution: Solution) -> Number:
    """How many cases a stage is given: what the one before it keeps."""
    path = KEPT["rank"] if stage == "rerank" and not solution.rank else KEPT[stage]
    return sheet.either(path, "candidates") if path else sheet.default("candidates")


def entries(sheet: Sheet) -> Number:
    """Entries of one answer."""
    return sheet.either("framing.answer.users" if sheet.design.framing.answer.users else "framing.answer.items", "candidates")


def _daily(sheet: Sheet) -> Number:
    """A share of all users, where nobody says how many come."""
    users, found = sheet.given(f"{SCALE}.users"), sheet.given(f"{SCALE}.daily_users")
    if found is None and users is not None:
        return users * sheet.default("daily_share")
    return found or sheet.stated(f"{SCALE}.daily_users", "average requests (Q1)")


def _average(sheet: Sheet) -> Number:
    """As counted where only that is known."""
    counted, each = sheet.given(f"{SCALE}.requests"), sheet.given(f"{SCALE}.requests_per_user")
    if counted is None or (each is not None and sheet.has("Q3")):
        return sheet.of("Q3") * sheet.stated(f"{SCALE}.requests_per_user", "average requests (Q1)")
    return counted


def _scored(stage: str, sheet: Sheet) -> Number:
    first = next((one for one in sheet.design.solutions.values() if getattr(one, stage)), None)
    if first is None or not answers_online(sheet.design):
        raise Absent
    return sheet.of("Q2") * into(sheet, stage, first)


def _deadlines(sheet: Sheet, least: int = 1) -> list[Number]:
    """Of the stages that a solution has, where at least so many have one and somebody waits."""
    within = [sheet.given(f"serving.{stage}.within") for stage in STAGES if getattr(sheet.solution, stage)]
    stated = [one for one in within if one is not None]
    if len(stated) < least or not answers_online(sheet.design):
        raise Absent
    return stated


def _several(sheet: Sheet) -> None:
    sources = len(sheet.solution.retrieve)
    if sources > 1:
        sheet.line("Q8", f"chance that one of {sources} sources is slow", 1 - number(0.99, "%") ** sources, "%")


TRAFFIC: tuple[Write, ...] = (
    row("Q3", "daily users", _daily),
    row("Q1", "average requests", _average, "/s"),
    row("Q2", "peak requests", lambda sheet: sheet.of("Q1") * (sheet.given(f"{SCALE}.peak") or 1), "/s"),
    *(row("Q4", f"cases a second in {stage}", partial(_scored, stage), "/s", stage) for stage in KEPT),
    # Little's law, at the latency that is promised
    row("Q5", "requests in flight at most", lambda sheet: sheet.of("Q2") * sheet.stated("requirements.limits.p99")),
    row("Q9", "bytes sent", lambda sheet: sheet.of("Q1") * entries(sheet) * sheet.default("entry_bytes"), "B/s"),
    row("Q9", "bytes sent in a month", lambda sheet: sheet.of("Q9") * MONTH, "B", "sent"),
)
LATENCY: tuple[Write, ...] = (
    each(row("Q7", "p99 of the stages together", lambda sheet: total(_deadlines(sheet)), "s"),  # a plan, not a bound
         row("Q7", "quantile that each stage must hold",  # by the union bound
             lambda sheet: 1 - number(0.01, "%") / len(_deadlines(sheet, 2)), "%", "quantile")),
    each(_several),
    row("Q10", "time for a candidate in rank, features included",
        lambda sheet: sheet.stated("serving.rank.within") / sheet.stated("serving.retrieve.keep"), "s",
        when=lambda sheet: any(one.rank for one in sheet.design.solutions.values())),
)
