"""What each solution takes: training, time and memory, servers and dollars: A7, F2 to F9, Q0, Q6, F0, $0 to $7."""

from __future__ import annotations

import sevenfold.design.vocabulary as vocabulary
from sevenfold.design.estimate import formulas
from sevenfold.design.estimate.number import Number, number, total
from sevenfold.design.estimate.parts import HELD, TOUCHED, WORK, distinct, label, of_part, table
from sevenfold.design.estimate.prices import Prices
from sevenfold.design.estimate.sheet import DAY, MONTH, SCALE, Absent, Sheet, Write, each, row
from sevenfold.design.estimate.traffic import into
from sevenfold.design.facts import answers_online, trained
from sevenfold.design.part import Part

SCORED = {"heuristic", "linear", "factors", "trees", "deep"}  # families with a time of their own
KINDS = {"object_gb": {"object", "lake", "warehouse", "column", "stream"}, "memory_gb": {"key_value", "memory"}}
KEPT = {"events": ("S1", "object"), "features": ("S3", "key_value"), "lists": ("S7", "key_value")}  # its line, its usual store


def devices(sheet: Sheet) -> str:
    """The default that counts what a solution is trained on."""
    deep = any(vocabulary.entry(kind, part.name).family in ("deep", "graph") for kind, part in trained(sheet.solution))
    return "gpus" if deep and sheet.default("gpus").value else "training_cores"


def _tables(sheet: Sheet) -> None:
    """A7: vectors of ids while they are trained, with the optimiser's two slots and the gradient."""
    for kind, part in distinct(sheet.design):
        if found := table(sheet, kind, part):
            name = label(sheet, part)
            sheet.line("A7", f"table of ids in training, {name}", found * 3, "B", f"table {name}")


def _hours(sheet: Sheet) -> Number:
    """The operations of its parts, one after the other, on cores or on accelerators."""
    works = [sheet.of(key) for kind, part in trained(sheet.solution) if (key := _work(sheet, kind, part))]
    if not works:
        raise Absent
    kind = "core" if (on := devices(sheet)) == "training_cores" else "gpu"
    machine = sheet.default(f"{kind}_speed"), sheet.default(f"{kind}_share"), sheet.default(on)
    return formulas.seconds(total(works), *machine) / number(3_600)


def _work(sheet: Sheet, kind: str, part: Part) -> str:
    """The line of the operations of a part, put down where it is new; nothing where it needs next to none."""
    if (found := of_part(WORK, kind, part)) is None:
        return ""
    if not sheet.has(key := f"work {label(sheet, part)}"):
        sheet.line(found[0], f"work of {label(sheet, part)}", found[1](sheet, part), "FLOP", key, shared=True)
    return key


def _while_trained(sheet: Sheet) -> Number:
    """The examples, and of every table of ids its weights, gradients and the optimiser's slots."""
    keys = [f"table {label(sheet, part)}" for _, part in trained(sheet.solution)]
    return total([sheet.of("S2"), *(sheet.of(key) for key in keys if sheet.has(key))])


TRAINING: tuple[Write, ...] = (
    _tables,
    each(row("F8", "hours of a training", _hours, "h")),
    each(row("F9", "memory of a training", _while_trained, "B", when=lambda sheet: sheet.has("F8"))),
)


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


SERVING: tuple[Write, ...] = (
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


def rent(replicas: Number, spare: Number, cores: Number, memory: Number, at: Prices) -> Number:
    """$2: dollars a month for servers of so many cores and bytes."""
    return (replicas + spare) * (cores * at.of("core_month") + memory * at.of("gb_month", "GB"))


def _trainings(sheet: Sheet) -> Number:
    """One training a month where no cadence is asked for."""
    on, cadence = devices(sheet), sheet.given("requirements.freshness.model")
    price = sheet.prices.core_hour if on == "training_cores" else sheet.prices.of("gpu_hour", "h")
    spent = sheet.of("F8") * sheet.default(on) * price
    return spent * (MONTH / cadence) if cadence else spent


def _storage(sheet: Sheet) -> Number:
    """Each thing at the price of the kind of store that holds it."""
    parts = []
    for what, (line, usual) in KEPT.items():
        if sheet.has(line):
            store = sheet.design.data.storage.get(what, usual)
            price = next((name for name, kinds in KINDS.items() if store in kinds), "ssd_gb")
            parts.append(sheet.of(line) * sheet.prices.of(price, "GB"))
    if not parts:
        raise Absent
    return total(parts)


def _sum(sheet: Sheet) -> Number:
    parts = ["$1", *(["$6"] if not answers_online(sheet.design) else []), "$4", "$5"]
    return total([sheet.of("$2"), *(sheet.of(id) for id in parts if sheet.has(id))])


MONEY: tuple[Write, ...] = (
    each(row("$1", "training", _trainings, "$/month")),
    each(row("$2", "serving", lambda sheet: rent(sheet.of("Q6"), sheet.default("spare"), sheet.default("concurrency"),
                                             sheet.of("F0"), sheet.prices), "$/month"),
         row("$3", "a thousand answers", lambda sheet: sheet.of("$2") / (sheet.of("Q1") * MONTH) * 1_000, "$")),
    row("$4", "storage", _storage, "$/month"),
    row("$5", "sending", lambda sheet: sheet.of("sent") * sheet.prices.of("egress_gb", "GB"), "$/month"),
    each(row("$0", "all together", _sum, "$/month")),
)
