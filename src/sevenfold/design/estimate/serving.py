"""Time and memory of one request, and how many servers that makes: Q0, Q6, F0, $6, $7."""

from __future__ import annotations

import sevenfold.design.vocabulary as vocabulary
from sevenfold.design.estimate import formulas
from sevenfold.design.estimate.number import Number, total
from sevenfold.design.estimate.parts import HELD, TOUCHED, need, trained
from sevenfold.design.estimate.sheet import DAY, MONTH, SCALE, Sheet, each, everything_ahead
from sevenfold.design.estimate.traffic import into
from sevenfold.design.part import Part
from sevenfold.design.sections import Solution

SCORED = {"heuristic", "linear", "factors", "trees", "deep"}  # families with a time of their own


@each
def time(sheet: Sheet, name: str, solution: Solution) -> None:
    """Q0: of a processor, for an answer made when it is asked for."""
    work = total([sheet.default("request_time"), *_retrieved(sheet, solution), *_scored(sheet, solution)])
    made = sheet.line("Q0", "time for an answer", work, "s", name)
    sheet.line("Q0", "p99 to expect", made * sheet.default("tail"), "s", name, "p99")


@each
def memory(sheet: Sheet, name: str, solution: Solution) -> None:
    """F0: what one replica holds."""
    held = [found for kind, part in trained(solution) if (found := need(HELD, sheet, kind, part)) is not None]
    held += [sheet.of("items")] if sheet.has("items") else []
    sheet.line("F0", "memory of a replica", total([sheet.default("process_bytes"), *held]), "B", name)


@each
def replicas(sheet: Sheet, name: str, solution: Solution) -> None:
    """Q6 at the peak, and on average; where lists are ready, a request only fetches one."""
    took = sheet.default("request_time") if everything_ahead(sheet.design) else sheet.of("Q0", name)
    room = sheet.default("concurrency"), sheet.default("utilisation")
    sheet.line("Q6", "replicas on average", formulas.replicas(sheet.of("Q1"), took, *room), "", name, "average replicas")
    sheet.line("Q6", "replicas at the peak", formulas.replicas(sheet.of("Q2"), took, *room), "", name)


@each
def ahead(sheet: Sheet, name: str, solution: Solution) -> None:
    """$6, $7: lists for everybody against answers for those who come; only where an answer needs no query."""
    everybody = sheet.given(f"{SCALE}.users")
    if solution.retrieve and sheet.design.data.queries is None and everybody:
        took, price = sheet.of("Q0", name), sheet.prices.core_hour / 3_600
        sheet.line("$6", "lists for everybody", everybody * (MONTH / _cadence(sheet)) * took * price, "$/month", name)
        sheet.line("$7", "answers when asked", sheet.of("Q1") * MONTH * took * price, "$/month", name)


def crossover(sheet: Sheet) -> None:
    """$6 = $7: what an answer costs cancels."""
    if any(sheet.has("$6", name) for name in sheet.design.solutions):
        often = sheet.stated(f"{SCALE}.users", "lists for everybody ($6)") * (DAY / _cadence(sheet)) / sheet.of("Q3")
        sheet.line("$6", "requests a day and daily user from which lists cost less", often, key="crossover")


def _cadence(sheet: Sheet) -> Number:
    return sheet.given("serving.batch.every") or DAY


def _retrieved(sheet: Sheet, solution: Solution) -> list[Number]:
    found = []
    for part in solution.retrieve:
        look = need(TOUCHED, sheet, "retriever", part)
        found.append(sheet.default("retrieve_time") + look if look else sheet.default("retrieve_time"))
    return found


def _scored(sheet: Sheet, solution: Solution) -> list[Number]:
    stages = {"rank": solution.rank, "predict": solution.predict}
    found = [into(sheet, stage, solution) * _score(sheet, part) for stage, part in stages.items() if part is not None]
    rerank = [into(sheet, "rerank", solution) * sheet.default("rerank_time") for _ in solution.rerank]
    return [*found, *rerank]


def _score(sheet: Sheet, part: Part) -> Number:
    family = vocabulary.entry("learner", part.name).family
    return sheet.default(f"score_{family if family in SCORED else 'other'}")


LINES = (time, memory, replicas, ahead, crossover)
