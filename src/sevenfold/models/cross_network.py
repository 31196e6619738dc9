"""Deep and cross network, version 2 (Wang et al. 2021): products of features, learned layer by layer, beside a plain network."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np

from sevenfold.models import _network
from sevenfold.models._inputs import labels, log_odds
from sevenfold.networks import losses
from sevenfold.networks.training import glorot
from sevenfold.nouns import F32, F64, I64, Array, Rows
from sevenfold.units import Share

WHERE = "cross_network"


class CrossNetwork:
    """DCN v2 in its parallel form; `bce` scores are probabilities, `softmax` (within a request) logits.

    Trains until the loss on `validate` stops falling; with `epochs` given, exactly so long.
    """

    random = True
    space: ClassVar = {"learning_rate": (0.0003, 0.01, "log"), "dropout": (0.0, 0.5, "linear"),
                       "weight_decay": (0.0001, 0.1, "log")}
    trained_by = "torch"  # of the extra `deep`; scoring does without

    def __init__(self, *, loss: Literal["bce", "softmax"] = "bce", layers: int = 2, hidden: tuple[int, ...] = (64, 32),
                 dimensions: int = 16, dropout: Share = 0.2, batch: int = 2048, epochs: int | None = None,
                 learning_rate: float = 0.001, weight_decay: float = 0.01) -> None:
        self.loss = loss
        self.layers = layers  # of the cross network; layer l reaches products of l + 1 features
        self.hidden = hidden  # widths of the deep network
        self.dimensions = dimensions  # of an item's vector
        self.dropout = dropout  # share of ids replaced by the unknown one
        self.batch = batch  # rows
        self.epochs = epochs
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay

    def fit(self, train: Rows, validate: Rows, *, seed: int) -> None:
        """Train on `train`; `validate` is read to choose the number of epochs. `MissingPackage` without PyTorch."""
        positive = labels(train, WHERE) > 0
        plan = _network.Plan(WHERE, network, lambda rng, width: self._initial(rng, width, positive.mean()),
                             _within_request if self.loss == "softmax" else losses.cross_entropy,
                             lambda rows: np.array(rows.label, dtype=np.float32), np.ones(1, np.float32),
                             vector=self.dimensions, whole=self.loss == "softmax")
        self._trained = _network.fit(plan, self, train, validate, seed)

    def kept(self) -> dict[str, Any]:
        """The parameters with which to fit again without a validation set."""
        return {"epochs": self._trained.epochs}

    def scores(self, rows: Rows) -> F32:
        """Probabilities, or logits, [n]."""
        logits = _first(self._trained(rows))
        return (_network.probability(logits) if self.loss == "bce" else logits).astype(np.float32)

    def inputs(self, rows: Rows) -> F32:
        """What `onnx` reads, [n, F + 2 d]: the features, the item's vector and the history's mean."""
        return self._trained.raw(rows)

    def onnx(self) -> bytes:
        """The ONNX model from `inputs` to `scores`."""
        return self._trained.onnx(logits=self.loss != "bce")

    def explain(self, rows: Rows) -> F32:
        """Gradient × input of the logit [n, weights], in the order of `weights`."""
        return self._trained.explain(rows, _first)

    def grow(self, rows: I64) -> CrossNetwork:
        """The same network over a catalogue whose item j is a copy of item `rows[j]`."""
        grown = type(self)(**self._parameters())
        grown._trained = self._trained.grow(rows)
        return grown

    def weights(self) -> dict[str, float]:
        """Feature, `item` and `history` → how far one standard deviation of it moves the logit, on average."""
        return self._trained.importance

    def save(self, folder: Path) -> None:
        """Write `cross_network.json`, `items.npy` and `network.onnx`."""
        self._trained.save(folder, self._parameters())

    @classmethod
    def load(cls, folder: Path) -> CrossNetwork:
        """What `save` wrote; needs no PyTorch."""
        parameters, trained = _network.load(folder, WHERE)
        self = cls(**parameters | {"hidden": tuple(parameters["hidden"])})
        self._trained = trained
        return self

    def _parameters(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__init__.__kwdefaults__}  # type: ignore[misc]

    def _initial(self, rng: np.random.Generator, width: int, rate: float) -> dict[str, Array]:
        weights = {"from_cross": glorot(rng, width, 1), "intercept": log_odds(np.array([rate]))}
        for layer in range(self.layers):
            weights |= {f"cross{layer}": glorot(rng, width, width), f"bias{layer}": np.zeros(width, np.float32)}
        for layer, (before, after) in enumerate(zip((width, *self.hidden), self.hidden, strict=False)):
            weights |= {f"deep{layer}": glorot(rng, before, after), f"deep_bias{layer}": np.zeros(after, np.float32)}
        return weights | {"from_deep": glorot(rng, (width, *self.hidden)[-1], 1)}


def network(inputs: Mapping[str, Any], weights: Mapping[str, Any]) -> Any:
    """Logits [n, 1] for `x` [n, w]: x0 ∘ (W x + b) + x, layer upon layer (eq. 1), and a plain network beside it."""
    crossed = deep = start = inputs["x"]
    layer = 0
    while f"cross{layer}" in weights:
        crossed = start * (crossed @ weights[f"cross{layer}"] + weights[f"bias{layer}"]) + crossed
        layer += 1
    layer = 0
    while f"deep{layer}" in weights:
        deep = (deep @ weights[f"deep{layer}"] + weights[f"deep_bias{layer}"]).relu()
        layer += 1
    return crossed @ weights["from_cross"] + deep @ weights["from_deep"] + weights["intercept"]


def _first(outputs: F64) -> F64:
    return outputs[:, 0]


def _within_request(outputs: Any, label: Any, request: Any) -> Any:
    return losses.within_request(outputs[:, 0], label, request)
