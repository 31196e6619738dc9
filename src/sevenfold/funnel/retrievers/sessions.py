"""What others chose next: after the items that the visitor chose last, as of the visit.

M. Ludewig and D. Jannach, "Evaluation of Session-based Recommendation Algorithms" (2018), for neighbours that are recent.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

from sevenfold.funnel import histories
from sevenfold.funnel.candidates import Sparse
from sevenfold.nouns import F32, F64, I32, I64, SECOND, Array, Bools, Interactions, Log, Visits
from sevenfold.units import Duration


class Sessions:
    """The last `sample` choices of each of the visitor's last `history` items, and what the same people chose next.

    Each next choice came `within` so long of the one before. A later one weighs more, by `half_life`; an item of the
    history half as much as the one after it. Scores are log(1 + sum of weights). Once it follows a log it reads what was
    available strictly before the visit; before that, what was before the cut. Whoever has no history gets no proposal.
    """

    random = False
    space: ClassVar = {"history": (1, 10, "whole"), "half_life": (600.0, 86400.0, "log")}

    def __init__(self, *, history: int = 3, ahead: int = 3, sample: int = 500, within: Duration = 1800.0,
                 half_life: Duration = 3600.0) -> None:
        self.history = history
        self.ahead = ahead  # of how many of a person's next choices are counted
        self.sample = sample
        self.within = within
        self.half_life = half_life
        self._rows: I64 | None = None  # of a synthetic catalogue: the item that each one copies

    def fit(self, interactions: Interactions, *, seed: int) -> None:
        """Take the events before the cut; `ModelError` when there is none."""
        histories.above_zero("sessions", **histories.parameters(self))
        histories.some("sessions", interactions)
        self._past = _past(interactions.user, interactions.item, interactions.time, interactions.time, interactions.items)

    def following(self, log: Log, items: int) -> Sessions:
        """The same retriever, its events read from a log as of each visit."""
        kept = np.flatnonzero(log.positive & (log.user >= 0) & (log.item >= 0) & (log.item < items))  # nobody has no next
        return self._over(_past(log.user[kept], log.item[kept], log.time[kept], log.available[kept], items), self._rows)

    def scores(self, visits: Visits) -> F32:
        """The score of every item [B, items]; -inf of what nobody chose next."""
        found = self.opinion(visits)
        out = np.full((found.requests, found.items), -np.inf, np.float32)
        out.ravel()[found.key] = found.scores
        return out

    def opinion(self, visits: Visits) -> Sparse:
        """The same of a catalogue too large to score it whole."""
        items, each = self._past.items, [self._next(history, time) for history, time in zip(visits.history, visits.time.tolist())]
        row = np.repeat(np.arange(len(each)), [len(item) for item, _ in each])
        item = np.concatenate([np.zeros(0, np.int64), *(item for item, _ in each)])
        weight = np.concatenate([np.zeros(0), *(weight for _, weight in each)])
        key, at = np.unique(row * items + item, return_inverse=True)
        scores = np.log1p(np.bincount(at, weight, len(key))).astype(np.float32)
        found = Sparse(key=key, scores=scores, requests=len(each), items=items)
        return found if self._rows is None else _copied(found, self._rows)

    def grow(self, rows: I64) -> Sessions:
        """The same retriever over a catalogue whose item j is a copy of item `rows[j]`."""
        return self._over(self._past, rows)

    def save(self, folder: Path) -> None:
        """Write parameters and the events before the cut into `folder`."""
        past = self._past
        histories.save(folder, histories.parameters(self) | {"items": past.items}, {
            "item": past.item, "user": past.user, "time": past.time, "available": past.available})

    @classmethod
    def load(cls, folder: Path) -> Sessions:
        """What `save` wrote; `ModelError` when it cannot be read."""
        params, arrays = histories.load(folder)
        items = params.pop("items")
        return cls(**params)._over(_past(**arrays, items=items))

    def _next(self, history: I32, time: int) -> tuple[I64, F64]:
        """What followed the items of one history, and what it weighs; an item as often as it followed."""
        past, half_life = self._past, self.half_life * SECOND
        found, weights = [np.zeros(0, np.int64)], [np.zeros(0)]
        known = history[(history >= 0) & (history < past.items)][:self.history]
        for place, code in enumerate(known.tolist()):
            low, high = past.ends[code], past.ends[code + 1]
            high = low + np.searchsorted(past.when[low:high], time)
            row = past.row[max(high - self.sample, low):high]
            for _ in range(self.ahead):
                row = row[past.more[row]] + 1
                row = row[(past.available[row] < time)]
                near = row[past.time[row] - past.time[row - 1] <= self.within * SECOND]
                found.append(past.item[near])
                weights.append(np.exp2(-place - (time - past.time[near]) / half_life))
                row = near
        return np.concatenate(found), np.concatenate(weights)

    def _over(self, past: _Past, rows: I64 | None = None) -> Sessions:
        other = Sessions(**histories.parameters(self))
        other._past, other._rows = past, rows
        return other


@dataclass(frozen=True, kw_only=True)
class _Past:
    """Events by user and time, and those of each item by when they became available."""

    user: I32  # [n]
    item: I64  # [n]
    time: I64  # [n]
    available: I64  # [n]
    more: Bools  # [n] whether the same user has a next event
    ends: I64  # [items + 1] where the events of each item end
    row: I64  # [n] the events, item by item
    when: I64  # [n] when each of these became available
    items: int


def _past(user: I32, item: Array, time: I64, available: I64, items: int) -> _Past:
    order = np.lexsort((item, time, user))
    user, item, time, available = user[order], item[order].astype(np.int64), time[order], available[order]
    row = np.lexsort((available, item))
    return _Past(user=user, item=item, time=time, available=available, more=np.append(user[1:] == user[:-1], False)[:len(user)],
                 ends=np.searchsorted(item[row], np.arange(items + 1)), row=row, when=available[row], items=items)


def _copied(found: Sparse, rows: I64) -> Sparse:
    """The opinion of a catalogue whose item j is a copy of item `rows[j]`."""
    order = np.argsort(rows, kind="stable")
    first = np.searchsorted(rows[order], np.arange(found.items + 1))
    request, item = np.divmod(found.key, max(found.items, 1))
    copies = np.diff(first)[item]
    at = np.repeat(first[item] - np.cumsum(copies) + copies, copies) + np.arange(copies.sum())
    key = np.repeat(request, copies) * len(rows) + order[at]
    by_key = np.argsort(key)
    return Sparse(key=key[by_key], scores=np.repeat(found.scores, copies)[by_key], requests=found.requests, items=len(rows))
