"""The day of the week: `{weekday: timestamp}`."""

from __future__ import annotations

from sevenfold.features.columns import cycle
from sevenfold.features.past import Fitted, Past, State
from sevenfold.features.present import Present, Reader
from sevenfold.nouns import DAY


class Weekday:
    """The day of the week (UTC) of a request, as a point on a circle, so that Sunday stands next to Monday."""

    def __init__(self, *, weekday: str = "timestamp") -> None:
        self.weekday = weekday

    def fit(self, past: Past) -> Fitted:
        """Nothing to freeze."""
        past.request_time(self.weekday)
        return Fitted(columns=(".sin", ".cos"))

    def reader(self, group: str, state: State, present: Present) -> Reader:
        """[m, 2]"""
        return lambda at: cycle(at.time // DAY % 7, 7)
