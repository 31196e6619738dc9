"""Likeness: items whose content is like that of the visitor's last ones, new items as well as old."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from sevenfold.errors import ModelError
from sevenfold.funnel import histories
from sevenfold.nouns import F32, F64, I64, Array, Bools, Interactions, Visits

SHORT = 1e-9  # a mean of opposites has no direction


class Content:
    """The cosine between an item and the weighted mean of the last `history` items, by their attributes and embeddings.

    An item of the history counts half as much as one `half_life` places newer. Nothing is learnt from who chose what, so
    an item is proposed from its first minute. An item without content, and a visitor of whose history none has any, get
    no proposal.
    """

    random = False

    def __init__(self, *, history: int = 20, half_life: float = 5.0) -> None:
        self.history = history
        self.half_life = half_life
        self._holds(np.zeros((0, 0), np.float32))

    def fit(self, interactions: Interactions, *, seed: int) -> None:
        """Take the items' content; `ModelError` when there is none."""
        histories.above_zero("content", history=self.history, half_life=self.half_life)
        if not interactions.content.any():
            raise ModelError("content", "items have no content: no attribute or embedding of items is declared",
                             "Declare one, such as data.features.item: {about: {embed: title}}.")
        self._holds(interactions.content)

    def scores(self, visits: Visits) -> F32:
        """The score of every item [B, items], -1..1; -inf where either side has no content."""
        history = visits.history[:, :self.history]
        known = (history >= 0) & (history < len(self._content))
        weight = np.where(known, 0.5 ** (np.arange(history.shape[1]) / self.half_life), 0.0)
        mean = np.einsum("bh,bhd->bd", weight, self._content[np.where(known, history, 0)])
        length = np.linalg.norm(mean, axis=1, keepdims=True)
        cosines = mean / np.maximum(length, SHORT) @ self._content.T
        return np.where((length > SHORT) & self._there, cosines, -np.inf).astype(np.float32)

    def grow(self, rows: I64) -> Content:
        """The same retriever over a catalogue whose item j is a copy of item `rows[j]`."""
        histories.room("content", len(rows) * self._content.shape[1] * 8)
        grown = Content(**self._params())
        grown._holds(self._content[rows])
        return grown

    def save(self, folder: Path) -> None:
        """Write parameters and content into `folder`."""
        histories.save(folder, self._params(), {"content": self._content.astype(np.float32)})

    @classmethod
    def load(cls, folder: Path) -> Content:
        """What `save` wrote; `ModelError` when it cannot be read."""
        params, arrays = histories.load(folder)
        content = cls(**params)
        content._holds(arrays["content"])
        return content

    def _holds(self, content: Array) -> None:
        self._content: F64 = content.astype(np.float64, copy=False)  # [items, d] rows of length 1 or 0
        self._there: Bools = np.any(self._content, axis=1)

    def _params(self) -> dict[str, Any]:
        return {"history": self.history, "half_life": self.half_life}
