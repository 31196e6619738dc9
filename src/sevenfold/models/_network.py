"""What the deep learners share: a network over a row's scaled features, its item's vector and the mean vector of the history.

In training an id is now and then replaced by one shared unknown id, whose vector answers for every item without examples.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np

from sevenfold.models._inputs import Scale, by_feature, columns, labels, scale
from sevenfold.models._onnx import dense
from sevenfold.networks import graph
from sevenfold.networks.training import arrays, best_epoch, pytorch
from sevenfold.nouns import F32, F64, I32, I64, Array, Bools, Rows

MOST_EPOCHS, PATIENCE, LEAST_STEPS = 12, 2, 16
READ_AT_ONCE = 16_384  # rows
SAMPLE = 4096  # rows whose gradients weigh the features
FIXED = "fixed_"  # how the weights begin that training leaves alone
STEP = 1e-6  # of a difference that stands for a derivative


class Settings(Protocol):
    """What a learner's parameters say of its training."""

    dropout: float  # share of ids replaced by the unknown one
    batch: int  # rows
    epochs: int | None
    learning_rate: float
    weight_decay: float


class Plan(NamedTuple):
    """What is trained, and how it is judged."""

    where: str
    forward: graph.Forward  # {"x": [n, w]} → [n, outputs]
    initial: Callable[[np.random.Generator, int], dict[str, Array]]  # the weights for an input of this width
    cost: Callable[[Any, Any, Any], Any]  # of outputs, targets and requests, all tensors
    targets: Callable[[Rows], F32]  # [n, outputs], or [n]
    head: F32  # [outputs] what each output counts where features are weighed
    vector: int  # dimensions of an item's vector
    whole: bool = False  # a batch holds whole requests


@dataclass(frozen=True)
class Trained:
    """A trained network, and what it needs to read rows."""

    where: str
    names: tuple[str, ...]
    scale: Scale
    items: F32  # [items + 1, d]; the last one is the unknown item's
    network: graph.Served
    importance: dict[str, float]
    epochs: int

    def __call__(self, rows: Rows) -> F64:
        """The outputs [n, outputs]."""
        parts = [slice(start, start + READ_AT_ONCE) for start in range(0, max(len(rows), 1), READ_AT_ONCE)]
        return np.concatenate([self.network(x=self._inputs(rows, part)) for part in parts])

    def raw(self, rows: Rows) -> F32:
        """What `onnx` reads, [n, F + 2 d]: the features as they are, the item's vector and the history's mean."""
        return np.hstack([columns(rows, self.names, self.where), *self._vectors(rows, slice(None))]).astype(np.float32)

    def onnx(self, *, logits: bool = False, worth: F64 | None = None) -> bytes:
        """The ONNX model from `raw` to the outputs' probabilities, or logits, summed by what each is worth."""
        return dense(self.scale, 2 * self.items.shape[1], self.network.model, self.where, logits=logits, worth=worth)

    def explain(self, rows: Rows, score: Callable[[F64], F64]) -> F32:
        """Gradient × input of a score of the outputs, [n, features and `item` and `history`].

        The sum over a block of the input is the derivative by a common factor of that block, here by a central difference:
        a part of a scaled feature is counted from the feature's mean.
        """
        inputs = self._inputs(rows, slice(None))
        block = self._blocks()
        moved = np.zeros((len(rows), block.max() + 1), dtype=np.float32)
        for column in range(moved.shape[1]):
            step = STEP * inputs * (block == column)
            up, down = (score(self.network(x=inputs + sign * step)) for sign in (1, -1))
            moved[:, column] = (up - down) / (2 * STEP)
        return moved

    def grow(self, rows: I64) -> Trained:
        """The same network over a catalogue whose item j is a copy of item `rows[j]`."""
        return replace(self, items=self.items[np.append(rows, len(self.items) - 1)])

    def save(self, folder: Path, parameters: Mapping[str, Any]) -> None:
        """Write `<where>.json`, `items.npy` and `network.onnx`."""
        state = {"parameters": parameters, "names": self.names, "scale": self.scale.state(), "trained_epochs": self.epochs,
                 "importance": self.importance}
        (folder / f"{self.where}.json").write_text(json.dumps(state, indent=1), encoding="utf-8")
        np.save(folder / "items.npy", self.items)
        (folder / "network.onnx").write_bytes(self.network.model)

    def _inputs(self, rows: Rows, part: slice) -> F64:
        return np.hstack([self.scale(columns(rows, self.names, self.where)[part]), *self._vectors(rows, part)])

    def _vectors(self, rows: Rows, part: slice) -> tuple[F32, F64]:
        """Of each row the item's vector and the mean one of the history, both [n, d]."""
        requests, which = np.unique(rows.request[part], return_inverse=True)
        history = _mean(self.items, rows.history[requests])[which]
        return self.items[_known(rows.item[part], len(self.items) - 1)], history

    def _blocks(self) -> I64:
        """[w] which feature each column of the input belongs to; after the features come the item and the history."""
        count, vector = len(self.names), self.items.shape[1]
        return np.concatenate([np.arange(count), self.scale.flagged, np.repeat([count, count + 1], vector)])


