"""How many: `{count: events, over: 7d}`."""

from __future__ import annotations

from sevenfold.errors import DesignError
from sevenfold.features.past import EVENTS, LABEL, Fitted, Past, State
from sevenfold.features.present import Present, Reader
from sevenfold.units import Duration


class Count:
    """The number of events, or of positive labels, of a user, an item, or a user with an item, in a window."""

    def __init__(self, *, count: str = "events", over: Duration | None = None) -> None:
        self.count = count
        self.over = over

    def fit(self, past: Past) -> Fitted:
        """Nothing to freeze."""
        past.windowed()
        if self.count not in (EVENTS, LABEL):
            raise DesignError(past.where, f"count takes {EVENTS} or {LABEL}, got '{self.count}'",
                              "To add up a column write {sum: column}; to count its values {distinct: column}.")
        return Fitted()

    def reader(self, group: str, state: State, present: Present) -> Reader:
        """[m] counts; 0 for an entity nobody knows."""
        return present.window(group, self.count, self.over).sum
