"""Quantities as a person writes them (`120ms`, `40M`, `$40k/month`, `5%`, `24h`), parsed strictly.

Inside, durations are seconds, sizes bytes, money US dollars a month, rates events a second, shares 0..1. A bare `m`
is refused (minute? milli? million?), `B` means bytes only, and a number that needs a unit must have one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Any

DURATIONS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0, "y": 31536000.0}
COUNTS = {"": 1.0, "k": 1e3, "M": 1e6, "bn": 1e9}
SIZES = {"B": 1.0, "KB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12, "KiB": 2.0**10, "MiB": 2.0**20, "GiB": 2.0**30, "TiB": 2.0**40}
MONTH = 730 * 3600.0


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

TYPES: dict[str, Any] = {"Duration": Duration, "Count": Count, "Rate": Rate, "Money": Money, "Bytes": Bytes, "Share": Share, "Range": Range}

