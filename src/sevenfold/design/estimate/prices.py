"""Dated prices: of one day and one source, and to be replaced by one's own."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from pathlib import Path

from sevenfold.design.estimate.number import Number, number, shown
from sevenfold.errors import DataError

HOURS = 730  # in a month
BUILT_IN = Path(__file__).with_name("prices.json")


@dataclass(frozen=True, kw_only=True)
class Prices:
    """Dollars a month for a core and a GB of a server, a GB kept in a store and a GB sent out; a GPU by the hour."""

    date: str
    source: str
    core_month: float
    gb_month: float
    object_gb: float
    ssd_gb: float
    memory_gb: float  # in a store that answers from memory
    egress_gb: float
    gpu_hour: float

    @property
    def told(self) -> str:
        """The day and the source."""
        return f"{self.date}, {self.source}"

    @property
    def core_hour(self) -> Number:
        """Dollars of one core for an hour."""
        price = self.core_month / HOURS
        return number(price, text=f"${price:.3g}/h")

    def of(self, name: str, per: str = "") -> Number:
        """One price in a formula, a GB's by the byte."""
        price: float = getattr(self, name)
        return number(price / (1e9 if per == "GB" else 1), text=f"{shown(price, '$')}{per and '/'}{per}")


def prices(path: Path = BUILT_IN) -> Prices:
    """The prices of a file; raises DataError where one is missing, unknown or no number."""
    try:
        return _checked(json.loads(path.read_text(encoding="utf-8")))
    except (TypeError, ValueError, OSError) as error:
        raise DataError(str(path), f"expected {', '.join(one.name for one in fields(Prices))}, got: {error}",
                        f"Copy {BUILT_IN} and change its numbers.") from None


def _checked(values: object) -> Prices:
    if not isinstance(values, dict):
        raise TypeError("no mapping")
    for one in fields(Prices):
        if one.name not in values:
            raise ValueError(f"'{one.name}' is missing")
        value = values[one.name]
        if one.type == "float" and (isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1e9):
            raise ValueError(f"'{value}' for '{one.name}', which is no price")
    return Prices(**values)
