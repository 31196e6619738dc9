"""Likeness: items whose content is like that of the visitor's last ones, new items as well as old."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import numpy as np

from sevenfold.errors import ModelError
from sevenfold.funnel import histories
from sevenfold.funnel.nearest import Near, Nearest
from sevenfold.nouns import F32, I64, Interactions, Visits

SHORT = 1e-9  # a mean of opposites has no direction


class Content:
    """The cosine between an item and the weighted mean of the last `history` items, by their attributes and embeddings.

    An item of the history counts half as much as one `half_life` places newer. Nothing is learnt from who chose what, so
    an item is proposed from its first minute. An item without content, and a visitor of whose history none has any, get
    no proposal.
    """

    random = False
    space: ClassVar = {"history": (3, 50, "whole"), "half_life": (1.0, 20.0, "log")}

    def __init__(self, *, history: int = 20, half_life: float = 5.0) -> None:
        self.history = history
        self.half_life = half_life
        self._items = Nearest(np.zeros((0, 0)))  # of length 1 or 0

    def fit(self, interactions: Interactions, *, seed: int) -> None:
        """Take the items' content; `ModelError` when there is none."""
        histories.above_zero("content", history=self.history, half_life=self.half_life)
        if not interactions.content.any():
            raise ModelError("content", "items have no content: no attribute or embedding of items is declared",
                             "Declare one, such as data.features.item: {about: {embed: title}}.")
        self._items = Nearest(interactions.content)

    def scores(self, visits: Visits) -> F32:
        """The score of every item [B, items], -1..1; -inf where either side has no content."""
        return self._items.scores(self._queries(visits))

    def opinion(self, visits: Visits) -> Near:
        """The same of a catalogue too large to score it whole."""
        return self._items.opinion(self._queries(visits))

    def extended(self, content: F32) -> Content:
        """The same with further items [n, d]."""
        return self._with(self._items.extended(content))

    def _queries(self, visits: Visits) -> F32:
        history = visits.history[:, :self.history]
        known = (history >= 0) & (history < len(self._items.vectors))
        weight = np.where(known, 0.5 ** (np.arange(history.shape[1]) / self.half_life), 0.0)
        mean = np.einsum("bh,bhd->bd", weight, self._items.vectors[np.where(known, history, 0)].astype(np.float64))
        length = np.linalg.norm(mean, axis=1, keepdims=True)
        return np.where(length > SHORT, mean / np.maximum(length, SHORT), 0).astype(np.float32)

    def grow(self, rows: I64) -> Content:
        """The same retriever over a catalogue whose item j is a copy of item `rows[j]`."""
        histories.room("content", len(rows) * self._items.vectors.shape[1] * 4)
        return self._with(self._items.grow(rows))

    def save(self, folder: Path) -> None:
        """Write parameters and content into `folder`."""
        histories.save(folder, histories.parameters(self), {"content": self._items.vectors})
        self._items.save(folder)

    @classmethod
    def load(cls, folder: Path) -> Content:
        """What `save` wrote; `ModelError` when it cannot be read."""
        params, arrays = histories.load(folder)
        return cls(**params)._with(Nearest(arrays["content"]).load(folder))

    def _with(self, items: Nearest) -> Content:
        other = Content(**histories.parameters(self))
        other._items = items
        return other
