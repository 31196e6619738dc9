"""The sheet on which an estimate is written: inputs are looked up on it, lines are put down on it.

Sheet      what the document states, what is assumed instead of a default, the lines so far, what is missing
Line       one formula with its result        Missing    a value that a line needs and nobody gave
Absent     raised where a line cannot be written; whoever writes the next one goes on
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import sevenfold.design.vocabulary as vocabulary
from sevenfold import units
from sevenfold.design.convert import UNREAD, Unread, without_none, written
from sevenfold.design.estimate.defaults import default, defaults
from sevenfold.design.estimate.number import Input, Number, Source, given, number, shown
from sevenfold.design.estimate.prices import Prices
from sevenfold.design.findings import line_of
from sevenfold.design.part import Part
from sevenfold.design.sections import Design, Solution

DAY, MONTH = number(86_400.0, "s"), number(730 * 3_600.0, text="730 h")
SCALE = "requirements.scale"
CHANGE = re.compile(r"[+-](\d+(?:\.\d+)?)%")
ASKS = {
    f"{SCALE}.daily_users": "how many users come a day?",
    f"{SCALE}.requests_per_user": "how often does a user ask?",
    f"{SCALE}.users": "how many users are there in all?",
    f"{SCALE}.items": "how many items are there to choose from?",
}


class Absent(Exception):
    """A line cannot be written: a value that it needs is missing."""


@dataclass(frozen=True)
class Missing:
    """A value that nobody gave: its path, the question that it answers, and the first line that needs it."""

    path: str
    asks: str
    for_: str


@dataclass(frozen=True, kw_only=True)
class Line:
    """One formula with its numbers put in; values in internal units (seconds, bytes, shares), hours where `unit` is h."""

    id: str
    key: str  # its id, or a word of its own where one formula has several lines
    name: str
    section: str
    solution: str = ""
    value: float
    low: float
    high: float
    unit: str = ""
    formula: str
    inputs: tuple[Input, ...] = ()

    @property
    def text(self) -> str:
        """`Q1  average requests = 8M × 12/d = 1,111/s`."""
        result = shown(self.value, self.unit)
        return f"{self.id}  {self.name} = {'' if self.formula == result else f'{self.formula} = '}{result}"

    @property
    def range(self) -> str:
        """`550–2,200/s`, or nothing where the value is exact."""
        low, high = (shown(end, self.unit, 2) for end in (self.low, self.high))
        return "" if low == high else f"{low}–{high}"


class Sheet:
    """An estimate while it is written."""

    def __init__(self, design: Design, assume: Mapping[str, str], prices: Prices) -> None:
        self.design = design
        self.prices = prices
        self.section = ""
        self.lines: list[Line] = []
        self.missing: dict[str, Missing] = {}
        self._asked = assume
        self._given: dict[str, Number | None] = {}
        self._numbers: dict[tuple[str, str], Number] = {}

    def given(self, path: str) -> Number | None:
        """What the document gives at a path (its section's default counts), or None where that is nothing above zero."""
        if path not in self._given:
            self._given[path] = self._read(path)
        return self._given[path]

    def relative(self, path: str) -> Number | None:
        """The relative change that a text such as `+3%` asks for, or None where it says something else."""
        text, _, _ = _found(self.design, path)
        match = CHANGE.fullmatch(text or "")
        value = float(match[1]) / 100 if match else 0.0
        return given(value, value, value, Input(path, text.lstrip("+-"), self._source(path))) if value else None

    def stated(self, path: str, for_: str) -> Number:
        """What the document gives at a path; asked for by name where that is nothing."""
        found = self.given(path)
        if found is None:
            self.missing.setdefault(path, Missing(path, ASKS[path], for_))
            raise Absent
        return found

    def default(self, name: str) -> Number:
        """A default, or what is assumed instead: at the command, else in the document."""
        path = f"requirements.assume.{name}"
        text = self._asked.get(name)
        source: Source = "stated" if text else self._source(path)
        text = text or self.design.requirements.assume.get(name)
        if text is None:
            return default(name)
        value = defaults()[name].read(text)
        return given(value, value, value, Input(name, text, source, "instead of the default"))

    def parameter(self, part: Part, key: str, otherwise: str = "") -> Number:
        """A parameter of a part: as given, else its maker's default, else a default of the estimate."""
        name = f"{part.name}.{key}"
        usual = vocabulary.defaults(_kind(part), part.name).get(key)
        value = part.params.get(key, usual)
        if not isinstance(value, int | float) or value <= 0:
            if not otherwise:
                raise Absent
            return self.default(otherwise)
        source: Source = "default" if value == usual else "stated"
        told = Input(name, shown(value), source, "of the part" if source == "default" else "")
        return given(float(value), float(value), float(value), told)

    def line(self, id: str, name: str, found: Number, unit: str = "", solution: str = "", key: str = "") -> Number:
        """Put a line down; its result goes into further formulas, under its id or a key of its own."""
        text, key = shown(found.value, unit), key or id
        name = f"{name}, {solution}" if solution else name
        formula = text if any(one.value == found.text for one in found.inputs) else found.text
        ends = {"value": found.value, "low": found.low, "high": found.high}
        self.lines.append(Line(id=id, key=key, name=name, section=self.section, solution=solution, **ends, unit=unit,
                               formula=formula, inputs=found.inputs))
        self._numbers[key, solution] = found.called(text)
        return self._numbers[key, solution]

    def of(self, key: str, solution: str = "") -> Number:
        """The result of a line that was put down."""
        try:
            return self._numbers[key, solution]
        except KeyError:
            raise Absent from None

    def has(self, key: str, solution: str = "") -> bool:
        """The line was put down."""
        return (key, solution) in self._numbers

    def _read(self, path: str) -> Number | None:
        value, hint, usual = _found(self.design, path)
        if value is None or not value > 0:
            return None
        unit = next((one for option in without_none(hint) for one in getattr(option, "__metadata__", ())), None)
        text = units.write(value, unit) if isinstance(unit, units.Unit) else shown(value)
        source: Source = "default" if value == usual and path not in self.design.lines else self._source(path)
        told = Input(path, text, source, "of the language" if source == "default" else "")
        return given(float(value), float(value), float(value), told)

    def _source(self, path: str) -> Source:
        line = line_of(path, self.design.lines)
        return "assumed" if line is not None and "# ?" in self._text.get(line, "") else "stated"

    @cached_property
    def _text(self) -> dict[int, str]:
        """Line → text of the design's file, where there is one."""
        try:
            lines = Path(self.design.source).read_text(encoding="utf-8").splitlines() if self.design.source else []
        except (OSError, UnicodeDecodeError):
            lines = []
        return dict(enumerate(lines, start=1))


def each(write: Callable[[Sheet, str, Solution], None]) -> Callable[[Sheet], None]:
    """The same for every solution; one that lacks a value does not stop the others."""

    def written(sheet: Sheet) -> None:
        for name, solution in sheet.design.solutions.items():
            with suppress(Absent):
                write(sheet, name, solution)

    return written


def everything_ahead(design: Design) -> bool:
    """All answers are computed ahead."""
    return design.serving.batch is not None and design.serving.batch.for_ == "everything"


def size(design: Design) -> int:
    """Entries of one answer."""
    return design.framing.answer.items or design.framing.answer.users or 1


def _kind(part: Part) -> str:
    return next((kind for kind in ("retriever", "learner", "feature") if part.name in vocabulary.names(kind)), "retriever")


def _found(design: Design, path: str) -> tuple[Any, Any, Any]:
    """(value, type, default) of the field that a path names."""
    record: Any = design
    field, hint = None, None
    for key in path.split("."):
        if record is None:
            return None, None, None
        if record is UNREAD:
            raise Unread
        kind: Any = type(record)
        field, hint = written(kind)[key]
        record = getattr(record, field.name)
    return record, hint, field.default if field else None
