"""Self-attention over what a visitor did, in order: which item comes next.

W.-C. Kang and J. McAuley, "Self-Attentive Sequential Recommendation", ICDM 2018, trained against many sampled items, as
A. Klenitskiy and A. Vasilev, "Turning Dross Into Gold Loss: is BERT4Rec really better than SASRec?", RecSys 2023, advise.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from sevenfold.errors import ModelError
from sevenfold.funnel import histories
from sevenfold.funnel.nearest import Near, Nearest
from sevenfold.networks import attention, graph, losses
from sevenfold.networks.training import arrays, best_epoch, pytorch
from sevenfold.nouns import F32, I32, I64, SECOND, Array, Bools, Interactions, Visits
from sevenfold.units import Duration, Share

WHERE = "sequence"
MOST_EPOCHS, PATIENCE = 20, 2
TOKENS, LEAST_STEPS = 4096, 16  # places in a batch, and batches in an epoch
HELD_OUT = 0.05  # the last positive events by time, which only tell when to stop
CHECKED = 2**26  # cells of the (examples × items) table with which the held-out loss is computed


class Sequence:
    """The next item, from the last `length` ones and their order.

    A start stands before a visitor's first item, so that somebody without a history is answered with what others begin
    with. Learns from the events of the last `over` before the cut (None: from all). Trains until the held-out loss stops
    falling; with `epochs` given it trains so long, and on every event. An item that it did not train on is not proposed.
    """

    random = True
    space: ClassVar = {"learning_rate": (0.001, 0.02, "log"), "dropout": (0.0, 0.5, "linear")}
    trained_by = "torch"  # of the extra `deep`; scoring does without

    def __init__(self, *, dimensions: int = 64, length: int = 50, negatives: int = 1024, dropout: Share = 0.2,
                 over: Duration | None = None, epochs: int | None = None, learning_rate: float = 0.002) -> None:
        self.dimensions = dimensions
        self.length = length
        self.negatives = negatives  # drawn for each batch, by how often they were chosen
        self.dropout = dropout
        self.over = over
        self.epochs = epochs
        self.learning_rate = learning_rate

    def fit(self, interactions: Interactions, *, seed: int) -> None:
        """Learn items and attention; `ModelError` with fewer than two different items, `MissingPackage` without PyTorch."""
        histories.above_zero(WHERE, length=self.length, negatives=self.negatives, over=self.over)
        events = _events(interactions, self.over)
        different = len(np.unique(events.item))
        if different < 2:
            raise ModelError(WHERE, f"needs positive events of at least 2 items, got {different}",
                             "Loosen framing.label.is, or take a longer log.")
        with pytorch(WHERE, seed) as torch:
            trained, self.trained_epochs = _train(torch, self, events, interactions.items, np.random.default_rng(seed))
        self._holds(trained.pop("item"), trained.pop("base"))
        block = trained | attention.distances(trained.pop("near"), self.length)
        self._network = graph.Served(
            graph.to_onnx(attention.attend, {"x": (self.length, self.dimensions)}, block, WHERE), WHERE)

    def kept(self) -> dict[str, Any]:
        """The parameters with which to fit again without holding anything out."""
        return {"epochs": self.trained_epochs}

    def scores(self, visits: Visits) -> F32:
        """The logit of every item [B, items] to be the next; -inf for one that nobody chose."""
        return self._items.scores(self._queries(visits))

    def opinion(self, visits: Visits) -> Near:
        """The same of a catalogue too large to score it whole."""
        return self._items.opinion(self._queries(visits))

    def _queries(self, visits: Visits) -> F32:
        tokens, last = _tokens(visits.history, self.length, len(self._base))
        state = self._network(x=self._item[tokens].astype(np.float64))[np.arange(len(tokens)), last]
        return np.insert(state, self.dimensions, 1, axis=1).astype(np.float32)

    def _holds(self, item: F32, base: F32) -> None:
        self._item = item  # [items + 1, dimensions], the start last
        self._base = base  # [items], -inf where there was nothing to learn from
        there = np.isfinite(base)[:, None]
        self._items = Nearest(np.where(there, np.column_stack([item[:-1], np.where(there[:, 0], base, 0)]), 0))

    def grow(self, rows: I64) -> Sequence:
        """The same retriever over a catalogue whose item j is a copy of item `rows[j]`."""
        histories.room(WHERE, len(rows) * (self.dimensions + 1) * 8)
        grown = Sequence(**histories.parameters(self))
        grown.trained_epochs, grown._network = self.trained_epochs, self._network
        grown._holds(self._item[np.append(rows, len(self._base))], self._base[rows])
        return grown

    def save(self, folder: Path) -> None:
        """Write parameters, items and the network into `folder`."""
        histories.save(folder, {"parameters": histories.parameters(self), "trained_epochs": self.trained_epochs},
                       {"item": self._item, "base": self._base})
        self._items.save(folder)
        (folder / "attention.onnx").write_bytes(self._network.model)

    @classmethod
    def load(cls, folder: Path) -> Sequence:
        """What `save` wrote; needs no PyTorch."""
        state, stored = histories.load(folder)
        self = cls(**state["parameters"])
        self.trained_epochs = state["trained_epochs"]
        self._holds(stored["item"], stored["base"])
        self._items.load(folder)
        self._network = graph.read(folder / "attention.onnx")
        return self


@dataclass(frozen=True)
class _Events:
    """Positive events, sorted by user, then time."""

    item: I32  # [n]
    time: I64  # [n]
    place: I64  # [n] among those of its user, from 0
    later: Bools  # [n] after the event before it, not at the same moment: only then may that one be read

    def windows(self, length: int) -> tuple[I64, I64]:
        """Stretches of at most `length` events of one user, counted from the last one: where each begins and ends."""
        ends = np.flatnonzero(np.diff(self.place, append=0) <= 0) + 1
        left = np.repeat(ends, self.place[ends - 1] + 1) - np.arange(len(self.place)) - 1  # how many follow
        first = np.flatnonzero((left % length == length - 1) | (self.place == 0))
        return first, np.append(first[1:], len(self.place))

    def batch(self, start: I64, end: I64, items: int) -> tuple[I64, I64, Bools]:
        """What is read [b, l], `items` where nothing came before; the rows that come next, and where one may be learnt."""
        at = start[:, None] + np.arange((end - start).max())
        there = at < end[:, None]
        at = np.where(there, at, 0)
        return np.where(self.place[at] == 0, items, self.item[at - 1]).astype(np.int64), at, there & self.later[at]


def _events(interactions: Interactions, over: float | None) -> _Events:
    recent = np.flatnonzero(interactions.time >= interactions.cut - round(over * SECOND)) if over else slice(None)
    user, item, time = interactions.user[recent], interactions.item[recent], interactions.time[recent]
    order = np.lexsort((time, user))
    here = np.arange(len(order))
    first = np.diff(user[order], prepend=-2) != 0
    place = here - np.maximum.accumulate(np.where(first, here, 0))
    return _Events(item=item[order], time=time[order], place=place,
                   later=first | (np.diff(time[order], prepend=0) != 0))


def _tokens(history: I32, length: int, items: int) -> tuple[I64, I64]:
    """Rows of the item table [B, length], oldest first, the start before a visitor's first item, and the last one's place.

    Items that are not known are passed over; what stands behind the last one is never read.
    """
    newest = history[:, :length]
    known = (newest >= 0) & (newest < items)
    count = known.sum(axis=1)
    tokens = np.full((len(history), length + 1), items, dtype=np.int64)
    row, place = np.nonzero(known)
    nth = np.cumsum(known, axis=1)[row, place]  # from the newest, 1
    tokens[row, count[row] + 1 - nth] = newest[row, place]
    full = count == length
    tokens[full, :-1] = tokens[full, 1:]
    return tokens[:, :-1], np.where(full, length - 1, count)


def _batches(start: I64, end: I64, rng: np.random.Generator) -> Iterator[I64]:
    """Windows of about the same length together, in random order."""
    size = end - start
    order = np.lexsort((rng.random(len(size)), size))
    most = max(min(TOKENS, int(size.sum()) // LEAST_STEPS), 1)
    group = np.cumsum(size[order]) // most
    batches = np.split(order, np.flatnonzero(np.diff(group)) + 1)
    yield from (batches[number] for number in rng.permutation(len(batches)))


def _train(torch: Any, part: Sequence, events: _Events, items: int, rng: np.random.Generator) -> tuple[dict[str, Array], int]:
    """The trained weights, and how many epochs they took."""
    until = np.quantile(events.time, 1.0 if part.epochs else 1 - HELD_OUT)
    train, (start, end) = events.time <= until, events.windows(part.length)
    count = np.bincount(events.item[train], minlength=items)
    total, later = np.cumsum(count), events.later & ~train & (count[events.item] > 0)
    log_q = torch.from_numpy(np.log(np.maximum(count, 1) / total[-1]).astype(np.float32))
    never = torch.from_numpy(np.where(count > 0, 0.0, -np.inf).astype(np.float32))  # items that are not trained on
    first = {"item": 0.1 * rng.standard_normal((items + 1, part.dimensions), dtype=np.float32),
             "base": np.zeros(items, np.float32), **attention.initial(rng, part.dimensions, part.length)}
    weights = {name: torch.from_numpy(value).requires_grad_() for name, value in first.items()}
    optimiser = torch.optim.AdamW(weights.values(), lr=part.learning_rate)

    def read(rows: I64, kind: Bools, dropout: float) -> tuple[Any, Any]:
        """The states [n, d] of windows where what comes next is of a kind, and these items [n]."""
        tokens, at, learnt = events.batch(start[rows], end[rows], items)
        x = torch.nn.functional.dropout(weights["item"][torch.from_numpy(tokens)], dropout)
        states = attention.attend({"x": x}, weights | attention.distances(weights["near"], tokens.shape[1]))
        wanted = learnt & kind[at]
        return states[torch.from_numpy(wanted)], torch.from_numpy(events.item[at[wanted]].astype(np.int64))

    def epoch() -> None:
        for rows in _batches(start, end, rng):
            states, item = read(rows, train, part.dropout)
            if len(item):
                other = torch.from_numpy(np.searchsorted(total, rng.integers(total[-1], size=part.negatives), side="right"))
                own = (states * weights["item"][item]).sum(1) + weights["base"][item]
                scores = states @ weights["item"][other].T + weights["base"][other]
                optimiser.zero_grad()
                losses.against_sample(own, scores, item[:, None] == other, log_q[other]).backward()
                optimiser.step()

    held_out = rng.permutation(np.flatnonzero(np.logical_or.reduceat(later, start)))[:max(CHECKED // items, 1)]

    def loss() -> float:
        with torch.no_grad():
            states, item = (torch.cat(parts)[:max(CHECKED // items, 1)] for parts in zip(*(
                read(rows, later, 0.0) for rows in np.array_split(held_out, len(held_out) // 64 + 1))))
            return float(torch.nn.functional.cross_entropy(states @ weights["item"][:-1].T + weights["base"] + never, item))

    best, epochs = best_epoch(epoch, loss if len(held_out) else None, lambda: arrays(weights),
                              epochs=part.epochs or MOST_EPOCHS, patience=PATIENCE, where=WHERE)
    return best | {"base": best["base"] + never.numpy()}, epochs
