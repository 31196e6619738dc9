"""The hour of the day: `{hour: timestamp}`."""

from __future__ import annotations

from sevenfold.features.columns import cycle
from sevenfold.features.past import Fitted, Past, State
from sevenfold.features.present import Present, Reader
from sevenfold.nouns import DAY


class Hour:
    """The hour (UTC) at which a request is made, as a point on a circle, so that 23 stands next to 0."""

    def __init__(self, *, hour: str = "timestamp") -> None:
        self.hour = hour

    def fit(self, past: Past) -> Fitted:
        """Nothing to freeze."""
        past.request_time(self.hour)
        return Fitted(columns=(".sin", ".cos"))

    def reader(self, group: str, state: State, present: Present) -> Reader:
        """[m, 2]"""
        return lambda at: cycle(at.time % DAY * 24 // DAY, 24)
