"""How long ago: `{time_since: event}`."""

from __future__ import annotations

import numpy as np

from sevenfold.errors import DesignError
from sevenfold.features.columns import logarithm
from sevenfold.features.kernel import Moment
from sevenfold.features.past import Fitted, Past, State
from sevenfold.features.present import Present, Reader
from sevenfold.nouns import SECOND, Array


class TimeSince:
    """The time since the last event (or positive label) became available, as log2(1 + seconds), drawn as in `log`."""

    def __init__(self, *, time_since: str = "event") -> None:
        self.time_since = time_since

    def fit(self, past: Past) -> Fitted:
        """Nothing to freeze."""
        past.windowed()
        if self.time_since not in ("event", "label"):
            raise DesignError(past.where, f"time_since takes event or label, got '{self.time_since}'",
                              "The last positive event is {time_since: label}.")
        return Fitted()

    def reader(self, group: str, state: State, present: Present) -> Reader:
        """[m] log2 of seconds; NaN where there was no event."""
        labels = self.time_since == "label"
        window = present.positives(group, wait=present.waits.label) if labels else present.window(group)

        def read(at: Moment) -> Array:
            micros = window.since(at)
            return logarithm(np.where(micros < 0, np.nan, micros / SECOND))

        return read
