"""Follow-up questions: one requirement changes, and what newly breaks or moves is computed, not asserted.

followups.yaml holds the questions and their changes; the checks and the estimate answer.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from sevenfold import units
from sevenfold.design.checks import check
from sevenfold.design.convert import field_at
from sevenfold.design.document import parse
from sevenfold.design.estimate import Estimate, Line, estimate
from sevenfold.design.estimate.number import shown
from sevenfold.design.findings import SEVERITIES, Finding
from sevenfold.design.mapping import at, said
from sevenfold.design.part import unit_of
from sevenfold.design.read import varied
from sevenfold.design.sections import Design
from sevenfold.design.show import plain

MOVES = 4  # lines of the estimate told for each question
LEAST = 1.1  # the ratio below which a line has not moved
TELLING = ("$0", "Q6 replicas at the peak", "F0", "T2", "F8", "A0", "Q0 p99", "S9", "S1 log", "S3", "$4", "$1", "Q5", "T3", "S7",
           "Q2")  # the lines that tell most, in their order


@dataclass(frozen=True)
class Change:
    """One value before and after, as a document writes it; None where there is none."""

    path: str
    before: str | None
    after: str | None

    @property
    def text(self) -> str:
        """`requirements.limits.p99: 120ms → 30ms`."""
        return f"{self.path}: {self.before or 'not given'} → {self.after or 'not given'}"


@dataclass(frozen=True)
class Move:
    """A line of the estimate before and after."""

    name: str
    before: str
    after: str


@dataclass(frozen=True)
class FollowUp:
    """A question, what changes in the document, and what follows from it."""

    asks: str
    think: str
    changes: tuple[Change, ...]
    appears: tuple[Finding, ...]
    goes: tuple[Finding, ...]
    moves: tuple[Move, ...]
    values: Mapping[str, Any]  # path → the new value

    @property
    def weight(self) -> tuple[int, ...]:
        """How much it breaks: errors first, then warnings, then infos."""
        return tuple(sum(one.severity == severity for one in self.appears) for severity in SEVERITIES)


def followups(design: Design) -> tuple[FollowUp, ...]:
    """Every question that changes something in this design, the one that breaks most first."""
    found, told, given = check(design), estimate(design), plain(design)
    asked = (_followup(design, found, told, entry) for entry in _entries()
             if design.framing.task in entry.get("tasks", [design.framing.task])
             and all(at(given, path) is not None for path in entry.get("needs", ())))
    return tuple(sorted((one for one in asked if one), key=lambda one: one.weight, reverse=True))


@cache
def _entries() -> tuple[Mapping[str, Any], ...]:
    document = Path(__file__).with_suffix(".yaml").read_text(encoding="utf-8")
    return tuple(parse(f"all:\n{document}")[0]["all"])


def _followup(design: Design, found: list[Finding], was: Estimate, entry: Mapping[str, Any]) -> FollowUp | None:
    before = plain(design)
    values = {path: value for path, how in entry["change"].items() for value in _values(before, path, how)}
    varying = varied(design, values)
    after = plain(varying)
    told = (Change(path, said(before, path), said(after, path)) for path in values)
    changes = tuple(one for one in told if one.before != one.after)
    if not changes:
        return None
    now = check(varying)
    return FollowUp(entry["asks"], entry["think"], changes, new(now, found), new(found, now), moves(was, estimate(varying)),
                    {one.path: values[one.path] for one in changes})


def new(after: list[Finding], before: list[Finding]) -> tuple[Finding, ...]:
    """Findings whose code and place were not there before."""
    known = {(one.code, one.where) for one in before}
    return tuple(one for one in after if (one.code, one.where) not in known)


def moves(before: Estimate, after: Estimate) -> tuple[Move, ...]:
    """The lines of an estimate that tell most of what moved; of lines that begin alike the one that moved most."""
    old = {(line.id, line.name): line for line in before.lines}
    pairs = [(was, line) for line in after.lines if (was := old.get((line.id, line.name)))]
    moved = [pair for pair in pairs if _ratio(*pair) > math.log(LEAST)]
    told: dict[str, Move] = {}
    for start in TELLING:
        alike = [pair for pair in moved if begins(pair[1], start) and pair[1].name not in told]
        if alike:
            was, line = max(alike, key=lambda pair: _ratio(*pair))
            told[line.name] = Move(line.name, shown(was.value, was.unit, 2), shown(line.value, line.unit, 2))
    return tuple(told.values())[:MOVES]


def begins(line: Line, start: str) -> bool:
    """Whether a line has this id, and a name that begins with these words, where there are any."""
    id, _, words = start.partition(" ")
    return line.id == id and line.name.startswith(words)


def _ratio(before: Line, after: Line) -> float:
    return abs(math.log(after.value / before.value)) if before.value > 0 and after.value > 0 else 0.0


def _values(mapping: Mapping[str, Any], path: str, how: Mapping[str, Any]) -> Iterator[Any]:
    """The new value of a path, as a document writes it; none where there is nothing to multiply or to add to."""
    ((verb, by),) = how.items()
    old, unit = at(mapping, path), unit_of(field_at(Design, path)[1])
    if verb == "to" or (verb == "unless" and old is None):
        yield by
    elif verb in ("times", "plus") and old is not None:
        number = units.parse(old, unit) if unit else float(old)
        changed = number * by if verb == "times" else number + (units.parse(by, unit) if unit else by)
        rounded = float(f"{changed:.12g}")  # so that a product is written as a person would
        yield units.write(rounded, unit) if unit else rounded
