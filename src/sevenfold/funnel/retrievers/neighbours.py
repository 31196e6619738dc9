"""Co-visitation: items that the same people chose.

Similarities with shrinkage as in R. Bell and Y. Koren, "Scalable Collaborative Filtering with Jointly Derived
Neighborhood Interpolation Weights", ICDM 2007, section 4.1.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np

from sevenfold.funnel import histories
from sevenfold.funnel.candidates import Sparse
from sevenfold.nouns import F32, F64, I32, I64, SECOND, Interactions, Visits
from sevenfold.units import Duration

BLOCK = 512  # items whose neighbours are found at a time, so that memory stays bounded
THREADS = 2  # blocks at a time

# Similarity of two items from how many users chose both (c) and either (a, b).
SIMILARITY = {
    "cosine": lambda c, a, b: c / np.sqrt(a * b),
    "jaccard": lambda c, a, b: c / (a + b - c),
    "lift": lambda c, a, b: c / (a * b),
}


class Neighbours:
    """The sum of the similarities between an item and those in a visitor's history.

    Each item keeps its `keep` nearest. `shrinkage` distrusts pairs that few people chose; `within` counts a pair only
    where one person chose both in that time; `recency` is the weight of each older place of the history as a share of
    the one before it. Only neighbours of the history are proposed.
    """

    random = False
    space: ClassVar = {"shrinkage": (1.0, 100.0, "log"), "recency": (0.7, 1.0, "linear")}

    def __init__(self, *, similarity: Literal["cosine", "jaccard", "lift"] = "cosine", keep: int = 200,
                 shrinkage: float = 10.0, within: Duration | None = None, recency: float = 1.0) -> None:
        self.similarity = similarity
        self.keep = keep
        self.shrinkage = shrinkage
        self.within = within
        self.recency = recency
        self._codes: I32 = np.zeros((0, 0), np.int32)  # [items, keep], padded with 0 where the similarity is 0
        self._similarities: F32 = np.zeros((0, 0), np.float32)  # [items, keep]

    def fit(self, interactions: Interactions, *, seed: int) -> None:
        """Find every item's neighbours; `ModelError` when there is no event."""
        histories.above_zero("neighbours", keep=self.keep, within=self.within, recency=self.recency)
        chosen = histories.choices("neighbours", interactions)
        count = np.asarray(chosen.sum(axis=0), np.float32).ravel()
        together = chosen.T.tocsr() if self.within is None else _together(interactions, self.within)
        keep = min(self.keep, max(interactions.items - 1, 1))
        self._codes = np.zeros((interactions.items, keep), np.int32)
        self._similarities = np.zeros((interactions.items, keep), np.float32)

        def find(start: int) -> None:
            block = together[start:start + BLOCK]
            pairs = block @ chosen if self.within is None else block
            similar = self._similar(pairs, start, count)
            for item, (first, last) in enumerate(pairwise(pairs.indptr), start):
                best = np.argpartition(-similar[first:last], keep - 1)[:keep] if last - first > keep else slice(None)
                size = min(keep, last - first)
                self._codes[item, :size] = pairs.indices[first:last][best]
                self._similarities[item, :size] = similar[first:last][best]
        with ThreadPoolExecutor(THREADS) as pool:
            list(pool.map(find, range(0, interactions.items, BLOCK)))

    def scores(self, visits: Visits) -> F32:
        """The score of every item [B, items]; -inf where no item of the history is a neighbour."""
        shape = len(visits.user), len(self._codes)
        cell, weight = self._near(visits)
        sums = np.bincount(cell, weight, shape[0] * shape[1])
        return np.where(sums > 0, sums, -np.inf).astype(np.float32).reshape(shape)

    def opinion(self, visits: Visits) -> Sparse:
        """The same of a catalogue too large to score it whole."""
        cell, weight = self._near(visits)
        key, at = np.unique(cell, return_inverse=True)
        sums = np.bincount(at, weight, len(key))
        return Sparse(key=key[sums > 0], scores=sums[sums > 0].astype(np.float32), requests=len(visits.user),
                      items=len(self._codes))

    def _near(self, visits: Visits) -> tuple[I64, F64]:
        """The neighbours of each history: request × items + item, and what each adds."""
        row, item, place = histories.flat(visits.history, len(self._codes))
        weight = self.recency ** place.astype(np.float64)
        cell = (row * len(self._codes))[:, None] + self._codes[item]
        return cell.ravel(), (weight[:, None] * self._similarities[item]).ravel()

    def grow(self, rows: I64) -> Neighbours:
        """The same retriever over a catalogue whose item j is a copy of item `rows[j]`.

        An item keeps as many neighbours as before: the n-th copy of an item knows the n-th copies of its neighbours.
        """
        histories.room("neighbours", len(rows) * self._codes.shape[1] * 8)
        order = np.argsort(rows, kind="stable")
        first = np.searchsorted(rows[order], np.arange(len(self._codes) + 1))
        copies = np.diff(first)
        nth = np.empty(len(rows), np.int64)
        nth[order] = np.arange(len(rows)) - first[rows[order]]
        near = self._codes[rows]
        kept = copies[near] > 0
        column = np.minimum(first[near] + nth[:, None] % np.maximum(copies[near], 1), len(rows) - 1)
        grown = Neighbours(**histories.parameters(self))
        grown._codes = np.where(kept, order[column], 0).astype(np.int32)
        grown._similarities = np.where(kept, self._similarities[rows], 0).astype(np.float32)
        return grown

    def save(self, folder: Path) -> None:
        """Write parameters and neighbours into `folder`."""
        histories.save(folder, histories.parameters(self), {"codes": self._codes, "similarities": self._similarities})

    @classmethod
    def load(cls, folder: Path) -> Neighbours:
        """What `save` wrote; `ModelError` when it cannot be read."""
        params, arrays = histories.load(folder)
        neighbours = cls(**params)
        neighbours._codes, neighbours._similarities = arrays["codes"], arrays["similarities"]
        return neighbours

    def _similar(self, pairs: Any, start: int, count: F32) -> F32:
        """The similarity behind each value of `pairs`, rows `start` and up of how many users chose both; 0 to itself."""
        one = np.repeat(np.arange(start, start + pairs.shape[0]), np.diff(pairs.indptr))
        similar: F32 = SIMILARITY[self.similarity](pairs.data, count[one], count[pairs.indices])
        similar *= pairs.data / (pairs.data + np.float32(self.shrinkage))
        similar[one == pairs.indices] = 0
        return similar


def _together(interactions: Interactions, within: float) -> Any:
    """How many users chose both items [items, items] within that many seconds, by their last events with each."""
    from scipy.sparse import coo_matrix

    last = len(interactions.item) - 1 - np.unique(
        (interactions.user.astype(np.int64) * interactions.items + interactions.item)[::-1], return_index=True)[1]
    order = last[np.lexsort((interactions.time[last], interactions.user[last]))]
    user, item, time = interactions.user[order], interactions.item[order], interactions.time[order]
    shape = interactions.items, interactions.items
    counts = coo_matrix(shape, dtype=np.float32).tocsr()
    near = np.arange(len(order))
    for step in range(1, len(order)):
        near = near[near + step < len(order)]
        near = near[(user[near] == user[near + step]) & (time[near + step] - time[near] <= within * SECOND)]
        if len(near) == 0:
            break
        counts += coo_matrix((np.ones(len(near), np.float32), (item[near], item[near + step])), shape=shape).tocsr()
    return (counts + counts.T).tocsr()
