"""An attempt at a design, graded step by step from what the checks find, and held field by field against a reference.

A step begins at A. An error costs two grades, a warning one, an info a quarter, and so does each key (at most four count)
that the reference answers and the attempt leaves missing. A step that is empty, or cannot be read at all, is an F.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any, get_origin

from sevenfold.design.checks.examples import DESIGNS
from sevenfold.design.checks.examples import cases as cases
from sevenfold.design.convert import join, without_none, written
from sevenfold.design.document import Unreadable, decode, parse
from sevenfold.design.facts import STEPS as STEPS
from sevenfold.design.findings import Finding
from sevenfold.design.mapping import flow, said
from sevenfold.design.read import content, examine, read
from sevenfold.design.sections import Design
from sevenfold.design.show import plain
from sevenfold.errors import DesignError, nearest

LETTERS = "ABCDEF"
COSTS = {"error": 2.0, "warning": 1.0, "info": 0.25}
MISSING, MOST = 0.25, 4
UNREAD = {"Z08", "Z09"}  # rules whose finding at a step itself says that nothing of it could be read


@dataclass(frozen=True)
class Grade:
    """What one step earned, and what it cost: a note where the step is an F whatever else it holds."""

    step: str
    letter: str
    findings: tuple[Finding, ...] = ()
    missing: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True)
class Difference:
    """A value that the attempt and the reference give differently; None where one gives none."""

    path: str
    mine: str | None
    reference: str | None


@dataclass(frozen=True)
class Grades:
    """The seven grades, and the differences from a reference, where there is one."""

    steps: tuple[Grade, ...]
    differences: tuple[Difference, ...] = ()


def reference(name: str) -> bytes:
    """The document that the name of a shipped design, or else a path, means; raises DesignError."""
    if name in cases():
        return (DESIGNS / f"{name}.yaml").read_bytes()
    if "." not in name and "/" not in name:
        raise DesignError("reference", f"no design is called '{name}'", nearest(name, cases()))
    return content(Path(name))


def grade(mine: bytes | str, reference: bytes | str | None = None) -> Grades:
    """Seven grades for an attempt; its whole judgement comes from the checks and from what the reference answers."""
    raw, other = _plain_values(mine), _plain_values(reference)
    findings = examine(mine)
    missing = list(_missing(Design, other, raw)) if raw else []
    steps = tuple(_step(step, raw, findings, missing) for step in STEPS)
    differ = _differences("", _filled(mine, raw), _filled(reference, other)) if raw and other else ()
    told = (Difference(path, _told(raw, path, one), _told(other, path, another)) for path, one, another in differ)
    return Grades(steps, tuple(sorted(told, key=lambda one: STEPS.index(_step_of(one.path)))))


def text(grades: Grades) -> str:
    """The seven grades with what cost them, then the differences by step."""
    parts = ["\n".join(line for one in grades.steps for line in _lines(one))]
    for step, found in groupby(grades.differences, lambda one: _step_of(one.path)):
        rows = [f"  {one.path}: {_side(one.mine)} | {_side(one.reference)}" for one in found]
        parts.append("\n".join([f"{step}: mine | the reference", *rows]))
    return "\n\n".join(parts)


def _step(step: str, raw: Mapping[str, Any], findings: list[Finding], missing: list[str]) -> Grade:
    own = tuple(one for one in findings if _step_of(one.where) == step)
    lacks = tuple(path for path in missing if _step_of(path) == step)
    unread = not raw or any(one.code in UNREAD and one.where == step for one in own)
    if unread or not raw.get(step):
        return Grade(step, LETTERS[-1], own, lacks, "cannot be read" if unread else "left empty")
    points = sum(COSTS[one.severity] for one in own) + MISSING * min(MOST, len(lacks))
    return Grade(step, LETTERS[min(len(LETTERS) - 1, int(points))], own, lacks)


def _step_of(path: str) -> str:
    """The step that a path belongs to; what heads the document belongs to the first."""
    return head if (head := path.partition(".")[0].partition("[")[0]) in STEPS else STEPS[0]


def _missing(record: type, reference: Mapping[str, Any], mine: Any, path: str = "") -> Iterator[str]:
    """Keys of the language that the reference answers and the attempt does not even set aside."""
    for key, (_, hint) in written(record).items():
        value, own = reference.get(key), mine.get(key) if isinstance(mine, Mapping) else None
        (kind, *_) = without_none(hint)
        if isinstance(value, Mapping) and isinstance(own, Mapping) and get_origin(kind) is None and "na" not in {**value, **own}:
            yield from _missing(kind, value, own, join(path, key))
        elif value not in (None, {}, []) and own in (None, {}, []):
            yield join(path, key)


def _plain_values(document: bytes | str | None) -> dict[str, Any]:
    """What a document writes; nothing where it cannot be parsed."""
    try:
        return parse(decode(document))[0] if document else {}
    except Unreadable:
        return {}


def _filled(document: bytes | str | None, raw: dict[str, Any]) -> dict[str, Any]:
    """The plain values with every default, or as they are written where the document does not read."""
    design, _ = read(document or "")
    return plain(design) if design else raw


def _differences(path: str, mine: Any, reference: Any) -> Iterator[tuple[str, Any, Any]]:
    """Path and both values wherever they differ; what only one of them holds is one difference, however large."""
    if isinstance(mine, Mapping) and isinstance(reference, Mapping):
        for key in {**reference, **mine}:
            yield from _differences(join(path, key), mine.get(key), reference.get(key))
    elif mine != reference:
        yield path, mine, reference


def _told(raw: Mapping[str, Any], path: str, filled: Any) -> str | None:
    """A value as the document writes it, or else its default."""
    return None if filled is None else said(raw, path) or flow(filled)


def _lines(one: Grade) -> Iterator[str]:
    yield f"{one.letter}  {one.step}{f': {one.note}' if one.note else ''}"
    for found in one.findings:
        place = found.where or f"line {found.line}"
        yield f"     {found.severity} {found.code}  {place}: {found.problem}"
    if one.missing:
        yield f"     the reference also answers {', '.join(one.missing)}"


def _side(value: str | None) -> str:
    return "–" if not value else value if len(value) <= 60 else f"{value[:57]}..."
