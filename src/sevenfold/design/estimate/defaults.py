"""The numbers that an estimate takes where the document says nothing; each can be replaced by name."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from sevenfold import units
from sevenfold.design.document import table
from sevenfold.design.estimate.number import Input, Number, Source, given
from sevenfold.errors import DesignError, nearest

FILE = Path(__file__).with_name("defaults.yaml")


def defaults() -> Mapping[str, Mapping[str, Any]]:
    """Name → value, low and high end, unit (the name of a type in `units`) and reason, as they are written."""
    return table(FILE)


@cache
def default(name: str) -> Number:
    """A default as a number of a formula."""
    one = defaults()[name]
    value, low, high = (str(one.get(end, one["value"])) for end in ("value", "low", "high"))
    told = Input(name, value, "default", one["why"], "" if low == high else f"{low}–{high}")
    return given(meant(name, value), told, meant(name, low), meant(name, high))


def taken(name: str, text: str | None, source: Source = "assumed") -> Number:
    """A default, or what a text says instead."""
    return default(name) if text is None else given(meant(name, text), Input(name, text, source, "instead of the default"))


def meant(name: str, text: str) -> float:
    """What a text means in the unit of a default; raises DesignError where it does not read or is not above zero."""
    one = defaults()[name]
    found = units.parse(text, units.TYPES[one["unit"]].__metadata__[0]) if "unit" in one else _plain(text)
    if not found and one["value"] != 0:
        raise DesignError("", f"'{text}' is nothing", f"Write a value above zero, like {one['value']}.")
    return found


def faults(assume: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    """(name, problem, hint) of every replacement that names no default or does not read."""
    for name, text in assume.items():
        if name not in defaults():
            yield name, f"no default of the estimate is called '{name}'", nearest(name, defaults())
            continue
        try:
            meant(name, text)
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
