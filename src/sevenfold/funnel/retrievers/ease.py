"""EASE: a linear item-to-item model with a closed form.

H. Steck, "Embarrassingly Shallow Autoencoders for Sparse Data", WWW 2019, equation 8; the part of the regularisation
that grows with an item's count is the dropout of H. Steck, "Autoencoders that don't overfit towards the Identity",
NeurIPS 2020, section 3.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from sevenfold.errors import ModelError
from sevenfold.funnel import histories
from sevenfold.nouns import F32, I64, Bools, Interactions, Visits

LARGEST = 30_000  # items: 3.6 GB of weights, and minutes of solving


class Ease:
    """Weights between items, solved at once; a score is the sum of the weights from a visitor's items.

    `regularisation` shrinks all weights alike. An item that nobody chose before the cut, and a visitor without a
    history, get no proposal.
    """

    random = False

    def __init__(self, *, regularisation: float = 400.0) -> None:
        self.regularisation = regularisation
        self._weights: F32 = np.zeros((0, 0), np.float32)
        self._known: Bools = np.zeros(0, np.bool_)

    def fit(self, interactions: Interactions, *, seed: int) -> None:
        """Solve for the weights; `ModelError` when there is no event or the catalogue is too large."""
        from scipy.linalg.lapack import dpotrf, dpotri

        histories.above_zero("ease", regularisation=self.regularisation)
        _guard(interactions.items)
        chosen = histories.choices("ease", interactions)
        gram = (chosen.T @ chosen).toarray().astype(np.float64)
        self._known = gram.diagonal() > 0
        np.fill_diagonal(gram, gram.diagonal() + self.regularisation)
        factor, _ = dpotrf(gram.T, overwrite_a=True)  # gram.T: LAPACK's own order, so that nothing is copied
        inverse, _ = dpotri(factor, overwrite_c=True)
        inverse = np.triu(inverse) + np.triu(inverse, 1).T
        weights = inverse / -inverse.diagonal()
        np.fill_diagonal(weights, 0.0)
        self._weights = weights.astype(np.float32)

    def scores(self, visits: Visits) -> F32:
        """The score of every item [B, items]; -inf for an unknown item and for an empty history."""
        items = len(self._known)
        out = np.full((len(visits.user), items), -np.inf, np.float32)
        row, item, _ = histories.flat(visits.history, items)
        starts = np.searchsorted(row, np.arange(len(out) + 1))
        for b, (start, stop) in enumerate(zip(starts, starts[1:], strict=False)):
            if start < stop:  # row by row, so that a batch sums in the order of the singles
                out[b] = np.where(self._known, self._weights[item[start:stop]].sum(axis=0), -np.inf)
        return out

    def grow(self, rows: I64) -> Ease:
        """The same retriever over a catalogue whose item j is a copy of item `rows[j]`; `ModelError` if too large."""
        _guard(len(rows))
        grown = Ease(regularisation=self.regularisation)
        grown._weights = self._weights[np.ix_(rows, rows)]
        grown._known = self._known[rows]
        return grown

    def save(self, folder: Path) -> None:
        """Write parameters and weights into `folder`."""
        histories.save(folder, {"regularisation": self.regularisation}, {"weights": self._weights, "known": self._known})

    @classmethod
    def load(cls, folder: Path) -> Ease:
        """What `save` wrote; `ModelError` when it cannot be read."""
        params, arrays = histories.load(folder)
        ease = cls(**params)
        ease._weights, ease._known = arrays["weights"], arrays["known"]
        return ease


def _guard(items: int) -> None:
    needed = items * items * 4
    if items > LARGEST:
        raise ModelError("ease", f"needs {needed} bytes for the weights between {items} items, expected at most {LARGEST} items",
                         "Use `als` or `neighbours`, whose size grows with the items and not with their square.")
    histories.room("ease", needed)
