"""Popularity by recency: what most people chose lately, the same for everybody."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from sevenfold.funnel import histories
from sevenfold.nouns import F32, I64, SECOND, Interactions, Visits
from sevenfold.units import Duration


class Popular:
    """Counts of positive events that halve with each `half_life`, as they stood at the cut.

    Scores are log(1 + decayed count), so that a linear ranker can use them. They are frozen at the fit: a model that is
    not trained again recommends what was popular then. Everybody gets an answer, with or without a history.
    """

    random = False

    def __init__(self, *, half_life: Duration = 604800.0) -> None:
        self.half_life = half_life
        self._scores: F32 = np.zeros(0, np.float32)

    def fit(self, interactions: Interactions, *, seed: int) -> None:
        """Learn from the events before the cut; `ModelError` when there is none."""
        histories.above_zero("popular", half_life=self.half_life)
        histories.some("popular", interactions)
        age = (interactions.cut - interactions.time) / (SECOND * self.half_life)
        self._scores = np.log1p(np.bincount(interactions.item, np.exp2(-age), interactions.items)).astype(np.float32)

    def scores(self, visits: Visits) -> F32:
        """The score of every item [B, items], finite everywhere."""
        return np.tile(self._scores, (len(visits.user), 1))

    def grow(self, rows: I64) -> Popular:
        """The same retriever over a catalogue whose item j is a copy of item `rows[j]`."""
        grown = Popular(half_life=self.half_life)
        grown._scores = self._scores[rows]
        return grown

    def save(self, folder: Path) -> None:
        """Write parameters and scores into `folder`."""
        histories.save(folder, {"half_life": self.half_life}, {"scores": self._scores})

    @classmethod
    def load(cls, folder: Path) -> Popular:
        """What `save` wrote; `ModelError` when it cannot be read."""
        params, arrays = histories.load(folder)
        popular = cls(**params)
        popular._scores = arrays["scores"]
        return popular