def load(folder: Path, where: str) -> tuple[dict[str, Any], Trained]:
    """The parameters and the network that `save` wrote; needs no PyTorch."""
    state = json.loads((folder / f"{where}.json").read_text(encoding="utf-8"))
    items = np.load(folder / "items.npy", allow_pickle=False)
    return state["parameters"], Trained(where, tuple(state["names"]), Scale.of(state["scale"]), items,
                                        graph.read(folder / "network.onnx"), state["importance"], state["trained_epochs"])


def fit(plan: Plan, settings: Settings, train: Rows, validate: Rows, seed: int) -> Trained:
    """Train on `train`; `validate` is read to choose the number of epochs. `MissingPackage` without PyTorch."""
    labels(train, plan.where)
    scaled = scale(train.values, places=True)
    with pytorch(plan.where, seed) as torch:
        seen = _examples(torch, plan, train, train.names, scaled)
        held_out = None if settings.epochs else _examples(torch, plan, validate, train.names, scaled)
        trained, sizes, epochs = _train(torch, plan, settings, seen, held_out, _used(train), np.random.default_rng(seed))
    items = trained.pop("item")
    model = graph.to_onnx(plan.forward, {"x": len(sizes)}, trained, plan.where)
    dense = len(sizes) - 2 * plan.vector
    item, history = sizes[dense:].reshape(2, -1).sum(axis=1)
    importance = by_feature(sizes[:dense], train.names, scaled.flagged) | {"item": float(item), "history": float(history)}
    return Trained(plan.where, train.names, scaled, items, graph.Served(model, plan.where), importance, epochs)


def probability(logits: F64) -> F64:
    """The logistic function, without overflow."""
    return 0.5 + 0.5 * np.tanh(0.5 * logits)


@dataclass(frozen=True)
class _Examples:
    """Rows as the training reads them."""

    dense: Any  # tensor [n, F + flagged]
    target: Any  # tensor [n, outputs], or [n]
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


def _examples(torch: Any, plan: Plan, rows: Rows, names: tuple[str, ...], scaled: Scale) -> _Examples:
    requests, request = np.unique(rows.request, return_inverse=True)
    dense = scaled(columns(rows, names, plan.where)).astype(np.float32)
    return _Examples(torch.from_numpy(dense), torch.from_numpy(plan.targets(rows)), rows.item, request, rows.history[requests])


def _train(torch: Any, plan: Plan, settings: Settings, seen: _Examples, held_out: _Examples | None, used: Bools,
           rng: np.random.Generator) -> tuple[dict[str, Array], F64, int]:
    """The trained weights, how far each column of the input moves the outputs, and how many epochs it took."""
    functional, items = torch.nn.functional, len(used)
    width = seen.dense.shape[1] + 2 * plan.vector
    table = np.float32(0.05) * rng.standard_normal((items + 1, plan.vector), dtype=np.float32)
    weights = {name: torch.from_numpy(value).requires_grad_(not name.startswith(FIXED))
               for name, value in ({"item": table} | plan.initial(rng, width)).items()}
    optimiser = torch.optim.AdamW([one for one in weights.values() if one.requires_grad], lr=settings.learning_rate,
                                  weight_decay=settings.weight_decay)
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
        outputs = plan.forward({"x": inputs(examples, rows, ids)}, weights)
        return plan.cost(outputs, examples.target[rows], torch.from_numpy(examples.request[rows]))

    def epoch() -> None:
        for rows in seen.batches(min(settings.batch, max(len(seen.item) // LEAST_STEPS, 1)), plan.whole, rng):
            optimiser.zero_grad()
            price(seen, rows, np.where(rng.random(items + 1) < settings.dropout, items, all_ids)).backward()
            optimiser.step()

    def loss(examples: _Examples) -> float:
        with torch.no_grad():
            batches = examples.batches(READ_AT_ONCE, plan.whole, None)
            return sum(len(rows) * float(price(examples, rows, all_ids)) for rows in batches) / len(examples.item)

    best, epochs = best_epoch(epoch, (lambda: loss(held_out)) if held_out else None, lambda: arrays(weights),
                              epochs=settings.epochs or MOST_EPOCHS, patience=PATIENCE, where=plan.where)
    best["item"][:items][~used] = best["item"][items]
    weights = {name: torch.from_numpy(value) for name, value in best.items()}
    sample = inputs(seen, rng.permutation(len(seen.item))[:SAMPLE], all_ids).requires_grad_()
    (plan.forward({"x": sample}, weights) @ torch.from_numpy(plan.head)).sum().backward()
    return best, (sample.grad.abs().mean(0) * sample.detach().std(0)).double().numpy(), epochs


def _used(rows: Rows) -> Bools:
    """Which items [items] took part in training."""
    codes = np.concatenate([rows.item, rows.history[np.unique(rows.request)].ravel()])
    return np.bincount(_known(codes, rows.items), minlength=rows.items + 1)[: rows.items] > 0


def _known(items: I32, count: int) -> I64:
    """Codes as rows of the table, whose last row is the unknown item."""
    return np.where((items >= 0) & (items < count), items, count).astype(np.int64)


def _mean(table: F32, history: I32) -> F64:
    """The mean vector [B, d] of each history, in float64; 0 for an empty one."""
    there = (history >= 0) & (history < len(table) - 1)
    total = np.einsum("bh,bhd->bd", there.astype(np.float64), table[_known(history, len(table) - 1)].astype(np.float64))
    mean: F64 = total / np.maximum(there.sum(axis=1, keepdims=True), 1)
    return mean
