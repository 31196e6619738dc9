"""How many: `{count: events, over: 7d}`."""

from __future__ import annotations

from sevenfold.errors import DesignError
from sevenfold.features.past import EVENTS, LABEL, Fitted, Past, State
from sevenfold.features.present import Present, Reader
from sevenfold.units import Duration


class Count:
    """The number of events, or of positive labels, of a user, an item, or a user with an item, in a window.

    With a `half_life` older events count less, in steps of a quarter of it.
    """

    def __init__(self, *, count: str = "events", over: Duration | None = None, half_life: Duration | None = None) -> None:
        self.count = count
        self.over = over
        self.half_life = half_life

    def fit(self, past: Past) -> Fitted:
        """Nothing to freeze."""
        past.windowed(self.over, self.half_life)
        if self.count not in (EVENTS, LABEL):
            raise DesignError(past.where, f"count takes {EVENTS} or {LABEL}, got '{self.count}'",
                              "To add up a column write {sum: column}; to count its values {distinct: column}.")
        return Fitted()

    def reader(self, group: str, state: State, present: Present) -> Reader:
        """[m] counts; 0 for an entity nobody knows."""
        return present.window(group, self.count, over=self.over, half_life=self.half_life).sum
