"""Vectors of people from their place among the links: near each other where neighbourhoods are shared."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import numpy as np

from sevenfold.funnel import histories
from sevenfold.funnel.links import learnt
from sevenfold.funnel.nearest import Near, Nearest
from sevenfold.nouns import F32, F64, I64, Interactions, Visits


class GraphEmbedding:
    """Two steps along the links, of whose matrix the `dimensions` largest eigenvalues are kept: what is noise falls away.

    Each link is first divided by both ends' number of friends to the power of `damping`. Whoever had no link before the cut
    stands where the friends of the visit's history stand together; whoever has none gets no proposal.
    """

    random = False
    space: ClassVar = {"damping": (0.0, 0.5, "linear")}
    of_links = True

    def __init__(self, *, dimensions: int = 64, damping: float = 0.25) -> None:
        self.dimensions = dimensions
        self.damping = damping

    def fit(self, interactions: Interactions, *, seed: int) -> None:
        """Find the eigenvectors; `ModelError` where items are not users."""
        from scipy.sparse import csr_array
        from scipy.sparse.linalg import eigsh
        from threadpoolctl import threadpool_limits

        histories.above_zero("graph_embedding", dimensions=self.dimensions)
        known, size = learnt("graph_embedding", interactions), interactions.users
        table = csr_array((np.ones(len(known.friend)), known.friend, known.ends), shape=(size, size))
        table = ((table + table.T) > 0).astype(np.float64)  # whoever was written first
        scale = np.maximum(table.sum(axis=1), 1.0) ** -self.damping
        spread = csr_array(table * scale[:, None] * scale[None, :])
        rank = min(self.dimensions, size - 1)
        with threadpool_limits(1):  # a sum's last bits depend on the number of threads
            values, axes = eigsh(spread, rank, which="LA", v0=np.ones(size))
        kept = values > 0
        self._holds((axes * values)[:, kept], (axes * scale[:, None])[:, kept])

    def scores(self, visits: Visits) -> F32:
        """The score of every user [B, users]; -inf where either end has no link."""
        return self._items.scores(self._queries(visits))

    def opinion(self, visits: Visits) -> Near:
        """The same of a catalogue too large to score it whole."""
        return self._items.opinion(self._queries(visits))

    def _queries(self, visits: Visits) -> F32:
        found = np.zeros((len(visits.user), self._users.shape[1]), np.float32)
        for row, user in enumerate(visits.user.tolist()):
            friends = visits.history[row]
            known = friends[(friends >= 0) & (friends < len(self._folded))]
            mine = self._users[user] if 0 <= user < len(self._users) else self._users[:0].sum(axis=0)
            found[row] = mine if mine.any() else self._folded[known].sum(axis=0)
        return found

    def grow(self, rows: I64) -> GraphEmbedding:
        """The same retriever over a catalogue whose user j is a copy of user `rows[j]`."""
        histories.room("graph_embedding", len(rows) * self._users.shape[1] * 4)
        grown = GraphEmbedding(**histories.parameters(self))
        grown._holds(self._users, self._folded)
        grown._items = self._items.grow(rows)
        return grown

    def save(self, folder: Path) -> None:
        """Write parameters and vectors into `folder`."""
        histories.save(folder, histories.parameters(self), {"users": self._users, "folded": self._folded})
        self._items.save(folder)

    @classmethod
    def load(cls, folder: Path) -> GraphEmbedding:
        """What `save` wrote; `ModelError` when it cannot be read."""
        params, arrays = histories.load(folder)
        embedding = cls(**params)
        embedding._holds(arrays["users"], arrays["folded"])
        embedding._items.load(folder)
        return embedding

    def _holds(self, users: F64, folded: F64) -> None:
        self._users, self._items = users, Nearest(users)  # [users, d]
        self._folded = folded  # [users, d] what each adds to a friend who was not there
