"""What is known of a user, an item or a request: `age:`, short for `{attribute: age}`."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from sevenfold.features.columns import OTHER, frequent, is_words, multi_hot, numbers, scale
from sevenfold.features.past import Fitted, Past, State
from sevenfold.features.present import Present, Reader
from sevenfold.nouns import F32


class Attribute:
    """A column of the users' or the items' table, or of the request's own context.

    Numbers, truths and dates (in days) stay one column, NaN where missing. Words, and lists of words, become a column
    for each of the `levels` most frequent ones before the cut and one, `other`, for all the rest; missing: all zero.
    """

    def __init__(self, *, attribute: str, levels: int = 50) -> None:
        self.attribute = attribute
        self.levels = levels

    def fit(self, past: Past) -> Fitted:
        """The levels of words, or the centre and scale of numbers."""
        column = past.standing(self.attribute)
        if is_words(column):
            levels = frequent(column, self.levels)
            return Fitted({"levels": levels}, tuple(f"={level}" for level in [*levels, OTHER]))
        return Fitted({"scale": scale(numbers(column, past.where))})

    def reader(self, group: str, state: State, present: Present) -> Reader:
        """[m, columns]"""
        if "levels" in state:
            return present.standing(group, [self.attribute], lambda column: multi_hot(column, state["levels"]), 0)
        return present.standing(group, [self.attribute], self._numbers, np.nan, state["scale"])

    def _numbers(self, column: pa.ChunkedArray) -> F32:
        return numbers(column, self.attribute)[:, None].astype(np.float32)
