"""The tables of a report as plain words: one source for the page, the Markdown file and the terminal."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sevenfold.design.part import unit_of
from sevenfold.evaluation import decision, figures
from sevenfold.record import Estimate, Record, Solution, Verdict
from sevenfold.registry import LEARNERS, RETRIEVERS
from sevenfold.units import DURATIONS

NONE = "–"
SIGNS = {True: "✓", False: "✗", None: "?"}


@dataclass(frozen=True, kw_only=True)
class Table:
    """Headings and rows of words; the columns from `numbers` on hold numbers."""

    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numbers: int = 99


def comparison(record: Record) -> Table:
    """A row per solution, the simplest first: quality, time, memory, money, limits."""
    limits = ("limits",) if record.limits else ()
    rows = tuple((name, *_measured(record, solution), *((verdicts(solution),) if limits else ()))
                 for name, solution in decision.ordered(record).items())
    headings = ("solution", record.metric, f"{100 * record.level:.0f} % interval", "p99", "memory", "fit", "cost", *limits)
    return Table(headings=headings, rows=rows, numbers=1)


def _measured(record: Record, solution: Solution) -> tuple[str, ...]:
    found = solution.metrics.get(record.metric)
    latency = solution.latency_ms.p99 if solution.latency_ms else None
    return (_or_none(found.value if found else None, figures.quality), figures.span(found) if found else NONE,
            _or_none(latency, figures.ms), _or_none(solution.memory_mb, figures.megabytes),
            _or_none(solution.fit_seconds, lambda value: f"{figures.three(value)} s"),
            _or_none(solution.cost_per_month, figures.dollars))


def verdicts(solution: Solution) -> str:
    """Each limit with its sign: `✓ p99  ? cost`."""
    return "  ".join(f"{SIGNS[held.holds]} {figures.LIMITS[limit]}" for limit, held in solution.limits.items()) or NONE


def limits(record: Record) -> Table:
    """Each limit against each solution."""
    rows = [(figures.LIMITS[limit], name, figures.SETTINGS[limit](held.limit), _or_none(held.value, form),
             figures.span(Estimate(value=held.value, low=held.low, high=held.high), form) if held.value is not None
             else "", held.basis, word(held))
            for limit, form in figures.SETTINGS.items()
            for name, solution in decision.ordered(record).items() if (held := solution.limits.get(limit))]
    return Table(headings=("limit", "solution", "asked", "found", "interval", "how", "verdict"), rows=tuple(rows))


def word(held: Verdict) -> str:
    """A verdict in a word."""
    return {True: "✓ holds", False: "✗ broken", None: "? unproved"}[held.holds]


def quality(record: Record) -> Table:
    """Every metric of every solution."""
    solutions = decision.ordered(record)
    names = dict.fromkeys(name for solution in solutions.values() for name in solution.metrics)
    rows = tuple((name, *(_estimate(solution.metrics.get(name)) for solution in solutions.values())) for name in names)
    return Table(headings=("metric", *solutions), rows=rows, numbers=1)


def slices(record: Record) -> Table:
    """The primary metric on every slice, with the number of requests in it."""
    solutions = decision.ordered(record)
    rows = []
    for part in dict.fromkeys(part for solution in solutions.values() for part in solution.slices):
        found = [solution.slices.get(part, {}).get(record.metric) for solution in solutions.values()]
        sizes = [one.requests for one in found if one and one.requests is not None]
        rows.append((part, f"{sizes[0]:,}" if sizes else NONE, *map(_estimate, found)))
    return Table(headings=("slice", "requests", *solutions), rows=tuple(rows), numbers=1)


def stages(record: Record) -> Table:
    """What each stage of each funnel keeps, and how long it takes."""
    rows = [(name, stage.stage, _or_none(stage.kept, lambda kept: f"{kept:,}"),
             _or_none(stage.recall, figures.quality), _or_none(stage.p50, figures.ms), _or_none(stage.p99, figures.ms))
            for name, solution in decision.ordered(record).items() for stage in solution.stages]
    return Table(headings=("solution", "stage", "keeps", "recall after it", "p50", "p99"), rows=tuple(rows), numbers=2)


def prices(record: Record) -> Table:
    """What each re-ranker takes of the primary metric and gives for it."""
    rows = [(name, one.reranker, figures.told(one.lost, figures.gain) if one.lost else "",
             f"{figures.told(one.gained, figures.gain)} {one.unit}" if one.gained and one.unit else "nothing that is counted")
            for name, solution in decision.ordered(record).items() for one in solution.prices]
    return Table(headings=("solution", "re-ranker", f"{record.metric} lost", "gained"), rows=tuple(rows))


def stale(record: Record) -> Table:
    """What lists lose of the primary metric with their age."""
    rows = [(f"{one.age / 3600:g} h", figures.told(one.quality), figures.told(one.lost, figures.gain)) for one in record.stale]
    return Table(headings=("lists made before", record.metric, "online answers gain"), rows=tuple(rows))


def tuning(record: Record) -> Table:
    """What trials on validation changed of each solution's parts."""
    rows = [(name, part, one.metric, str(one.trials), _or_none(one.default, figures.quality), _or_none(one.best, figures.quality),
             ", ".join(f"{key} {_setting(part, key, value)}" for key, value in one.params.items()) or "as they come")
            for name, solution in decision.ordered(record).items() for part, one in solution.tuning.items()]
    return Table(headings=("solution", "part", "metric", "trials", "as it comes", "best", "its parameters"), rows=tuple(rows))


def _setting(part: str, name: str, value: float) -> str:
    """A parameter that trials found; a duration in the largest unit that it holds."""
    unit = next((unit_of(one.schema(part)[name][0]) for one in (RETRIEVERS, LEARNERS) if part in one), None)
    if unit is None or unit.scales is not DURATIONS:
        return figures.three(value)
    suffix = max((one for one in ("s", "min", "h", "d") if DURATIONS[one] <= value), key=DURATIONS.__getitem__, default="s")
    return f"{figures.three(value / DURATIONS[suffix])} {suffix}"


def findings(record: Record) -> Table:
    """What the checks found."""
    rows = [(one.code, one.severity, one.where, one.problem, one.waived or one.hint) for one in record.findings]
    return Table(headings=("code", "severity", "where", "what", "mend, or why it was waived"), rows=tuple(rows))


def leaks(record: Record) -> Table:
    """What the leak probes saw."""
    rows = [(one.name, "✓ passed" if one.passed else "waived" if one.waived else "✗ failed",
             " ".join(part for part in (one.detail, one.waived) if part)) for one in record.leaks]
    return Table(headings=("probe", "result", "what it looked at"), rows=tuple(rows))


def provenance(record: Record) -> Table:
    """Where every number comes from."""
    data = record.data
    rows = [("design", record.design_hash), ("data", record.data_fingerprint),
            ("seeds", ", ".join(map(str, record.seeds))),
            ("events", f"{data.events:,}, {data.first} to {data.last}; {data.users:,} users, {data.items:,} items"),
            ("requests", ", ".join(f"{name} {count:,}" for name, count in data.requests.items())),
            *((name, ", ".join(f"{key} {value}" for key, value in values.items())) for name, values in
              (("split", record.split), ("machine", record.machine), ("versions", record.versions))),
            ("seconds", ", ".join(f"{step} {figures.three(spent)}" for step, spent in record.timings.items()))]
    return Table(headings=("what", "which"), rows=tuple((what, which) for what, which in rows if which))


def _estimate(found: Estimate | None) -> str:
    return figures.told(found) if found else NONE


def _or_none(value: float | None, form: Callable[[float], str]) -> str:
    return NONE if value is None else form(value)
