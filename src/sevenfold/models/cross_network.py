"""Deep and cross network, version 2 (Wang et al. 2021): products of features, learned layer by layer, beside a plain network.

It reads the scaled features, the item's trained vector and the mean vector of the history. In training an id is now
and then replaced by one shared unknown id, whose vector answers for every item without examples.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from sevenfold.models._inputs import Scale, by_feature, columns, labels, scale
from sevenfold.networks import graph, losses
from sevenfold.networks.training import arrays, best_epoch, glorot, pytorch
from sevenfold.nouns import F32, F64, I32, I64, Array, Bools, Rows
from sevenfold.units import Share

WHERE = "cross_network"
MOST_EPOCHS, PATIENCE, LEAST_STEPS = 12, 2, 16
READ_AT_ONCE = 16_384  # rows
SAMPLE = 4096  # rows whose gradients weigh the features


class CrossNetwork:
    """DCN v2 in its parallel form; `bce` scores are probabilities, `softmax` (within a request) logits.

    Trains until the loss on `validate` stops falling; with `epochs` given, exactly so long.
    """

    random = True
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
        labels(train, WHERE)
        self.names = train.names
        self._scale = scale(train.values, places=True)
        with pytorch(WHERE, seed) as torch:
            trained, sizes, self.trained_epochs = _train(torch, self, train, validate, np.random.default_rng(seed))
        self._items = trained.pop("item")
        model = graph.to_onnx(network, {"x": len(trained["from_cross"])}, trained, WHERE)
        self._network = graph.Served(model, WHERE)
        dense = len(sizes) - 2 * self.dimensions
        item, history = sizes[dense:].reshape(2, -1).sum(axis=1)
        self._importance = by_feature(sizes[:dense], self.names, self._scale.flagged)
        self._importance |= {"item": float(item), "history": float(history)}

    def kept(self) -> dict[str, Any]:
        """The parameters with which to fit again without a validation set."""
        return {"epochs": self.trained_epochs}

    def scores(self, rows: Rows) -> F32:
        """Probabilities, or logits, [n]."""
        found = np.zeros(len(rows), dtype=np.float32)
        dense = columns(rows, self.names, WHERE)
        for start in range(0, len(rows), READ_AT_ONCE):
            part = slice(start, start + READ_AT_ONCE)
            requests, which = np.unique(rows.request[part], return_inverse=True)
            history = _mean(self._items, rows.history[requests])[which]
            item = self._items[_known(rows.item[part], len(self._items) - 1)]
            logits = self._network(x=np.hstack([self._scale(dense[part]), item, history]))[:, 0]
            found[part] = 0.5 + 0.5 * np.tanh(0.5 * logits) if self.loss == "bce" else logits
        return found

    def grow(self, rows: I64) -> CrossNetwork:
        """The same network over a catalogue whose item j is a copy of item `rows[j]`."""
        grown = type(self)(**self._parameters())
        grown.names, grown._scale, grown._network = self.names, self._scale, self._network
        grown.trained_epochs, grown._importance = self.trained_epochs, self._importance
        grown._items = self._items[np.append(rows, len(self._items) - 1)]
        return grown

    def weights(self) -> dict[str, float]:
        """Feature, `item` and `history` → how far one standard deviation of it moves the logit, on average."""
        return self._importance

    def save(self, folder: Path) -> None:
        """Write `cross_network.json`, `items.npy` and `network.onnx`."""
        state = {"parameters": self._parameters(), "names": self.names, "scale": self._scale.state(),
                 "trained_epochs": self.trained_epochs, "importance": self._importance}
        (folder / "cross_network.json").write_text(json.dumps(state, indent=1), encoding="utf-8")
        np.save(folder / "items.npy", self._items)
        (folder / "network.onnx").write_bytes(self._network.model)

    @classmethod
    def load(cls, folder: Path) -> CrossNetwork:
        """What `save` wrote; needs no PyTorch."""
        state = json.loads((folder / "cross_network.json").read_text(encoding="utf-8"))
        self = cls(**state["parameters"] | {"hidden": tuple(state["parameters"]["hidden"])})
        self.names, self._scale = tuple(state["names"]), Scale.of(state["scale"])
        self.trained_epochs, self._importance = state["trained_epochs"], state["importance"]
        self._items = np.load(folder / "items.npy", allow_pickle=False)
        self._network = graph.read(folder / "network.onnx")
        return self

    def _parameters(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__init__.__kwdefaults__}  # type: ignore[misc]


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


@dataclass(frozen=True)
class _Examples:
    """Rows as the training reads them."""

    dense: Any  # tensor [n, F + flagged]
    label: Any  # tensor [n]
    item: I32  # [n]
    request: I64  # [n] numbered from 0
    history: I32  # [requests, H]

    def batches(self, size: int, whole: bool, rng: np.random.Generator | None) -> list[I64]:
        """Rows of each batch, of about `size`; in random order unless `rng` is None; `whole` requests or single rows."""
        unit = self.request if whole else np.arange(len(self.item))
        order = unit if rng is None else rng.permutation(unit[-1] + 1)[unit]
        ends = np.cumsum(np.bincount(order))
        batch = (ends - 1) * max(len(order) // size, 1) // len(order)
        return np.split(np.argsort(order, kind="stable"), ends[:-1][np.diff(batch) > 0])


def _examples(torch: Any, rows: Rows, names: tuple[str, ...], scaled: Scale) -> _Examples:
    requests, request = np.unique(rows.request, return_inverse=True)
    dense = scaled(columns(rows, names, WHERE)).astype(np.float32)
    return _Examples(torch.from_numpy(dense), torch.from_numpy(np.array(rows.label, dtype=np.float32)),
                     rows.item, request, rows.history[requests])


def _train(torch: Any, part: CrossNetwork, train: Rows, validate: Rows,
           rng: np.random.Generator) -> tuple[dict[str, Array], F64, int]:
    """The trained weights, how far each column of the input moves the logit, and how many epochs it took."""
    seen, items = _examples(torch, train, part.names, part._scale), train.items
    held_out = None if part.epochs else _examples(torch, validate, part.names, part._scale)
    width = seen.dense.shape[1] + 2 * part.dimensions
    weights = {name: torch.from_numpy(value).requires_grad_()
               for name, value in _initial(part, width, items, seen.label.numpy(), rng).items()}
    optimiser = torch.optim.AdamW(weights.values(), lr=part.learning_rate, weight_decay=part.weight_decay)
    functional, whole = torch.nn.functional, part.loss == "softmax"
    cost = {"bce": lambda logits, label, _: functional.binary_cross_entropy_with_logits(logits, (label > 0).float()),
            "softmax": losses.within_request}[part.loss]
    all_ids = np.arange(items + 1)

    def inputs(examples: _Examples, rows: I64, ids: I64) -> Any:
        requests, which = np.unique(examples.request[rows], return_inverse=True)
        history = examples.history[requests]
        there = (history >= 0) & (history < items)
        weight = torch.from_numpy((there / np.maximum(there.sum(axis=1, keepdims=True), 1)).astype(np.float32))
        index, item = (torch.from_numpy(ids[_known(codes, items)]) for codes in (history, examples.item[rows]))
        mean = functional.embedding_bag(index, weights["item"], per_sample_weights=weight, mode="sum")
        return torch.cat([examples.dense[rows], functional.embedding(item, weights["item"]), mean[which]], dim=1)

    def price(examples: _Examples, rows: I64, ids: I64) -> Any:
        logits = network({"x": inputs(examples, rows, ids)}, weights)[:, 0]
        return cost(logits, examples.label[rows], torch.from_numpy(examples.request[rows]))

    def epoch() -> None:
        for rows in seen.batches(min(part.batch, max(len(train) // LEAST_STEPS, 1)), whole, rng):
            optimiser.zero_grad()
            price(seen, rows, np.where(rng.random(items + 1) < part.dropout, items, all_ids)).backward()
            optimiser.step()

    def loss(examples: _Examples) -> float:
        with torch.no_grad():
            total = sum(len(rows) * float(price(examples, rows, all_ids)) for rows in examples.batches(READ_AT_ONCE, whole, None))
        return total / len(examples.item)

    best, epochs = best_epoch(epoch, (lambda: loss(held_out)) if held_out else None, lambda: arrays(weights),
                              epochs=part.epochs or MOST_EPOCHS, patience=PATIENCE, where=WHERE)
    best["item"][:items][~_trained(train)] = best["item"][items]
    weights = {name: torch.from_numpy(value) for name, value in best.items()}
    sample = inputs(seen, rng.permutation(len(train))[:SAMPLE], all_ids).requires_grad_()
    network({"x": sample}, weights).sum().backward()
    return best, (sample.grad.abs().mean(0) * sample.detach().std(0)).double().numpy(), epochs


def _trained(rows: Rows) -> Bools:
    """Which items [items] took part in training."""
    codes = np.concatenate([rows.item, rows.history[np.unique(rows.request)].ravel()])
    return np.bincount(_known(codes, rows.items), minlength=rows.items + 1)[: rows.items] > 0


def _initial(part: CrossNetwork, width: int, items: int, label: F32, rng: np.random.Generator) -> dict[str, Array]:
    rate = float(np.clip(np.mean(label > 0), 1e-4, 1 - 1e-4))
    weights = {"item": np.float32(0.05) * rng.standard_normal((items + 1, part.dimensions), dtype=np.float32),
               "from_cross": glorot(rng, width, 1), "intercept": np.full(1, np.log(rate / (1 - rate)), np.float32)}
    for layer in range(part.layers):
        weights |= {f"cross{layer}": glorot(rng, width, width), f"bias{layer}": np.zeros(width, np.float32)}
    for layer, (before, after) in enumerate(zip((width, *part.hidden), part.hidden, strict=False)):
        weights |= {f"deep{layer}": glorot(rng, before, after), f"deep_bias{layer}": np.zeros(after, np.float32)}
    return weights | {"from_deep": glorot(rng, (width, *part.hidden)[-1], 1)}


def _known(items: I32, count: int) -> I64:
    """Codes as rows of the table, whose last row is the unknown item."""
    return np.where((items >= 0) & (items < count), items, count).astype(np.int64)


def _mean(table: F32, history: I32) -> F64:
    """The mean vector [B, d] of each history, in float64; 0 for an empty one."""
    there = (history >= 0) & (history < len(table) - 1)
    total = np.einsum("bh,bhd->bd", there.astype(np.float64), table[_known(history, len(table) - 1)].astype(np.float64))
    mean: F64 = total / np.maximum(there.sum(axis=1, keepdims=True), 1)
    return mean
