"""How long ago: `{time_since: event}`."""

from __future__ import annotations

import numpy as np

from sevenfold.errors import DesignError
from sevenfold.features.past import Fitted, Past, State
from sevenfold.features.present import Present, Reader
from sevenfold.nouns import SECOND, Array


class TimeSince:
    """The time since the last event (or positive label) became available, as log2(1 + seconds).

    The logarithm is drawn as straight lines between the powers of two: that is exact arithmetic, so every machine and
    every batch gives the same bits.
    """

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
        window = present.positives(group, wait=present.data.label_wait) if labels else present.window(group)
        return lambda at: _logarithm(window.since(at))


def _logarithm(micros: Array) -> Array:
    mantissa, exponent = np.frexp(1 + np.maximum(micros, 0) / SECOND)  # mantissa · 2^exponent, mantissa ≥ ½
    return np.where(micros < 0, np.nan, exponent + 2 * (mantissa - 1))
