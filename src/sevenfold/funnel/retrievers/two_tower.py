"""Two towers: a user, told by a history, and an item meet as unit vectors; the score is their cosine.

An item is its trained id plus a projection of its content. In training an id is now and then replaced by one shared
unknown id, so an item without events stands where its content puts it. A user is the recency-weighted mean and the
last of the items in the history; an empty history has two vectors of its own, learned from everyone's first event,
so a new user is answered too.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np

from sevenfold.errors import ModelError
from sevenfold.funnel import histories
from sevenfold.funnel.nearest import Near, Nearest
from sevenfold.networks import graph, losses
from sevenfold.networks.training import arrays, best_epoch, glorot, pytorch
from sevenfold.nouns import F32, F64, I32, I64, Array, Interactions, Visits
from sevenfold.units import Share

WHERE = "two_tower"
TOWER = ("content", "in", "bias", "out")  # weights that place an item by its content
HIDDEN = 2  # width of the hidden layers, as a multiple of the dimensions
MOST_EPOCHS, PATIENCE, LEAST_STEPS = 20, 1, 16
HELD_OUT = 0.05  # the last positive events by time, which only tell when to stop
CHECKED = 2**25  # cells of the (examples × items) table with which the held-out loss is computed


class TwoTower:
    """Learned user and item vectors (Yi et al. 2019).

    Trains until the held-out loss stops falling; with `epochs` given it trains so long, and on every event. `triplet`
    knows no correction for popularity: it punishes an item as often as it is drawn, so prefer it only where events
    spread evenly over the items.
    """

    random = True
    space: ClassVar = {"temperature": (0.05, 0.5, "log"), "learning_rate": (0.001, 0.02, "log")}
    trained_by = "torch"  # of the extra `deep`; scoring does without

    def __init__(self, *, dimensions: int = 64, loss: Literal["sampled_softmax", "triplet"] = "sampled_softmax",
                 temperature: float = 0.2, margin: float = 0.2, history: int = 30, half_life: float = 6.0,
                 dropout: Share = 0.1, batch: int = 1024, epochs: int | None = None, learning_rate: float = 0.004) -> None:
        self.dimensions = dimensions
        self.loss = loss
        self.temperature = temperature  # of the softmax
        self.margin = margin  # of the triplet, in squared distance
        self.history = history
        self.half_life = half_life  # in places of the history
        self.dropout = dropout  # share of ids replaced by the unknown one
        self.batch = batch
        self.epochs = epochs
        self.learning_rate = learning_rate

    def fit(self, interactions: Interactions, *, seed: int) -> None:
        """Learn both towers; `ModelError` with fewer than two different items, `MissingPackage` without PyTorch."""
        different = len(np.unique(interactions.item))
        if different < 2:
            raise ModelError(WHERE, f"needs positive events of at least 2 items, got {different}",
                             "Loosen framing.label.is, or take a longer log.")
        with pytorch(WHERE, seed) as torch:
            trained, self.trained_epochs = _train(torch, self, interactions, np.random.default_rng(seed))
        user = {name: value for name, value in trained.items() if name.startswith("user")}
        self._network = graph.Served(graph.to_onnx(_user, {"mean": self.dimensions, "last": self.dimensions}, user, WHERE), WHERE)
        self._inputs: F32 = trained["inputs"]
        self._tower = {name: trained[name] for name in TOWER} | {"id": trained["id"][-1]}
        self._items = Nearest(trained["vectors"])

    def kept(self) -> dict[str, Any]:
        """The parameters with which to fit again without holding anything out."""
        return {"epochs": self.trained_epochs}

    def scores(self, visits: Visits) -> F32:
        """Cosines [B, items], finite for every user and item."""
        return self._items.scores(self._queries(visits))

    def opinion(self, visits: Visits) -> Near:
        """The same of a catalogue too large to score it whole."""
        return self._items.opinion(self._queries(visits))

    def extended(self, content: F32) -> TwoTower:
        """The same with further items [n, d], which stand where their content puts them."""
        tower = self._tower
        inputs = tower["id"] + content @ tower["content"]
        hidden = np.maximum(inputs @ tower["in"] + tower["bias"], 0)
        longer = self._alike()
        longer._inputs = np.insert(self._inputs, [len(self._items.vectors)], inputs, axis=0)
        longer._items = self._items.extended(_unit(inputs + hidden @ tower["out"]))
        return longer

    def _queries(self, visits: Visits) -> F32:
        index, weight, last = _weigh(visits.history[:, : self.history], self.half_life, len(self._items.vectors))
        mean = np.einsum("bh,bhd->bd", weight, self._inputs[index].astype(np.float64))
        return _unit(self._network(mean=mean, last=self._inputs[last].astype(np.float64))).astype(np.float32)

    def grow(self, rows: I64) -> TwoTower:
        """The same towers over a catalogue whose item j is a copy of item `rows[j]`."""
        grown = self._alike()
        try:
            grown._inputs = self._inputs[np.concatenate([rows, len(self._items.vectors) + np.arange(2)])]
            grown._items = self._items.grow(rows)
        except MemoryError as error:
            needed = len(rows) * self.dimensions * (self._inputs.itemsize + self._items.vectors.itemsize)
            raise ModelError(WHERE, f"needs {needed} bytes for {len(rows)} items, which is more than there is",
                             "Lower dimensions.") from error
        return grown

    def save(self, folder: Path) -> None:
        """Write `two_tower.json`, `inputs.npy`, `vectors.npy` and `user.onnx`."""
        state = {"parameters": histories.parameters(self), "trained_epochs": self.trained_epochs}
        (folder / "two_tower.json").write_text(json.dumps(state, indent=1), encoding="utf-8")
        np.save(folder / "inputs.npy", self._inputs)
        np.save(folder / "vectors.npy", self._items.vectors)
        for name, weights in self._tower.items():
            np.save(folder / f"item_{name}.npy", weights)
        self._items.save(folder)
        (folder / "user.onnx").write_bytes(self._network.model)

    @classmethod
    def load(cls, folder: Path) -> TwoTower:
        """What `save` wrote; needs no PyTorch."""
        state = json.loads((folder / "two_tower.json").read_text(encoding="utf-8"))
        self = cls(**state["parameters"])
        self.trained_epochs = state["trained_epochs"]
        self._inputs = np.load(folder / "inputs.npy", allow_pickle=False)
        self._items = Nearest(np.load(folder / "vectors.npy", allow_pickle=False)).load(folder)
        self._network = graph.read(folder / "user.onnx")
        self._tower = {name: np.load(folder / f"item_{name}.npy", allow_pickle=False) for name in ("id", *TOWER)}
        return self

    def _alike(self) -> TwoTower:
        other = TwoTower(**histories.parameters(self))
        other.trained_epochs, other._network, other._tower = self.trained_epochs, self._network, self._tower
        return other


@dataclass(frozen=True)
class _Examples:
    """Each positive event after what its user had done strictly before; sorted by user, then time."""

    item: I32  # [n]
    start: I64  # [n] where the user's events begin
    end: I64  # [n] where those strictly before this one end
    by_time: I64  # [n] the rows in order of time

    def past(self, rows: I64, length: int) -> I32:
        """The histories [rows, length], newest first, padded with -1."""
        at = self.end[rows, None] - 1 - np.arange(length)
        return np.where(at >= self.start[rows, None], self.item[np.maximum(at, 0)], np.int32(-1))


def _examples(interactions: Interactions) -> _Examples:
    order = np.lexsort((interactions.time, interactions.user))
    user, time = interactions.user[order], interactions.time[order]
    here = np.arange(len(order))
    new_user = np.diff(user, prepend=user[0] - 1) != 0
    new_moment = new_user | (np.diff(time, prepend=time[0]) != 0)
    return _Examples(item=interactions.item[order], start=np.maximum.accumulate(np.where(new_user, here, 0)),
                     end=np.maximum.accumulate(np.where(new_moment, here, 0)), by_time=np.argsort(time, kind="stable"))


def _weigh(history: I32, half_life: float, items: int) -> tuple[I64, F64, I64]:
    """Rows of the input table [B, H], their weights [B, H] that sum to 1, and the row of the last item [B].

    Items that are not known are passed over; an empty history points at the two rows after the items.
    """
    there = (history >= 0) & (history < items)
    weight = np.where(there, 0.5 ** (np.arange(history.shape[1]) / half_life), 0.0)
    empty = ~there.any(axis=1)
    weight[empty, 0] = 1.0
    index = np.where(there, history, items).astype(np.int64)
    newest = index[np.arange(len(index)), there.argmax(axis=1)]
    return index, weight / weight.sum(axis=1, keepdims=True), np.where(empty, items + 1, newest)


def _user(inputs: Mapping[str, Any], weights: Mapping[str, Any]) -> Any:
    hidden = (inputs["mean"] @ weights["user_mean"] + inputs["last"] @ weights["user_last"] + weights["user_bias"]).relu()
    return inputs["mean"] + hidden @ weights["user_out"]


def _item(inputs: Any, weights: Mapping[str, Any]) -> Any:
    return inputs + (inputs @ weights["in"] + weights["bias"]).relu() @ weights["out"]


def _unit(vectors: F64) -> F64:
    unit: F64 = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    return unit


def _initial(part: TwoTower, interactions: Interactions, rng: np.random.Generator) -> dict[str, Array]:
    d, hidden = part.dimensions, HIDDEN * part.dimensions
    small = np.float32(0.1)
    return {
        "id": small * rng.standard_normal((interactions.items + 1, d), dtype=np.float32),  # the last row: unknown
        "nothing": small * rng.standard_normal((2, d), dtype=np.float32),
        "content": glorot(rng, interactions.content.shape[1], d),
        "in": glorot(rng, d, hidden), "bias": np.zeros(hidden, np.float32), "out": glorot(rng, hidden, d),
        "user_mean": glorot(rng, d, hidden), "user_last": glorot(rng, d, hidden), "user_bias": np.zeros(hidden, np.float32),
        "user_out": glorot(rng, hidden, d),
    }


def _train(torch: Any, part: TwoTower, interactions: Interactions, rng: np.random.Generator) -> tuple[dict[str, Array], int]:
    """The trained weights with both item tables, and how many epochs they took."""
    examples, items = _examples(interactions), interactions.items
    known = len(examples.item) if part.epochs else int(len(examples.item) * (1 - HELD_OUT))
    train, held_out = np.split(examples.by_time, [known])
    held_out = rng.permutation(held_out)[: max(CHECKED // items, 1)]
    content = torch.from_numpy(np.array(interactions.content, dtype=np.float32))
    drawn = np.bincount(examples.item[train], minlength=items)
    log_q = torch.from_numpy(np.log(np.maximum(drawn, 1) / len(train)).astype(np.float32))
    weights = {name: torch.from_numpy(value).requires_grad_() for name, value in _initial(part, interactions, rng).items()}
    optimiser = torch.optim.AdamW(weights.values(), lr=part.learning_rate)
    cost: Any = {"sampled_softmax": lambda cosines, same, q: losses.sampled_softmax(cosines / part.temperature, same, q),
                 "triplet": lambda cosines, same, _: losses.triplet(cosines, same, part.margin)}[part.loss]
    all_ids = np.arange(items)

    def table(ids: I64) -> Any:
        return torch.vstack([weights["id"][torch.from_numpy(ids)] + content @ weights["content"], weights["nothing"]])

    def cosines(inputs: Any, rows: I64, item: Any) -> Any:
        index, weight, last = map(torch.from_numpy, _weigh(examples.past(rows, part.history), part.half_life, items))
        mean = torch.nn.functional.embedding_bag(index, inputs, per_sample_weights=weight.float(), mode="sum")
        users = _user({"mean": mean, "last": inputs[last]}, weights)
        return torch.nn.functional.normalize(users) @ torch.nn.functional.normalize(_item(inputs[item], weights)).T

    def epoch() -> None:
        size = min(part.batch, max(len(train) // LEAST_STEPS, 2))
        for rows in np.array_split(rng.permutation(train), max(len(train) // size, 1)):
            item = torch.from_numpy(examples.item[rows].astype(np.int64))
            inputs = table(np.where(rng.random(items) < part.dropout, items, all_ids))
            optimiser.zero_grad()
            cost(cosines(inputs, rows, item), item[:, None] == item, log_q[item]).backward()
            optimiser.step()

    def loss() -> float:
        with torch.no_grad():
            logits = cosines(table(all_ids), held_out, torch.arange(items)) / part.temperature
            return float(torch.nn.functional.cross_entropy(logits, torch.from_numpy(examples.item[held_out].astype(np.int64))))

    best, epochs = best_epoch(epoch, loss if len(held_out) else None, lambda: arrays(weights),
                              epochs=part.epochs or MOST_EPOCHS, patience=PATIENCE, where=WHERE)
    weights = {name: torch.from_numpy(value) for name, value in best.items()}
    inputs = table(np.where(drawn > 0, all_ids, items))
    vectors = torch.nn.functional.normalize(_item(inputs[:items], weights))
    return best | {"inputs": inputs.numpy(), "vectors": vectors.numpy()}, epochs
