"""What a ranker read of the items that were shown, as a hash: to be set against what the log and the bundle say it should be."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np

from sevenfold.nouns import F32, Answers, Rows


class Noted:
    """A ranker that keeps the rows it was last asked about."""

    def __init__(self, ranker: Any) -> None:
        self._ranker = ranker
        self.rows: Rows | None = None

    def scores(self, rows: Rows) -> F32:
        """What the ranker says."""
        self.rows = rows
        found: F32 = self._ranker.scores(rows)
        return found

    def grow(self, rows: Any) -> Any:
        """The ranker's own."""
        return self._ranker.grow(rows)

    def hashes(self, answers: Answers) -> list[str]:
        """Of each request 16 hex digits that stand for its items' features, in their order; empty where nothing was read."""
        return hashes(self.rows, answers)


def hashes(rows: Rows | None, answers: Answers) -> list[str]:
    """The same of rows that were made otherwise; rows stand by request and item."""
    if rows is None:
        return [""] * len(answers.items)
    found = []
    for request, items in enumerate(answers.items):
        low, high = np.searchsorted(rows.request, [request, request + 1])
        at = low + np.searchsorted(rows.item[low:high], items[items >= 0])
        found.append(hashlib.blake2b(np.ascontiguousarray(rows.values[at]).tobytes(), digest_size=8).hexdigest())
    return found
