"""The sheet on which an estimate is written: inputs are looked up on it, lines are put down on it.

Sheet      what the document states, what is assumed instead of a default, the lines so far, what is missing
row, each  ways to write lines: one by its formula, or several for every solution
Line       one formula with its result        Missing    a value that a line needs and nobody gave
Absent     raised where a line cannot be written; whoever writes the next one goes on
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import sevenfold.design.vocabulary as vocabulary
from sevenfold import units
from sevenfold.design.convert import field_at
from sevenfold.design.estimate.defaults import taken
from sevenfold.design.estimate.number import Input, Number, Source, given, number, shown
from sevenfold.design.estimate.prices import Prices
from sevenfold.design.facts import value_at
from sevenfold.design.findings import line_of
from sevenfold.design.part import Part, unit_of
from sevenfold.design.sections import Design, Solution

DAY, MONTH = number(86_400.0, "s"), number(730 * 3_600.0, text="730 h")
SCALE = "requirements.scale"
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
    """An estimate while it is written; `name` is that of the solution whose lines are being written."""

    def __init__(self, design: Design, assume: Mapping[str, str], prices: Prices) -> None:
        self.design = design
        self.prices = prices
        self.section = self.name = ""
        self.lines: list[Line] = []
        self.missing: dict[str, Missing] = {}
        self._asked = assume
        self._numbers: dict[tuple[str, str], Number] = {}

    @property
    def solution(self) -> Solution:
        """The solution whose lines are being written."""
        return self.design.solutions[self.name]

    def given(self, path: str) -> Number | None:
        """What the document gives at a path (its section's default counts), or None where that is nothing above zero."""
        value, (field, hint) = value_at(self.design, path), field_at(Design, path)
        if value is None or not value > 0:
            return None
        unit = unit_of(hint)
        source: Source = "default" if value == field.default and path not in self.design.lines else self.source(path)
        why = "of the language" if source == "default" else ""
        return given(value, Input(path, units.write(value, unit) if unit else shown(value), source, why))

    def stated(self, path: str, for_: str = "") -> Number:
        """What the document gives at a path; where that is nothing, asked for by name if `for_` says for what."""
        if found := self.given(path):
            return found
        if for_:
            self.missing.setdefault(path, Missing(path, ASKS[path], for_))
        raise Absent

    def either(self, path: str, name: str) -> Number:
        """What the document gives at a path, else a default."""
        return self.given(path) or self.default(name)

    def default(self, name: str) -> Number:
        """A default, or what is assumed instead: at the command, else in the document."""
        text = self._asked.get(name)
        source: Source = "stated" if text else self.source(f"requirements.assume.{name}")
        return taken(name, text or self.design.requirements.assume.get(name), source)

    def parameter(self, part: Part, key: str, otherwise: str = "") -> Number:
        """A parameter of a part: as given, else its maker's default, else a default of the estimate."""
        kind = next((one for one in ("retriever", "learner", "feature") if part.name in vocabulary.names(one)), "retriever")
        usual = vocabulary.defaults(kind, part.name).get(key)
        value = part.params.get(key, usual)
        if isinstance(value, int | float) and value > 0:
            source: tuple[Source, str] = ("default", "of the part") if value == usual else ("stated", "")
            return given(value, Input(f"{part.name}.{key}", shown(value), *source))
        if otherwise:
            return self.default(otherwise)
        raise Absent

    def line(self, id: str, name: str, found: Number, unit: str = "", key: str = "", *, shared: bool = False) -> Number:
        """Put a line down; its result goes into further formulas, under its id or a key of its own.

        It belongs to the solution at hand, unless all that name its part share it.
        """
        text, key, solution = shown(found.value, unit), key or id, "" if shared else self.name
        formula = text if any(one.value == found.text for one in found.inputs) else found.text
        self.lines.append(Line(id=id, key=key, name=f"{name}, {solution}" if solution else name, section=self.section,
                               solution=solution, value=found.value, low=found.low, high=found.high, unit=unit,
                               formula=formula, inputs=found.inputs))
        self._numbers[key, solution] = found.called(text)
        return self._numbers[key, solution]

    def of(self, key: str, solution: str = "") -> Number:
        """The result of a line that was put down: of the solution at hand or the one that is named, else of all."""
        for place in ((key, solution or self.name), (key, "")):
            if place in self._numbers:
                return self._numbers[place]
        raise Absent

    def has(self, key: str, solution: str = "") -> bool:
        """The line was put down."""
        return (key, solution or self.name) in self._numbers or (key, "") in self._numbers

    def source(self, path: str) -> Source:
        """Who gave what stands at a path of the document: somebody who was sure, or not."""
        return "assumed" if line_of(path, self.design.lines) in self._doubted else "stated"

    @cached_property
    def _doubted(self) -> set[int | None]:
        """The lines of the design's file that hold a mark of doubt, where there is a file."""
        try:
            lines = Path(self.design.source).read_text(encoding="utf-8").splitlines() if self.design.source else []
        except (OSError, UnicodeDecodeError):
            lines = []
        return {at for at, text in enumerate(lines, start=1) if "# ?" in text}


Write = Callable[[Sheet], object]


def row(id: str, name: str, formula: Callable[[Sheet], Number], unit: str = "", key: str = "",
        when: Callable[[Sheet], object] = lambda sheet: True) -> Write:
    """A line by its formula, where `when` holds; it is left out where a number of the formula is."""
    return lambda sheet: when(sheet) and sheet.line(id, name, formula(sheet), unit, key)


def each(*writers: Write) -> Write:
    """The same for every solution; one that lacks a value does not stop the others."""

    def write(sheet: Sheet) -> None:
        for name in sheet.design.solutions:
            sheet.name = name
            for one in writers:
                with suppress(Absent):
                    one(sheet)
        sheet.name = ""

    return write
