"""The numbers that an estimate takes where the document says nothing; each can be replaced by name."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from sevenfold import units
from sevenfold.design.document import parse
from sevenfold.design.estimate.number import Input, Number, given
from sevenfold.errors import DesignError, nearest

FILE = Path(__file__).with_name("defaults.yaml")


@dataclass(frozen=True, kw_only=True)
class Default:
    """A number as it is written, its range, its unit (the name of a type in `units`) and the reason."""

    value: str
    low: str
    high: str
    unit: str
    why: str

    def read(self, text: str) -> float:
        """What a text means in this unit; raises DesignError where it does not read or is not above zero."""
        if self.unit != "number":
            found = units.parse(text, units.TYPES[self.unit].__metadata__[0])
        else:
            found = _plain(text)
        if not found and self.value != "0":
            raise DesignError("", f"'{text}' is nothing", f"Write a value above zero, like {self.value}.")
        return found


@cache
def defaults() -> Mapping[str, Default]:
    """Name → default."""
    table = parse(FILE.read_text(encoding="utf-8"))[0]
    return {name: Default(value=str(row["value"]), low=str(row.get("low", row["value"])), high=str(row.get("high", row["value"])),
                          unit=row.get("unit", "number"), why=row["why"]) for name, row in table.items()}


@cache
def default(name: str) -> Number:
    """A default as a number of a formula."""
    one = defaults()[name]
    between = "" if one.low == one.high else f"{one.low}–{one.high}"
    return given(one.read(one.value), one.read(one.low), one.read(one.high), Input(name, one.value, "default", one.why, between))


def faults(assume: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    """(name, problem, hint) of every replacement that names no default or does not read."""
    for name, text in assume.items():
        if name not in defaults():
            yield name, f"no default of the estimate is called '{name}'", nearest(name, defaults())
            continue
        try:
            defaults()[name].read(text)
        except DesignError as error:
            yield name, error.problem, error.hint


def _plain(text: str) -> float:
    try:
        found = float(text)
    except ValueError:
        found = math.nan
    if not (math.isfinite(found) and found >= 0):
        raise DesignError("", f"'{text}' is no number", "Write it plainly, like 4 or 0.6.")
    return found
