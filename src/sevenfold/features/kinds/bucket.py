"""A number in steps: `{bucket: age, at: [18, 25, 35]}`."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pyarrow as pa

from sevenfold.errors import DesignError
from sevenfold.features.columns import numbers
from sevenfold.features.past import Fitted, Past, State
from sevenfold.features.present import Present, Reader
from sevenfold.nouns import F32, F64

PARTS = 10


class Bucket:
    """In which interval a column of users, items or requests lies: a column for each, 1 where it does; missing: all zero.

    A bound belongs to the interval above it. Without `at` the bounds are the deciles before the cut.
    """

    def __init__(self, *, bucket: str, at: tuple[float, ...] | None = None) -> None:
        self.bucket = bucket
        self.at = at

    def fit(self, past: Past) -> Fitted:
        """The bounds of the intervals."""
        values = numbers(past.standing(self.bucket), past.where)
        bounds = _deciles(values) if self.at is None else np.array(self.at, dtype=np.float64)
        if (np.diff(bounds) <= 0).any():
            raise DesignError(past.where, f"expected bounds that rise, got {', '.join(f'{bound:.16g}' for bound in bounds)}",
                              "Write each once, the smallest first: at: [18, 25, 35].")
        ends = ["", *(f"{bound:.16g}" for bound in bounds), ""]
        return Fitted({"bounds": bounds}, tuple(f"={low}..{high}" for low, high in pairwise(ends)))

    def reader(self, group: str, state: State, present: Present) -> Reader:
        """[m, intervals]"""
        return present.standing(group, [self.bucket], lambda column: self._encode(column, state["bounds"]), 0)

    def _encode(self, column: pa.ChunkedArray, bounds: F64) -> F32:
        values = numbers(column, self.bucket)
        known = np.flatnonzero(~np.isnan(values))
        hot = np.zeros((len(values), len(bounds) + 1), dtype=np.float32)
        hot[known, np.searchsorted(bounds, values[known], side="right")] = 1
        return hot


def _deciles(values: F64) -> F64:
    values = values[np.isfinite(values)]
    return np.unique(np.quantile(values, np.arange(1, PARTS) / PARTS)) if len(values) else values
