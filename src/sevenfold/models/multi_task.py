"""Several actions at once (Ma et al. 2018, MMoE): experts that all share, and for each action a gate that mixes them.

Each action has a probability; a score is what they are worth together, the sum of weight × probability.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np

from sevenfold.errors import ModelError, nearest
from sevenfold.models import _network
from sevenfold.models._inputs import labels, log_odds
from sevenfold.networks import losses
from sevenfold.networks.training import glorot
from sevenfold.nouns import F32, F64, I64, Array, Rows
from sevenfold.units import Share

WHERE = "multi_task"


class MultiTask:
    """A probability for each action, trained together; `weights` says what each is worth (default: 1 each).

    Rows without actions have one, their label. An action that is unknown of a row (NaN) is not learnt from there.
    """

    random = True
    space: ClassVar = {"learning_rate": (0.0003, 0.01, "log"), "dropout": (0.0, 0.5, "linear"),
                       "weight_decay": (0.0001, 0.1, "log")}
    actions = True  # reads `Rows.actions`
    trained_by = "torch"  # of the extra `deep`; scoring does without

    def __init__(self, *, weights: Mapping[str, float] | None = None, experts: int = 4, dimensions: int = 64,
                 loss: Literal["bce"] = "bce", dropout: Share = 0.2, batch: int = 2048, epochs: int | None = None,
                 learning_rate: float = 0.001, weight_decay: float = 0.01) -> None:
        self.worth = weights  # `weights` is a verb; action → what it is worth, below 0 for what nobody wants
        self.experts = experts
        self.dimensions = dimensions  # of an expert; an item's vector has a quarter
        self.loss = loss
        self.dropout = dropout  # share of ids replaced by the unknown one
        self.batch = batch  # rows
        self.epochs = epochs
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay

    def fit(self, train: Rows, validate: Rows, *, seed: int) -> None:
        """Train on `train`; `validate` is read to choose the number of epochs. `MissingPackage` without PyTorch."""
        labels(train, WHERE)
        self._learnt = self._chosen(train)
        targets = self._targets(train)
        known = np.isfinite(targets)
        rates = np.sum(targets > 0, axis=0, where=known) / np.maximum(known.sum(axis=0), 1)
        plan = _network.Plan(WHERE, network, lambda rng, width: self._initial(rng, width, rates), losses.cross_entropy,
                             self._targets, np.array([*self._learnt.values()], np.float32), vector=max(self.dimensions // 4, 1))
        self._trained = _network.fit(plan, self, train, validate, seed)

    def kept(self) -> dict[str, Any]:
        """The parameters with which to fit again without a validation set."""
        return {"epochs": self._trained.epochs}

    def scores(self, rows: Rows) -> F32:
        """What the actions are worth together [n]."""
        return self._score(self._trained(rows)).astype(np.float32)

    def inputs(self, rows: Rows) -> F32:
        """What `onnx` reads, [n, F + 2 d]: the features, the item's vector and the history's mean."""
        return self._trained.raw(rows)

    def onnx(self) -> bytes:
        """The ONNX model from `inputs` to `scores`."""
        return self._trained.onnx(worth=np.array([*self._learnt.values()]))

    def explain(self, rows: Rows) -> F32:
        """Gradient × input of the score [n, weights], in the order of `weights`."""
        return self._trained.explain(rows, self._score)

    def grow(self, rows: I64) -> MultiTask:
        """The same network over a catalogue whose item j is a copy of item `rows[j]`."""
        grown = type(self)(**self._parameters())
        grown._learnt, grown._trained = self._learnt, self._trained.grow(rows)
        return grown

    def weights(self) -> dict[str, float]:
        """Feature, `item` and `history` → how far one standard deviation of it moves the actions' weighed logits, on average."""
        return self._trained.importance

    def save(self, folder: Path) -> None:
        """Write `multi_task.json`, `items.npy` and `network.onnx`."""
        self._trained.save(folder, self._parameters() | {"learnt": self._learnt})

    @classmethod
    def load(cls, folder: Path) -> MultiTask:
        """What `save` wrote; needs no PyTorch."""
        parameters, trained = _network.load(folder, WHERE)
        learnt = parameters.pop("learnt")
        self = cls(**parameters)
        self._learnt, self._trained = learnt, trained
        return self

    def _parameters(self) -> dict[str, Any]:
        names = [name for name in self.__init__.__kwdefaults__ if name != "weights"]  # type: ignore[misc]
        return {"weights": self.worth} | {name: getattr(self, name) for name in names}

    def _chosen(self, rows: Rows) -> dict[str, float]:
        """Action → what it is worth; `ModelError` names one that the rows do not have."""
        if rows.actions is None:
            return {"label": 1.0}
        chosen = dict.fromkeys(rows.actions, 1.0) if self.worth is None else dict(self.worth)
        for name in chosen:
            if name not in rows.actions:
                raise ModelError(f"{WHERE}.weights", f"the rows have no action '{name}'", nearest(name, rows.actions))
        return chosen

    def _targets(self, rows: Rows) -> F32:
        """[n, actions], NaN where unknown."""
        if rows.actions is None:
            return labels(rows, WHERE).astype(np.float32)[:, None]
        return np.column_stack([rows.actions[name] for name in self._learnt]).astype(np.float32)

    def _score(self, logits: F64) -> F64:
        score: F64 = (_network.probability(logits) * np.array([*self._learnt.values()])).sum(axis=1)
        return score

    def _initial(self, rng: np.random.Generator, width: int, rates: F64) -> dict[str, Array]:
        experts, d, actions = self.experts, self.dimensions, len(rates)
        weights = {"experts": glorot(rng, width, experts * d), "bias": np.zeros(experts * d, np.float32),
                   "intercept": log_odds(rates), "fixed_spread": np.kron(np.eye(experts), np.ones((1, d))).astype(np.float32),
                   "fixed_gather": np.tile(np.eye(d, dtype=np.float32), (experts, 1))}
        for n in range(actions):
            weights |= {f"gate{n}": glorot(rng, width, experts), f"tower{n}": glorot(rng, d, d),
                        f"tower_bias{n}": np.zeros(d, np.float32), f"head{n}": glorot(rng, d, 1),
                        f"fixed_place{n}": np.eye(actions, dtype=np.float32)[[n]]}
        return weights


def network(inputs: Mapping[str, Any], weights: Mapping[str, Any]) -> Any:
    """Logits [n, actions] for `x` [n, w] (section 4.2): experts side by side [n, experts · d], weighed by each action's gate,
    summed up to [n, d] and read by the action's own tower. The fixed weights spread, gather and place numbers.
    """
    x = inputs["x"]
    experts, logits, n = (x @ weights["experts"] + weights["bias"]).relu(), weights["intercept"], 0
    while f"gate{n}" in weights:
        mixed = (experts * ((x @ weights[f"gate{n}"]).softmax(-1) @ weights["fixed_spread"])) @ weights["fixed_gather"]
        tower = (mixed @ weights[f"tower{n}"] + weights[f"tower_bias{n}"]).relu()
        logits = tower @ weights[f"head{n}"] @ weights[f"fixed_place{n}"] + logits
        n += 1
    return logits
