"""What a changed line did: two runs side by side, from their records and their documents with every default."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sevenfold.evaluation import decision, figures
from sevenfold.record import Estimate, Record, Solution


@dataclass(frozen=True, kw_only=True)
class Line:
    """A line of the document that differs; None where one of the documents does not have it."""

    where: str
    before: str | None
    after: str | None


@dataclass(frozen=True, kw_only=True)
class Measure:
    """One measure of one solution in both runs; `apart`: the intervals do not overlap."""

    solution: str
    measure: str  # the primary metric, p99, cost or memory
    before: Estimate | None
    after: Estimate | None
    change: float | None = None
    apart: bool | None = None


@dataclass(frozen=True, kw_only=True)
class Changes:
    """Everything that differs between two runs."""

    same_data: bool
    lines: tuple[Line, ...]
    measures: tuple[Measure, ...]
    winner_before: str | None
    winner_after: str | None
    decision_before: str = ""
    decision_after: str = ""


def changes(before: Record, after: Record, document_before: Mapping[str, Any],
            document_after: Mapping[str, Any]) -> Changes:
    """The differing lines of the documents, the measures of every solution of either run, and both decisions."""
    old, new = dict(_flat(document_before, "")), dict(_flat(document_after, ""))
    lines = tuple(Line(where=where, before=old.get(where), after=new.get(where))
                  for where in dict.fromkeys([*old, *new]) if old.get(where) != new.get(where))
    names = dict.fromkeys([*decision.ordered(before), *decision.ordered(after)])
    measures = tuple(one for name in names for one in _measures(name, before, after))
    return Changes(same_data=before.data_fingerprint == after.data_fingerprint, lines=lines, measures=measures,
                   winner_before=before.winner, winner_after=after.winner,
                   decision_before=before.decision.sentence if before.decision else "",
                   decision_after=after.decision.sentence if after.decision else "")


def _flat(value: Any, where: str) -> Iterator[tuple[str, str]]:
    """Every leaf of a document with its path."""
    pairs = value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list) else ()
    for key, part in pairs:
        yield from _flat(part, f"{where}[{key}]" if isinstance(value, list) else f"{where}.{key}".lstrip("."))
    if not pairs:
        yield where, "" if value is None else str(value)


def _measures(name: str, before: Record, after: Record) -> Iterator[Measure]:
    for measure in dict.fromkeys((before.metric, after.metric, "p99", "cost", "memory")):
        old, new = (_measured(measure, one.solutions.get(name)) for one in (before, after))
        yield Measure(solution=name, measure=measure, before=old, after=new,
                      change=new.value - old.value if old and new else None,
                      apart=figures.apart(old, new) or figures.apart(new, old) if old and new else None)


def _measured(measure: str, solution: Solution | None) -> Estimate | None:
    if solution is None or measure not in decision.LIMITS:
        return solution.metrics.get(measure) if solution else None
    return decision.LIMITS[measure].measured(solution)[0]


def text(found: Changes) -> str:
    """The changes for a terminal."""
    before, after = (winner or "none" for winner in (found.winner_before, found.winner_after))
    lines = [f"  {line.where}: {_words(line.before)} → {_words(line.after)}" for line in found.lines]
    parts = ["" if found.same_data else "The data differ: measures do not compare line by line.",
             "\n".join(["Changed lines", *lines]) if lines else "The documents say the same.",
             "\n".join(["Measured", *_table(found.measures)]),
             f"Decision: {before} → {after}" if before != after else f"Decision: {after}, as before",
             f"  before: {found.decision_before}\n  after:  {found.decision_after}"]
    return "\n\n".join(part for part in parts if part)


def _words(said: str | None) -> str:
    return "(not there)" if said is None else said or "(empty)"


def _table(measures: tuple[Measure, ...]) -> list[str]:
    rows = [(one.solution, one.measure, _value(one.measure, one.before), _value(one.measure, one.after), _change(one))
            for one in measures if one.before or one.after]
    widths = [max((len(row[n]) for row in rows), default=0) for n in range(5)]
    return ["  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
            for row in rows]


def _value(measure: str, found: Estimate | None) -> str:
    return "–" if found is None else figures.SETTINGS.get(measure, figures.quality)(found.value)


def _change(one: Measure) -> str:
    if one.change is None:
        return "only before" if one.after is None else "only after"
    form = figures.SETTINGS.get(one.measure)
    sign = "−" if one.change < 0 else "+"
    words = figures.gain(one.change) if form is None else f"{sign}{form(abs(one.change))}"
    return f"{words}, intervals apart" if one.apart else words
