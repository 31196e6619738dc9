"""EASE: a linear item-to-item model with a closed form.

H. Steck, "Embarrassingly Shallow Autoencoders for Sparse Data", WWW 2019, equation 8; content as further rows of the
matrix as in O. Jeunen, J. Van Balen and B. Goethals, "Closed-Form Models for Collaborative Filtering with
Side-Information", RecSys 2020, section 3; dropout as in H. Steck, "Autoencoders that don't overfit towards the Identity",
NeurIPS 2020, section 3.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from sevenfold.errors import ModelError
from sevenfold.funnel import histories
from sevenfold.nouns import F32, F64, I64, Bools, Interactions, Visits
from sevenfold.units import Share

LARGEST = 30_000  # items: 3.6 GB of weights, and minutes of solving
FEW = 0.01  # times the mean: an item that fewer chose counts as if so many had
ACTIVITY = 0.4  # a user's choices weigh by how many there are to minus this power: who chooses everything tells little


class Ease:
    """Weights between items, solved at once; a score is the sum of the weights from a visitor's items.

    `dropout` is the share of choices that training hides, in expectation: it restrains the items that many chose, as
    `regularisation` does all alike. `content` is the weight of what items are beside who chose them (0: none). A score is
    divided by how many chose the item, over the mean, to the power of `popularity`. An item with neither events nor content,
    and a visitor without a history, get no proposal.
    """

    random = False
    space: ClassVar = {"regularisation": (50.0, 2000.0, "log"), "dropout": (0.0, 0.8, "linear"),
                       "popularity": (0.0, 0.2, "linear")}

    def __init__(self, *, regularisation: float = 400.0, dropout: Share = 0.7, content: float = 10.0,
                 popularity: float = 0.1) -> None:
        self.regularisation = regularisation
        self.dropout = dropout
        self.content = content
        self.popularity = popularity
        self._weights: F32 = np.zeros((0, 0), np.float32)  # [from, to]
        self._known: Bools = np.zeros(0, np.bool_)

    def fit(self, interactions: Interactions, *, seed: int) -> None:
        """Solve for the weights; `ModelError` when there is no event or the catalogue is too large."""
        histories.above_zero("ease", regularisation=self.regularisation)
        if not 0 <= self.dropout < 1:
            raise ModelError("ease.dropout", f"got {self.dropout}, expected a share from 0 to below 1",
                             "Leave dropout out to get its default.")
        _guard(interactions.items)
        chosen = histories.choices("ease", interactions)
        gram = _together(chosen)
        count = gram.diagonal().copy()
        shrink = self.regularisation + self.dropout / (1 - self.dropout) * count
        if self.content and interactions.content.size:
            gram += self.content * (interactions.content @ interactions.content.T)
        self._known = gram.diagonal() > 0
        np.fill_diagonal(gram, gram.diagonal() + shrink)
        weights = _inverse(gram)
        weights /= -weights.diagonal() * np.maximum(count / max(count.mean(), 1e-9), FEW) ** self.popularity
        np.fill_diagonal(weights, 0.0)
        self._weights = weights.astype(np.float32)

    def scores(self, visits: Visits) -> F32:
        """The score of every item [B, items]; -inf for an unknown item and for an empty history."""
        items = len(self._known)
        out = np.full((len(visits.user), items), -np.inf, np.float32)
        row, item, _ = histories.flat(visits.history, items)
        starts = np.searchsorted(row, np.arange(len(out) + 1))
        for b, (start, stop) in enumerate(pairwise(starts)):
            if start < stop:  # row by row, so that a batch sums in the order of the singles
                out[b] = np.where(self._known, self._weights[item[start:stop]].sum(axis=0), -np.inf)
        return out

    def grow(self, rows: I64) -> Ease:
        """The same retriever over a catalogue whose item j is a copy of item `rows[j]`; `ModelError` if too large."""
        _guard(len(rows))
        grown = Ease(**histories.parameters(self))
        grown._weights = self._weights[np.ix_(rows, rows)]
        grown._known = self._known[rows]
        return grown

    def save(self, folder: Path) -> None:
        """Write parameters and weights into `folder`."""
        histories.save(folder, histories.parameters(self), {"weights": self._weights, "known": self._known})

    @classmethod
    def load(cls, folder: Path) -> Ease:
        """What `save` wrote; `ModelError` when it cannot be read."""
        params, arrays = histories.load(folder)
        ease = cls(**params)
        ease._weights, ease._known = arrays["weights"], arrays["known"]
        return ease


def _together(chosen: Any) -> F64:
    """What the users who chose both items weigh [items, items]; one of average activity weighs 1."""
    count = np.diff(chosen.indptr)
    weight = (np.maximum(count, 1) / count[count > 0].mean()) ** -ACTIVITY
    together: F64 = (chosen.T @ chosen.multiply(weight[:, None]).tocsr()).toarray().astype(np.float64)
    return together


def _inverse(matrix: F64) -> F64:
    """The inverse of a positive definite matrix, in its place: a third of the work of a general one."""
    from scipy.linalg.lapack import dpotrf, dpotri
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1, "blas"):  # dpotri's threads wait for each other: on busy cores they take many times longer
        factor, failed = dpotrf(matrix.T, overwrite_a=True)  # .T is LAPACK's own order, so that nothing is copied
        if failed:
            raise ModelError("ease.regularisation", "got a value too small for the weights to be solved",
                             "Use a larger regularisation; 100 to 1000 is usual.")
        inverse: F64 = dpotri(factor, overwrite_c=True)[0]
    upper = np.triu_indices(len(inverse), 1)
    inverse.T[upper] = inverse[upper]
    return inverse


def _guard(items: int) -> None:
    needed = items * items * 4
    if items > LARGEST:
        raise ModelError("ease", f"needs {needed} bytes for {items} items squared, expected at most {LARGEST} items",
                         "Use `als` or `neighbours`, whose size grows with the items and not with their square.")
    histories.room("ease", needed)
