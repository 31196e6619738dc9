"""How near a candidate is to what the user liked: `{closeness: title, over: 90d, n: 50}`."""

from __future__ import annotations

import numpy as np

from sevenfold.errors import DesignError
from sevenfold.features.kernel import Moment, ratio
from sevenfold.features.kinds.embed import analysis, vectors
from sevenfold.features.past import Fitted, Past, State
from sevenfold.features.present import Present, Reader
from sevenfold.features.window import Window
from sevenfold.nouns import I64, Array
from sevenfold.units import Duration

UNIT = 1 << 20  # vectors are kept in integers of 1/UNIT: their sums and products are exact
BLOCK = 4096  # requests whose past is added up together
MOST = 2000  # so many vectors of length UNIT have a sum whose square fits into 64 bits


class Closeness:
    """The cosine between the candidate's text and the mean text of the items of the user's last n positive events.

    Texts are vectors as in `embed`. NaN where the user has no positive event in the window, or where one of the two has
    no known word.
    """

    def __init__(self, *, closeness: str, over: Duration | None = None, n: int = 50, dimensions: int = 16) -> None:
        self.closeness = closeness
        self.over = over
        self.n = n
        self.dimensions = dimensions

    def fit(self, past: Past) -> Fitted:
        """Words, weights and axes of the items' texts."""
        if past.group != "pair":
            raise DesignError(past.where, f"expected a feature of pair, got one of {past.group}",
                              "Closeness compares a user's past with a candidate.")
        if self.n > MOST:
            raise DesignError(past.where, f"expected at most {MOST} events, got n: {self.n}", "The newest ones tell most.")
        return Fitted(analysis(past, past.data.items, self.closeness, self.dimensions))

    def reader(self, group: str, state: State, present: Present) -> Reader:
        """[m] cosines."""
        found = vectors(present.data.items.table[self.closeness], state)
        items = np.rint(np.vstack([found, np.zeros((1, self.dimensions))]) * UNIT).astype(np.int64)  # the last: nobody's
        lengths = np.sqrt((items * items).sum(axis=1))
        positives = present.positives("user", self.over)

        def read(at: Moment) -> Array:
            item, (request, row) = np.minimum(at.entity("item"), len(items) - 1), at.requests
            parts = np.array_split(request, len(request) // BLOCK + 1)
            liked = np.concatenate([self._liked(Moment(at.asked, at.present, part), positives, items) for part in parts])
            length = np.sqrt((liked * liked).sum(axis=1))
            return ratio((items[item] * liked[row]).sum(axis=1), lengths[item] * length[row])

        return read

    def _liked(self, at: Moment, positives: Window, items: I64) -> I64:
        """[requests, dimensions] the sum of the vectors of what each user liked."""
        rows, known = positives.last(at, self.n), at.present.data.log.item
        liked: I64 = items[np.where(rows < 0, -1, np.minimum(known[rows], len(items) - 1)) if len(known) else rows].sum(axis=1)
        return liked
