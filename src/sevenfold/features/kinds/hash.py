"""A word among too many: `{hash: network, buckets: 32}`."""

from __future__ import annotations

import pyarrow as pa

from sevenfold.features.columns import hashed, marked
from sevenfold.features.past import Fitted, Past, State
from sevenfold.features.present import Present, Reader
from sevenfold.nouns import F32


class Hash:
    """Words, lists of words or numbers that name something, of users, items or requests, hashed into few columns.

    Each different one adds 1 or −1, as its hash tells, to the column that its hash tells; missing: all zero. Nothing is
    learnt, so a word that comes up after the cut has its place.
    """

    def __init__(self, *, hash: str, buckets: int = 32) -> None:
        self.hash = hash
        self.buckets = buckets

    def fit(self, past: Past) -> Fitted:
        """Nothing to freeze."""
        marked(past.standing(self.hash), past.where)
        return Fitted(columns=tuple(f".{i}" for i in range(self.buckets)))

    def reader(self, group: str, state: State, present: Present) -> Reader:
        """[m, buckets]"""
        return present.standing(group, [self.hash], self._encode, 0)

    def _encode(self, column: pa.ChunkedArray) -> F32:
        rows, marks = marked(column, self.hash)
        return hashed(rows, marks, len(column), self.buckets)
