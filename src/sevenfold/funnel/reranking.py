"""What re-rankers share: what they may read besides a list, and scores on one scale."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from sevenfold.errors import ModelError, nearest
from sevenfold.nouns import F32, F64, I32, I64, SECOND


@dataclass(frozen=True, kw_only=True)
class Context:
    """The catalogue, and whose list it is and when."""

    content: F32  # [items, d] what is known of each item, in rows of length 1 or 0, so that a product is a cosine
    table: pa.Table  # what the data say of each item, a row each
    born: I64 | None  # since when each row's item can be shown; None: nobody says
    time: int  # µs
    user: int  # code
    copies: I64 | None = None  # [items] the row of each item of a synthetic catalogue; None: its own

    def attributes(self, items: I32, names: list[str], where: str) -> pa.Table:
        """Those columns of what is known of `items`, in their order; `ModelError` names one that is not there."""
        for name in names:
            if name not in self.table.column_names:
                raise ModelError(where, f"the table of items has no column '{name}'", nearest(name, self.table.column_names))
        return self.table.select(names).take(pa.array(self._rows(items)))

    def age(self, items: I32, where: str) -> F64:
        """Seconds since each of `items` could first be shown; `ModelError` where the data do not say when."""
        if self.born is None:
            raise ModelError(where, "the data do not say since when an item can be shown",
                             "Name the column that does: data.items.born.")
        return (self.time - self.born[self._rows(items)].astype(np.float64)) / SECOND

    def _rows(self, items: I32) -> I32 | I64:
        return items if self.copies is None else self.copies[items]


def best_first(items: I32, scores: F64) -> I64:
    """Positions in the order of the scores, ties by the lower item code."""
    return np.lexsort((items, -scores))


def stretched(scores: F64) -> F64:
    """Scores brought to 0..1; zeros where all are equal."""
    wide = np.asarray(scores, np.float64)
    low, high = (wide.min(), wide.max()) if len(wide) else (0.0, 0.0)
    return (wide - low) / (high - low) if high > low else np.zeros(len(wide))


def falling(scores: F64) -> F64:
    """The same scores in falling order, no two equal: handed on with a new order, they say it to the next re-ranker."""
    ordered = np.sort(scores)[::-1]
    step = 1e-9 * (np.abs(ordered).max(initial=0.0) or 1.0)
    return ordered - step * np.arange(len(ordered))
