"""Quantities as a person writes them (`120ms`, `40M`, `$40k/month`, `5%`, `24h`), parsed strictly.

Inside, durations are seconds, sizes bytes, money US dollars a month, rates events a second, shares 0..1. A bare `m`
is refused (minute? milli? million?), `B` means bytes only, and a number that needs a unit must have one.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
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
    """One kind of quantity: how it is called and what a good one looks like."""

    name: str
    example: str


@dataclass(frozen=True)
class Range:
    """A closed interval, written `0.9..1.1`."""

    low: float
    high: float


Duration = Annotated[float, Unit("duration", "120ms")]
Count = Annotated[float, Unit("count", "40M")]
Rate = Annotated[float, Unit("rate", "12/d")]
Money = Annotated[float, Unit("money a month", "$40k/month")]
Bytes = Annotated[float, Unit("size", "4GiB")]
Share = Annotated[float, Unit("share", "5%")]

TYPES: dict[str, Any] = {"Duration": Duration, "Count": Count, "Rate": Rate, "Money": Money, "Bytes": Bytes,
                         "Share": Share, "Range": Range}


def parse(value: object, unit: Unit) -> float:
    """The quantity that a document's scalar spells, in Sevenfold's own units.

    >>> parse("120ms", Duration.__metadata__[0])
    0.12
    """
    text = str(value)
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise _refusal(text, unit, f"Write it like {unit.example}.")
    money = text.startswith("$")
    match = QUANTITY.fullmatch(text[money:])
    if match is None:
        raise _refusal(text, unit, _cause(text, unit))
    number, suffix = float(match[1]), match[2]
    if not math.isfinite(number):
        raise _refusal(text, unit, "The number is too large to be held.")
    if number == 0 and not suffix and not money:
        return 0.0
    if money != (unit.name == "money a month"):
        raise _refusal(text, unit, f"Write it like {unit.example}.")
    quantity = _READERS[unit.name](number, suffix, text, unit)
    if not math.isfinite(quantity):
        raise _refusal(text, unit, "The number is too large to be held.")
    return quantity


def write(value: float, unit: Unit) -> str:
    """The shortest spelling that `parse` reads back to the same number.

    >>> write(0.12, Duration.__metadata__[0])
    '120ms'
    """
    return "0" if value == 0 else _WRITERS[unit.name](value)


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


def _factor(suffix: str, known: Mapping[str, float], text: str, unit: Unit) -> float:
    """What a unit is worth; says why one is refused."""
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


def _scaled(known: Mapping[str, float]) -> Callable[[float, str, str, Unit], float]:
    return lambda number, suffix, text, unit: number * _factor(suffix, known, text, unit)


def _per(number: float, suffix: str, text: str, unit: Unit) -> tuple[float, float]:
    """The amount of a quotient and the seconds it is spread over."""
    scale, slash, period = suffix.partition("/")
    amount = number * _factor(scale, COUNTS, text, unit)
    if not slash or period not in PERIODS:
        raise DesignError("", f"'{text}' does not say per what", f"Write it like {unit.example}; "
                          f"the period is one of {', '.join(PERIODS)}.")
    return amount, PERIODS[period]


def _read_rate(number: float, suffix: str, text: str, unit: Unit) -> float:
    amount, seconds = _per(number, suffix, text, unit)
    return amount / seconds


def _read_money(number: float, suffix: str, text: str, unit: Unit) -> float:
    amount, seconds = _per(number, suffix, text, unit)
    return amount * (MONTH / seconds)


def _read_share(number: float, suffix: str, text: str, unit: Unit) -> float:
    share = number / 100 if suffix == "%" else number
    if suffix not in {"", "%"} or share > 1:
        meant = f"Did you mean {text}%? " if not suffix and share <= 100 else ""
        raise DesignError("", f"'{text}' is no share", f"{meant}Write a percentage, or a number between 0 and 1.")
    return share


def _shortest(value: float, known: Mapping[str, float], suffix: str = "") -> str:
    """The largest unit that gives a whole number, else the shortest exact spelling."""
    exact = [(plain(value / factor), name) for name, factor in known.items()
             if factor and float(plain(value / factor)) * factor == value]
    whole = [pair for pair in exact if pair[0].isdigit()]
    number, name = min(whole or exact, key=lambda pair: len(pair[0]))
    return f"{number}{name}{suffix}"


def _write_share(value: float) -> str:
    percent = plain(round(value * 100, 10))
    return f"{percent}%" if float(percent) / 100 == value else repr(value)


def _write_rate(value: float) -> str:
    for period in ("s", "min", "h", "d"):
        amount = value * PERIODS[period]
        if plain(amount).isdigit() and float(plain(amount)) / PERIODS[period] == value:
            return f"{_shortest(amount, COUNTS)}/{period}"
    return f"{plain(value)}/s"


_READERS: dict[str, Callable[[float, str, str, Unit], float]] = {
    "duration": _scaled(DURATIONS), "count": _scaled(COUNTS), "size": _scaled(SIZES),
    "rate": _read_rate, "money a month": _read_money, "share": _read_share}
_WRITTEN = {name: factor for name, factor in DURATIONS.items() if name not in {"w", "y"}}
_WRITERS: dict[str, Callable[[float], str]] = {
    "duration": lambda value: _shortest(value, _WRITTEN), "count": lambda value: _shortest(value, COUNTS),
    "size": lambda value: _shortest(value, SIZES), "rate": _write_rate,
    "money a month": lambda value: f"${_shortest(value, COUNTS)}/month", "share": _write_share}
