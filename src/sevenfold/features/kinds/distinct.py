"""How varied: `{distinct: item, over: 30d}`."""

from __future__ import annotations

from sevenfold.features.past import Fitted, Past, State
from sevenfold.features.present import Present, Reader
from sevenfold.units import Duration


class Distinct:
    """How many different users, items or values of a column the events in a window have."""

    def __init__(self, *, distinct: str, over: Duration | None = None) -> None:
        self.distinct = distinct
        self.over = over

    def fit(self, past: Past) -> Fitted:
        """Nothing to freeze."""
        past.windowed()
        if self.distinct not in ("user", "item"):
            past.column(self.distinct)
        return Fitted()

    def reader(self, group: str, state: State, present: Present) -> Reader:
        """[m] how many; 0 for an entity nobody knows."""
        return present.different(group, self.distinct, self.over).distinct
