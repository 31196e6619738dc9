"""Not too much of one kind: at most so many items of an author, a seller, a subject."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np

from sevenfold.errors import ModelError
from sevenfold.funnel.reranking import Context, best_first
from sevenfold.nouns import F64, I32, I64


class Caps:
    """The order of the scores, without an item once `most` before it have the same value of the attribute `by`.

    Where the attribute is a list, none of its values may come more often. An item without a value is never one too
    many. Rather than break its word the list ends early.
    """

    drops = "capped"  # why an item is no longer in its list
    unit = "share of the commonest value less"

    def __init__(self, *, by: str, most: int = 2) -> None:
        self.by = by
        self.most = most

    def order(self, items: I32, scores: F64, context: Context, k: int) -> I64:
        """Positions of at most k of n candidates, best first."""
        if self.most < 1:
            raise ModelError("caps.most", f"got {self.most}, expected a number from 1 on",
                             "To show none of a value at all, block it by rules.")
        by_score = best_first(items, scores)
        shown: Counter[Any] = Counter()
        chosen: list[int] = []
        for position, values in zip(by_score.tolist(), self._values(items[by_score], context), strict=True):
            if len(chosen) < k and all(shown[one] < self.most for one in values):
                shown.update(values)
                chosen.append(position)
        return np.array(chosen, np.int64)

    def worth(self, items: I32, context: Context) -> float:
        """The share, below 0, of the list that has its commonest value."""
        counts = Counter(value for values in self._values(items, context) for value in values)
        return -max(counts.values(), default=0) / max(len(items), 1)

    def _values(self, items: I32, context: Context) -> list[set[Any]]:
        """The values of the attribute that each item has."""
        column = context.attributes(items, [self.by], "caps.by").column(0).to_pylist()
        return [set(value if isinstance(value, list) else [value]) - {None} for value in column]
