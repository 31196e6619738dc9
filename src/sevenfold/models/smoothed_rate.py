"""How often each item's label was positive so far, held back where there is little to go by: the rate to beat."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from sevenfold.models._ids import grown, known, looked_up, shrunk
from sevenfold.models._inputs import labels
from sevenfold.nouns import F32, I64, Rows

WHERE = "smoothed_rate"


class SmoothedRate:
    """The mean label of each item, drawn to that of all as by `prior` more rows; of an unknown item that of all."""

    random = False
    reads = "ids"

    def __init__(self, *, prior: float = 20.0) -> None:
        self.prior = prior

    def fit(self, train: Rows, validate: Rows, *, seed: int) -> None:
        """Count in `train`. Nothing is random."""
        label = labels(train, WHERE).astype(np.float64)
        self._mean = float(label.mean())
        self._item = shrunk(label - self._mean, known(train.item, train.items), train.items, self.prior)
        self._importance = {"item": float(looked_up(self._item, train.item).std())}

    def kept(self) -> dict[str, Any]:
        """The parameters with which to fit again: nothing was chosen on validation."""
        return {}

    def scores(self, rows: Rows) -> F32:
        """Rates [n]: probabilities where labels are yes or no."""
        return np.asarray(self._mean + looked_up(self._item, rows.item), dtype=np.float32)

    def explain(self, rows: Rows) -> F32:
        """How far the item moves the rate from that of all, [n, 1]."""
        return np.asarray(looked_up(self._item, rows.item)[:, None], dtype=np.float32)

    def grow(self, rows: I64) -> SmoothedRate:
        """The same rates over a catalogue whose item j is a copy of item `rows[j]`."""
        other = type(self)(prior=self.prior)
        other._mean, other._importance, other._item = self._mean, self._importance, grown(self._item, rows)
        return other

    def weights(self) -> dict[str, float]:
        """`item` → how far one standard deviation of it moves the rate."""
        return self._importance

    def save(self, folder: Path) -> None:
        """Write `smoothed_rate.json` and `items.npy`."""
        state = {"prior": self.prior, "mean": self._mean, "importance": self._importance}
        (folder / "smoothed_rate.json").write_text(json.dumps(state, indent=1), encoding="utf-8")
        np.save(folder / "items.npy", self._item)

    @classmethod
    def load(cls, folder: Path) -> SmoothedRate:
        """What `save` wrote."""
        state = json.loads((folder / "smoothed_rate.json").read_text(encoding="utf-8"))
        self = cls(prior=state["prior"])
        self._mean, self._importance = state["mean"], state["importance"]
        self._item = np.load(folder / "items.npy", allow_pickle=False)
        return self
