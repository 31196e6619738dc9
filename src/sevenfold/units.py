"""Quantities as a person writes them (`120ms`, `40M`, `$40k/month`, `5%`, `24h`), parsed strictly.

Inside, durations are seconds, sizes bytes, money US dollars a month, rates events a second, shares 0..1. A bare `m`
is refused (minute? milli? million?), `B` means bytes only, and a number that needs a unit must have one.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

from sevenfold.errors import DesignError, nearest

DURATIONS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0, "y": 31536000.0}
COUNTS = {"": 1.0, "k": 1e3, "M": 1e6, "bn": 1e9}
SIZES = {"B": 1.0, "KB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12, "KiB": 2.0**10, "MiB": 2.0**20, "GiB": 2.0**30,
         "TiB": 2.0**40}
MONTH = 730 * 3600.0
PERIODS = {"s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0, "day": 86400.0, "w": 604800.0, "week": 604800.0,
           "mo": MONTH, "month": MONTH, "y": 12 * MONTH, "year": 12 * MONTH}

NUMBER = r"[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?"
QUANTITY = re.compile(rf"({NUMBER})(.*)", re.DOTALL)
RANGE = re.compile(rf"(-?{NUMBER})\.\.(-?{NUMBER})")


@dataclass(frozen=True)
class Unit:
    """One kind of quantity: how it is called, what a good one looks like, what its suffixes and periods are worth."""

    name: str
    example: str
    scales: Mapping[str, float] = field(hash=False)
    periods: Mapping[str, float] = field(default_factory=dict, hash=False)
    sign: str = ""


@dataclass(frozen=True)
class Range:
    """A closed interval, written `0.9..1.1`."""

    low: float
    high: float


Duration = Annotated[float, Unit("duration", "120ms", DURATIONS)]
Count = Annotated[float, Unit("count", "40M", COUNTS)]
Rate = Annotated[float, Unit("rate", "12/d", COUNTS, PERIODS)]
Money = Annotated[float, Unit("money a month", "$40k/month", COUNTS, {key: n / MONTH for key, n in PERIODS.items()}, "$")]
Bytes = Annotated[float, Unit("size", "4GiB", SIZES)]
Share = Annotated[float, Unit("share", "5%", {"%": 1.0})]

TYPES: dict[str, Any] = {"Duration": Duration, "Count": Count, "Rate": Rate, "Money": Money, "Bytes": Bytes,
                         "Share": Share, "Range": Range}


def parse(value: object, unit: Unit) -> float:
    """The quantity that a document's scalar spells, in Sevenfold's own units.

    >>> parse("120ms", Duration.__metadata__[0])
    0.12
    """
    text = str(value)
    match = QUANTITY.fullmatch(text.removeprefix(unit.sign))
    if match is None:
        raise _refusal(text, unit, _cause(text, unit))
    number, suffix = float(match[1]), match[2]
    if number == 0 and not suffix and not text.startswith("$"):
        return 0.0
    if not text.startswith(unit.sign):
        raise _refusal(text, unit, f"Write it like {unit.example}.")
    quantity = _share(number, suffix, text) if unit.name == "share" else _quantity(number, suffix, text, unit)
    if not math.isfinite(quantity):
        raise _refusal(text, unit, "The number is too large to be held.")
    return quantity


def write(value: float, unit: Unit) -> str:
    """The shortest spelling that `parse` reads back to the same number.

    >>> write(0.12, Duration.__metadata__[0])
    '120ms'
    """
    if value == 0:
        return "0"
    if unit.name == "share":
        percent = plain(round(value * 100, 10))
        return f"{percent}%" if float(percent) / 100 == value else repr(value)
    if unit.name == "rate":
        return _rate(value)
    return f"{unit.sign}{_shortest(value, unit.scales)}{'/month' if unit.periods else ''}"


def parse_range(value: object) -> Range:
    """`1..5` as an interval; the lower end first."""
    match = RANGE.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise DesignError("", f"'{value}' is no range", "Write both ends with two dots between, like 0.9..1.1.")
    low, high = float(match[1]), float(match[2])
    if not (math.isfinite(low) and math.isfinite(high) and low <= high):
        raise DesignError("", f"'{value}' is no range: its ends must be finite and the lower one first",
                          "Write the lower end first, like 0.9..1.1.")
    return Range(low, high)


def write_range(value: Range) -> str:
    """The interval as a document spells it."""
    return f"{plain(value.low)}..{plain(value.high)}"


def plain(number: float) -> str:
    """A number without a needless `.0`, read back exactly."""
    return str(int(number)) if number.is_integer() and abs(number) < 1e15 else repr(number)


def _cause(text: str, unit: Unit) -> str:
    if text.startswith("-"):
        return f"A {unit.name} cannot be negative; write it like {unit.example}."
    if text.lower() in {"nan", "inf", ".nan", ".inf"}:
        return f"It must be a finite number; write it like {unit.example}."
    return f"Write it like {unit.example}."


def _refusal(text: str, unit: Unit, hint: str) -> DesignError:
    return DesignError("", f"'{text}' is no {unit.name}", hint)


def _factor(suffix: str, text: str, unit: Unit) -> float:
    """What a suffix is worth; says why one is refused."""
    known = unit.scales
    if suffix in known:
        return known[suffix]
    if suffix == "m":
        number = text.removeprefix("$").removesuffix("m")
        raise DesignError("", f"'{text}' is ambiguous: minutes, milliseconds or millions?",
                          f"Write {number}min, {number}ms or {number}M, whichever you mean.")
    if not suffix:
        raise DesignError("", f"'{text}' has no unit, but a {unit.name} needs one",
                          f"Add one of {', '.join(known)}, as in {unit.example}.")
    if suffix != suffix.strip() and suffix.strip() in known:
        raise _refusal(text, unit, f"Write it without a space: {''.join(text.split())}.")
    low = suffix.lower()
    like = max((name for name in known if name and low.startswith(name.lower())), key=len, default="")
    hint = f"Did you mean '{like}'?" if like else nearest(suffix, filter(None, known))
    hint = "Counts go k, M, bn; B means bytes." if suffix == "B" else hint
    raise DesignError("", f"'{text}' is no {unit.name}: the unit '{suffix.strip()}' is not known here",
                      f"{hint} A good one reads {unit.example}.")


def _quantity(number: float, suffix: str, text: str, unit: Unit) -> float:
    scale, slash, period = suffix.partition("/") if unit.periods else (suffix, "", "")
    amount = number * _factor(scale, text, unit)
    if not unit.periods:
        return amount
    if not slash or period not in unit.periods:
        raise DesignError("", f"'{text}' does not say per what",
                          f"Write it like {unit.example}; the period is one of {', '.join(unit.periods)}.")
    return amount / unit.periods[period]


def _share(number: float, suffix: str, text: str) -> float:
    share = number / 100 if suffix == "%" else number
    if suffix not in {"", "%"} or share > 1:
        meant = f"Did you mean {text}%? " if not suffix and share <= 100 else ""
        raise DesignError("", f"'{text}' is no share", f"{meant}Write a percentage, or a number between 0 and 1.")
    return share


def _rate(value: float) -> str:
    """A whole number a second, minute, hour or day, where there is one."""
    for period in ("s", "min", "h", "d"):
        amount = value * PERIODS[period]
        if amount.is_integer() and amount / PERIODS[period] == value:
            return f"{_shortest(amount, COUNTS)}/{period}"
    return f"{plain(value)}/s"


def _shortest(value: float, scales: Mapping[str, float]) -> str:
    """The shortest exact spelling, a whole number where there is one; weeks and years are not written."""
    exact = [(plain(value / factor), name) for name, factor in scales.items()
             if name not in {"w", "y"} and float(plain(value / factor)) * factor == value]
    whole = [pair for pair in exact if pair[0].isdigit()]
    number, suffix = min(whole or exact, key=lambda pair: len(pair[0]))
    return f"{number}{suffix}"
