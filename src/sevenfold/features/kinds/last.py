"""What came last: `{last: item, n: 50}`, `{last: rating, n: 3}`."""

from __future__ import annotations

import numpy as np

from sevenfold.features.columns import numbers
from sevenfold.features.past import Fitted, Past, State
from sevenfold.features.present import Present, Reader


class Last:
    """The last n values of a numeric column, newest first; `last: item` is the history that retrievers and models read.

    Codes of items mean nothing to a model of numbers, so `last: item` has no column of its own: its n sets how long the
    history in `Rows.history` is.
    """

    def __init__(self, *, last: str = "item", n: int = 1) -> None:
        self.last = last
        self.n = n

    def fit(self, past: Past) -> Fitted:
        """Nothing to freeze."""
        past.windowed()
        if self.last != "item":
            numbers(past.column(self.last), past.where)
        return Fitted(columns=tuple(f".{i}" for i in range(0 if self.last == "item" else self.n)))

    def reader(self, group: str, state: State, present: Present) -> Reader:
        """[m, n] values; NaN where there are fewer events."""
        if self.last == "item":
            return lambda at: np.empty((len(at), 0), dtype=np.float32)
        window = present.window(group, beside=self.last)
        return lambda at: at.present.newest(window, at, self.n, self.last)
