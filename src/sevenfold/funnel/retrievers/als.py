"""Matrix factorisation of implicit feedback by alternating least squares.

Y. Hu, Y. Koren and C. Volinsky, "Collaborative Filtering for Implicit Feedback Datasets", ICDM 2008, equations 4 and 5.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import ClassVar

import numpy as np

from sevenfold.funnel import histories
from sevenfold.funnel.nearest import Near, Nearest
from sevenfold.nouns import F32, F64, I64, Interactions, Visits

THREADS = 2  # fixed; each row is solved alone, so that their number moves no bit


class Als:
    """Factors of items, trained by `implicit`; a visitor's factors are solved from the history at the request.

    Folding in by equation 4 needs no table of users: a new visitor is answered as an old one. `confidence` is the
    weight of a choice, where no choice weighs 1. `regularisation` is multiplied by the fourth root of users × items, those
    with a choice, for it stands against sums over either. An item that nobody chose before the cut, and a visitor without
    a history, get no proposal.
    """

    random = True
    space: ClassVar = {"regularisation": (0.2, 4.0, "log"), "confidence": (1.5, 20.0, "log")}

    def __init__(self, *, dimensions: int = 64, regularisation: float = 0.85, confidence: float = 4.5,
                 iterations: int = 15) -> None:
        self.dimensions = dimensions
        self.regularisation = regularisation
        self.confidence = confidence
        self.iterations = iterations
        self._items = Nearest(np.zeros((0, dimensions)))  # zero where nobody chose it
        self._gram: F64 = np.zeros((dimensions, dimensions))  # of the items that the fit saw, plus the regularisation

    def fit(self, interactions: Interactions, *, seed: int) -> None:
        """Alternate `iterations` times; `ModelError` when there is no event."""
        from implicit.cpu.als import AlternatingLeastSquares
        from threadpoolctl import threadpool_limits

        histories.above_zero("als", **histories.parameters(self))
        chosen = histories.choices("als", interactions)
        known = np.bincount(chosen.indices, minlength=interactions.items) > 0
        shrink = self.regularisation * float(np.sum(np.diff(chosen.indptr) > 0) * known.sum()) ** 0.25
        with threadpool_limits(1, "blas"):  # two pools of threads would fight; `implicit` warns of it
            model = AlternatingLeastSquares(factors=self.dimensions, regularization=shrink,
                                            alpha=self.confidence, iterations=self.iterations, num_threads=THREADS,
                                            random_state=seed)
            model.fit(chosen, show_progress=False)
        self._items = Nearest(np.where(known[:, None], model.item_factors, np.float32(0)))
        self._gram = _gram(self._items.vectors) + shrink * np.eye(self.dimensions)

    def scores(self, visits: Visits) -> F32:
        """The score of every item [B, items]; -inf for an unknown item and for a history without a known one."""
        return self._items.scores(self._queries(visits))

    def opinion(self, visits: Visits) -> Near:
        """The same of a catalogue too large to score it whole."""
        return self._items.opinion(self._queries(visits))

    def _queries(self, visits: Visits) -> F32:
        found = np.zeros((len(visits.user), self.dimensions), np.float32)
        row, item, _ = histories.flat(visits.history, len(self._items.vectors))
        starts = np.searchsorted(row, np.arange(len(found) + 1))
        for b, (start, stop) in enumerate(pairwise(starts)):
            if start < stop:  # row by row, for BLAS sums a batch in another order than its rows
                found[b] = self._fold_in(self._items.vectors[item[start:stop]].astype(np.float64))
        return found

    def _fold_in(self, chosen: F64) -> F64:
        """A visitor's factors [dimensions] from those of the items chosen [n, dimensions]."""
        left = self._gram + (self.confidence - 1) * (chosen.T @ chosen)
        return np.linalg.solve(left, self.confidence * chosen.sum(axis=0))

    def grow(self, rows: I64) -> Als:
        """The same retriever over a catalogue whose item j is a copy of item `rows[j]`."""
        histories.room("als", len(rows) * self.dimensions * 4)
        grown = Als(**histories.parameters(self))
        grown._items, grown._gram = self._items.grow(rows), self._gram
        return grown

    def save(self, folder: Path) -> None:
        """Write parameters and factors into `folder`."""
        histories.save(folder, histories.parameters(self), {"factors": self._items.vectors, "gram": self._gram})
        self._items.save(folder)

    @classmethod
    def load(cls, folder: Path) -> Als:
        """What `save` wrote; `ModelError` when it cannot be read."""
        params, arrays = histories.load(folder)
        als = cls(**params)
        als._items, als._gram = Nearest(arrays["factors"]).load(folder), arrays["gram"]
        return als


def _gram(factors: F32) -> F64:
    wide = factors.astype(np.float64)
    return wide.T @ wide
