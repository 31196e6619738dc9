"""Numbers that remember how they came about: a value, the range around it, the formula with its numbers put in.

Input     one number that somebody gave: the document, a mark of doubt in it, our defaults, a measurement
Number    positive; + - * / and powers carry value, range, text, inputs and what each input adds to the range
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import reduce
from typing import Literal

Source = Literal["stated", "assumed", "default", "measured"]
SUM, PRODUCT, WORD = range(3)  # how tightly a text holds together
SCALES: dict[str, tuple[tuple[float, str], ...]] = {
    "": ((1e9, "bn"), (1e6, "M"), (1, "")),
    "$": ((1, ""),),
    "%": ((0.01, "%"),),
    "h": ((1, " h"),),
    "s": ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"), (1e-3, "ms"), (1e-6, "us"), (1e-9, "ns")),
    "B": ((1e15, "PB"), (1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "KB"), (1, "B")),
    "FLOP": ((1e18, "EFLOP"), (1e15, "PFLOP"), (1e12, "TFLOP"), (1e9, "GFLOP"), (1e6, "MFLOP"), (1, "FLOP")),
}


@dataclass(frozen=True)
class Input:
    """A number that went in: its name, the value as it is written, who gave it, and why it is what it is."""

    name: str
    value: str
    source: Source
    why: str = ""
    range: str = ""


Work = Callable[["Number", "Value"], "Number"]


def _both(sign: str) -> tuple[Work, Work]:
    """What stands between a Number and a value, and between a value and a Number."""
    return (lambda left, right: _joined(left, sign, number(right))), (lambda right, left: _joined(number(left), sign, right))


@dataclass(frozen=True)
class Number:
    """A positive number between `low` and `high`; `widths` holds what each input adds to ln(high ÷ low)."""

    value: float
    low: float
    high: float
    text: str
    binds: int = WORD
    inputs: tuple[Input, ...] = ()
    widths: Mapping[str, float] = field(default_factory=dict)

    __add__, __radd__ = _both("+")
    __sub__, __rsub__ = _both("−")
    __mul__, __rmul__ = _both("×")
    __truediv__, __rtruediv__ = _both("÷")

    def __pow__(self, power: int) -> Number:
        text = _held(self, WORD) + str(power).translate(str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹"))
        value, low, high = (math.prod([end] * power) for end in (self.value, self.low, self.high))
        widths = {name: width * power for name, width in self.widths.items()}
        return replace(self, value=value, low=low, high=high, text=text, binds=WORD, widths=widths)

    def called(self, text: str) -> Number:
        """The same number under another text, for further formulas."""
        return Number(self.value, self.low, self.high, text, widths=self.widths)


Value = Number | float


def number(value: Value, unit: str = "", text: str = "") -> Number:
    """A number that is exact and needs no source: a constant of a formula."""
    return value if isinstance(value, Number) else Number(float(value), float(value), float(value), text or shown(value, unit))


def given(value: float, source: Input, low: float | None = None, high: float | None = None) -> Number:
    """A number that came from somebody, exact where no ends are given."""
    low, high = (float(value) if end is None else end for end in (low, high))
    width = math.log(high / low) if high > low > 0 else 0.0
    return Number(float(value), low, high, source.value, inputs=(source,), widths={source.name: width} if width else {})


def ceiling(a: Number) -> Number:
    """The next whole number, at least one."""
    value, low, high = (float(max(1, math.ceil(end))) if math.isfinite(end) else end for end in (a.value, a.low, a.high))
    return replace(a, value=value, low=low, high=high, text=f"⌈{a.text}⌉", binds=WORD)


def smaller(a: Number, b: Number) -> Number:
    """The lesser of two."""
    least = a if a.value <= b.value else b
    return replace(least, value=least.value, low=min(a.low, b.low), high=min(a.high, b.high), text=f"min({a.text}, {b.text})",
                   binds=WORD, inputs=tuple(dict.fromkeys((*a.inputs, *b.inputs))))


def total(numbers: Iterable[Number]) -> Number:
    """The sum of at least one number."""
    return reduce(Number.__add__, numbers)


def shown(value: float, unit: str = "", digits: int = 4) -> str:
    """A value in internal units as a person writes it, to so many significant digits.

    >>> shown(1.28e12, "B"), shown(1111.1, "/s"), shown(0.012, "s"), shown(9_876.5, "$/month", 2)
    ('1.28TB', '1,111/s', '12ms', '$9,900/month')
    """
    base, slash, per = unit.partition("/")
    factor, suffix = next((pair for pair in SCALES[base] if abs(value) >= pair[0] * 0.99995), SCALES[base][-1])
    rounded = float(f"{value / factor:.{digits}g}") if math.isfinite(value) else value
    return f"{'$' if base == '$' else ''}{rounded:,.10g}{suffix}{slash}{per}"


def _joined(a: Number, sign: str, b: Number) -> Number:
    """The result is lowest where `a` is, and `b` is too unless it is taken away or divides."""
    work, ends = WORKS[sign], (b.high, b.low) if sign in "−÷" else (b.low, b.high)
    value, low, high = work(a.value, b.value), work(a.low, ends[0]), work(a.high, ends[1])
    slopes = (1.0, 1.0) if sign in "×÷" else (a.value / (value or 1), b.value / (value or 1))
    slopes = (slopes[0], -slopes[1]) if sign in "−÷" else slopes
    widths = {name: slopes[0] * a.widths.get(name, 0) + slopes[1] * b.widths.get(name, 0) for name in {**a.widths, **b.widths}}
    binds = PRODUCT if sign in "×÷" else SUM
    text = f"{_held(a, binds)} {sign} {_held(b, binds + (sign in '−÷'))}"
    return Number(value, low, high, text, binds, tuple(dict.fromkeys((*a.inputs, *b.inputs))), widths)


WORKS: dict[str, Callable[[float, float], float]] = {
    "+": operator.add, "−": operator.sub, "×": operator.mul, "÷": lambda a, b: a / b if b else math.inf}


def _held(a: Number, binds: int) -> str:
    return a.text if a.binds >= binds else f"({a.text})"
