"""Time and memory of one request, and how many servers that makes: Q0, Q6, F0, $6, $7."""

from __future__ import annotations

import sevenfold.design.vocabulary as vocabulary
from sevenfold.design.estimate import formulas
from sevenfold.design.estimate.number import Number, total
from sevenfold.design.estimate.parts import HELD, TOUCHED, of_part
from sevenfold.design.estimate.sheet import DAY, MONTH, SCALE, Sheet, Write, each, row
from sevenfold.design.estimate.traffic import into
from sevenfold.design.facts import answers_online, trained

SCORED = {"heuristic", "linear", "factors", "trees", "deep"}  # families with a time of their own


def _time(sheet: Sheet) -> Number:
    """Of a processor, for an answer made when it is asked for."""
    solution, spent = sheet.solution, [sheet.default("request_time")]
    for part in solution.retrieve:
        look = of_part(TOUCHED, "retriever", part)
        spent.append(sheet.default("retrieve_time") + look(sheet, part) if look else sheet.default("retrieve_time"))
    for stage, learner in (("rank", solution.rank), ("predict", solution.predict)):
        if learner is not None:
            family = vocabulary.entry("learner", learner.name).family
            each = sheet.default(f"score_{family if family in SCORED else 'other'}")
            spent.append(into(sheet, stage, solution) * each)
    return total([*spent, *(into(sheet, "rerank", solution) * sheet.default("rerank_time") for _ in solution.rerank)])


def _memory(sheet: Sheet) -> Number:
    held = [hold(sheet, part) for kind, part in trained(sheet.solution) if (hold := of_part(HELD, kind, part))]
    return total([sheet.default("process_bytes"), *held, *([sheet.of("items")] if sheet.has("items") else [])])


def _replicas(sheet: Sheet, requests: str) -> Number:
    """Where lists are ready, a request only fetches one."""
    took = sheet.of("Q0") if answers_online(sheet.design) else sheet.default("request_time")
    return formulas.replicas(sheet.of(requests), took, sheet.default("concurrency"), sheet.default("utilisation"))


def _answers(sheet: Sheet, often: Number) -> Number:
    return often * sheet.of("Q0") * (sheet.prices.core_hour / 3_600)


def _cadence(sheet: Sheet) -> Number:
    return sheet.given("serving.batch.every") or DAY


LINES: tuple[Write, ...] = (
    each(row("Q0", "time for an answer", _time, "s"),
         row("Q0", "p99 to expect", lambda sheet: sheet.of("Q0") * sheet.default("tail"), "s", "p99")),
    each(row("F0", "memory of a replica", _memory, "B")),
    each(row("Q6", "replicas on average", lambda sheet: _replicas(sheet, "Q1"), key="average replicas"),
         row("Q6", "replicas at the peak", lambda sheet: _replicas(sheet, "Q2"))),
    # lists for everybody against answers for those who come; only where an answer needs no query
    each(row("$6", "lists for everybody",
             lambda sheet: _answers(sheet, sheet.stated(f"{SCALE}.users") * (MONTH / _cadence(sheet))), "$/month",
             when=lambda sheet: sheet.solution.retrieve and sheet.design.data.queries is None),
         row("$7", "answers when asked", lambda sheet: _answers(sheet, sheet.of("Q1") * MONTH), "$/month",
             when=lambda sheet: sheet.has("$6"))),
    row("$6", "requests a day and daily user from which lists cost less",  # what an answer costs cancels
        lambda sheet: sheet.stated(f"{SCALE}.users") * (DAY / _cadence(sheet)) / sheet.of("Q3"), key="crossover",
        when=lambda sheet: any(sheet.has("$6", name) for name in sheet.design.solutions)),
)
