"""What is known of a user, an item or a request: `age:`, short for `{attribute: age}`."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from sevenfold.features.columns import OTHER, frequent, is_words, multi_hot, numbers
from sevenfold.features.kernel import Moment
from sevenfold.features.past import Fitted, Past, State
from sevenfold.features.present import Present, Reader
from sevenfold.nouns import F32, Array


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
        if past.group == "context":
            known, column = past.events(), past.column(self.attribute)
        else:
            known, column = past.existing(past.entities), past.column(self.attribute, past.entities.table)
        column = column.filter(pa.array(known))
        if is_words(column):
            levels = frequent(column, self.levels)
            return Fitted({"levels": levels}, tuple(f"={level}" for level in [*levels, OTHER]))
        values = numbers(column, past.where)
        values = values[np.isfinite(values)]
        return Fitted({"scale": np.array([values.mean(), values.std() or 1.0] if len(values) else [0.0, 1.0])})

    def reader(self, group: str, state: State, present: Present) -> Reader:
        """[m, columns]"""
        if group == "context":
            return lambda at: self._of_request(state, at)
        entities = present.data.users if group == "user" else present.data.items
        values = self._encode(state, entities.table[self.attribute])
        if "levels" in state:
            return present.lookup(group, values, 0)
        mean, spread = state["scale"]
        scaled = np.nan_to_num((values - mean) / spread, nan=0.0, posinf=0.0, neginf=0.0)
        return present.lookup(group, values, np.nan, scaled.astype(np.float32))

    def _of_request(self, state: State, at: Moment) -> Array:
        column = at.asked.requests.context.get(self.attribute)
        column = np.full(len(at), None) if column is None else column[at.request]
        return self._encode(state, pa.chunked_array([pa.array(column)]))

    def _encode(self, state: State, column: pa.ChunkedArray) -> F32:
        if "levels" in state:
            return multi_hot(column, state["levels"])
        return numbers(column, self.attribute)[:, None].astype(np.float32)
