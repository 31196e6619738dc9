"""The mean, how much each user departs from it, and how much each item does: what any predicted number must beat."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from sevenfold.models._ids import grown, known, looked_up, shrunk
from sevenfold.models._inputs import labels
from sevenfold.nouns import F32, F64, I64, Rows

WHERE = "biases"
PASSES, ENOUGH = 50, 1e-6  # passes at most, and the change, as a share of the labels' deviation, at which they end


class Biases:
    """The label is taken as mean + user + item (Koren 2010, section 2.1), both drawn to 0 as by `prior` labels at the mean.

    Users and items in turn until nothing moves: the ridge regression on both. Whom nobody knows has no bias.
    """

    random = False
    reads = "ids"

    def __init__(self, *, prior: float = 5.0) -> None:
        self.prior = prior

    def fit(self, train: Rows, validate: Rows, *, seed: int) -> None:
        """Fit on `train`. Nothing is random."""
        label = labels(train, WHERE).astype(np.float64)
        self._range = np.array([label.min(), label.mean(), label.max()])
        users = int(train.user.max(initial=-1)) + 1
        user, item = known(train.user, users), known(train.item, train.items)
        self._user, self._item = np.zeros(users + 1), np.zeros(train.items + 1)
        for _ in range(PASSES):
            before, rest = self._user, label - self._range[1]
            self._item = shrunk(rest - self._user[user], item, train.items, self.prior)
            self._user = shrunk(rest - self._item[item], user, users, self.prior)
            if np.abs(self._user - before).max() <= ENOUGH * label.std():
                break
        self._importance = dict(zip(("user", "item"), self._parts(train).std(axis=0).tolist(), strict=True))

    def kept(self) -> dict[str, Any]:
        """The parameters with which to fit again: nothing was chosen on validation."""
        return {}

    def scores(self, rows: Rows) -> F32:
        """Numbers [n] within the range of the labels."""
        low, mean, high = self._range
        return np.asarray(np.clip(mean + self._parts(rows).sum(axis=1), low, high), dtype=np.float32)

    def explain(self, rows: Rows) -> F32:
        """How far the user and the item move the number from the mean, [n, 2]."""
        return self._parts(rows).astype(np.float32)

    def grow(self, rows: I64) -> Biases:
        """The same biases over a catalogue whose item j is a copy of item `rows[j]`."""
        other = type(self)(prior=self.prior)
        other._range, other._user, other._importance = self._range, self._user, self._importance
        other._item = grown(self._item, rows)
        return other

    def weights(self) -> dict[str, float]:
        """`user`, `item` → how far one standard deviation of it moves the number."""
        return self._importance

    def save(self, folder: Path) -> None:
        """Write `biases.json`, `users.npy` and `items.npy`."""
        state = {"prior": self.prior, "range": self._range.tolist(), "importance": self._importance}
        (folder / "biases.json").write_text(json.dumps(state, indent=1), encoding="utf-8")
        np.save(folder / "users.npy", self._user)
        np.save(folder / "items.npy", self._item)

    @classmethod
    def load(cls, folder: Path) -> Biases:
        """What `save` wrote."""
        state = json.loads((folder / "biases.json").read_text(encoding="utf-8"))
        self = cls(prior=state["prior"])
        self._range, self._importance = np.array(state["range"]), state["importance"]
        self._user, self._item = (np.load(folder / name, allow_pickle=False) for name in ("users.npy", "items.npy"))
        return self

    def _parts(self, rows: Rows) -> F64:
        return np.column_stack([looked_up(self._user, rows.user), looked_up(self._item, rows.item)])
