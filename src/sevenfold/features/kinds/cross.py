"""What counts only together: `{cross: [country, device], buckets: 64}`."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from sevenfold.errors import DataError, DesignError
from sevenfold.features.columns import MISSING, hashed, marked
from sevenfold.features.kernel import Moment
from sevenfold.features.past import Fitted, Past, State
from sevenfold.features.present import Present, Reader
from sevenfold.nouns import F32, I64, Array

STIR = [np.array(odd, dtype=np.uint64) for odd in (0x9E3779B97F4A7C15, 0xD6E8FEB86659FD93)]
HALF = np.uint64(32)


class Cross:
    """The values of several columns, joined and hashed as in `hash`; all zero where one of them is missing.

    Columns are those of the feature's group; of a pair they may be the user's, the item's and the request's.
    """

    def __init__(self, *, cross: tuple[str, ...], buckets: int = 64) -> None:
        self.cross = tuple(cross)
        self.buckets = buckets

    def fit(self, past: Past) -> Fitted:
        """Whose column each is."""
        if len(self.cross) < 2:
            raise DesignError(past.where, f"expected at least two columns, got '{', '.join(self.cross)}'",
                              "A single column is hashed by {hash: column}.")
        sources = [past.source(name) for name in self.cross]
        for name, source in zip(self.cross, sources, strict=True):
            column = past.standing(name, source)
            if pa.types.is_list(column.type):
                raise DataError(past.where, f"expected a column of single values, got lists in '{name}'",
                                "Name a column with one value a row.")
            marked(column, past.where)
        return Fitted({"sources": np.array(sources, dtype=np.str_)}, tuple(f".{i}" for i in range(self.buckets)))

    def reader(self, group: str, state: State, present: Present) -> Reader:
        """[m, buckets]"""
        crossed = [present.standing(source, [name], _marks, MISSING)
                   for name, source in zip(self.cross, state["sources"].tolist(), strict=True)]

        def read(at: Moment) -> Array:
            return _hashed([marks(at)[:, 0] for marks in crossed], self.buckets)

        return read


def _marks(column: pa.ChunkedArray) -> I64:
    rows, marks = marked(column, "")
    found = np.full((len(column), 1), MISSING)
    found[rows, 0] = marks
    return found


def _hashed(crossed: list[I64], buckets: int) -> F32:
    """Marks are stirred into one, in their order: added, multiplied by an odd number, the upper half laid on the lower."""
    joined = np.zeros(len(crossed[0]), dtype=np.uint64)
    for marks in crossed:
        joined += marks.view(np.uint64)
        for odd in STIR:
            joined *= odd
            joined ^= joined >> HALF
    rows = np.flatnonzero(np.logical_and.reduce([marks != MISSING for marks in crossed]))
    return hashed(rows, joined.view(np.int64)[rows], len(joined), buckets)
