"""A number whose powers count: `{log: price}`."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from sevenfold.features.columns import logarithm, numbers, scale
from sevenfold.features.past import Fitted, Past, State
from sevenfold.features.present import Present, Reader
from sevenfold.nouns import F32


class Log:
    """log2(1 + x) of a column of users, items or requests; of a negative number minus that of its absolute value.

    Drawn as straight lines between the powers of two, which is exact arithmetic; NaN where the number is missing.
    """

    def __init__(self, *, log: str) -> None:
        self.log = log

    def fit(self, past: Past) -> Fitted:
        """The centre and scale of the logarithms."""
        return Fitted({"scale": scale(logarithm(numbers(past.standing(self.log), past.where)))})

    def reader(self, group: str, state: State, present: Present) -> Reader:
        """[m, 1] logarithms."""
        return present.standing(group, [self.log], self._encode, np.nan, state["scale"])

    def _encode(self, column: pa.ChunkedArray) -> F32:
        return logarithm(numbers(column, self.log))[:, None].astype(np.float32)
