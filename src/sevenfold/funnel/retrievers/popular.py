"""Popularity by recency: what most people chose lately, the same for everybody."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import ClassVar

import numpy as np

from sevenfold.funnel import histories
from sevenfold.funnel.candidates import Shared
from sevenfold.nouns import F32, I32, I64, SECOND, Interactions, Log, Visits
from sevenfold.units import Duration

REFRESHES = 32  # in a half-life: as often the counts are taken anew
HORIZON = 20  # half-lives after which an event weighs less than a millionth


class Popular:
    """Counts of positive events that halve with each `half_life`, taken anew 32 times in a half-life.

    Scores are log(1 + decayed count), so that a linear ranker can use them. Once it follows a log it reads only what was
    available strictly before the last refresh, so it fits no rows that another stage could have read; before that its
    counts stand at the cut. Everybody gets an answer, with or without a history.
    """

    random = False
    space: ClassVar = {"half_life": (86400.0, 31536000.0, "log")}
    where = "popular"

    def __init__(self, *, half_life: Duration = 2592000.0) -> None:
        self.half_life = half_life
        self._scores: F32 = np.zeros(0, np.float32)
        self._rows: I64 | None = None  # of a synthetic catalogue: the item that each one copies
        self._events: tuple[I64, I32] | None = None  # when each was available, rising, and its item

    def fit(self, interactions: Interactions, *, seed: int) -> None:
        """Learn from the events before the cut; `ModelError` when there is none."""
        histories.above_zero(self.where, half_life=self.half_life)
        histories.some(self.where, interactions)
        self._scores = self._counted(interactions.cut, interactions.time, interactions.item, interactions.items)

    def following(self, log: Log, items: int) -> Popular:
        """The same retriever, its counts read from a log as of each visit."""
        order = np.flatnonzero(log.positive & (log.item >= 0))
        order = order[np.argsort(log.available[order], kind="stable")]
        live = Popular(half_life=self.half_life)
        live._scores, live._events = np.zeros(items, np.float32), (log.available[order], log.item[order])
        return live._remembering()

    def scores(self, visits: Visits) -> F32:
        """The score of every item [B, items], finite everywhere."""
        moments, which = self._moments(visits)
        return np.stack([self._at(moment) for moment in moments])[which] if moments else np.zeros((0, self._items), np.float32)

    def opinion(self, visits: Visits) -> Shared:
        """The same of a catalogue too large to score it whole for everybody."""
        moments, which = self._moments(visits)
        return Shared(scores=[self._at(moment) for moment in moments], orders=[self._order(moment) for moment in moments],
                      which=which, items=self._items)

    def _moments(self, visits: Visits) -> tuple[list[int], I64]:
        """The refreshes that visits read, and each visit's [B]."""
        step = max(round(self.half_life * SECOND / REFRESHES), 1)
        times = visits.time // step * step if self._events is not None else np.zeros_like(visits.time)
        moments, which = np.unique(times, return_inverse=True)
        return moments.tolist(), which

    def _at(self, moment: int) -> F32:
        """[items] as of a moment: what was available before it."""
        scores = self._scores
        if self._events is not None:
            time, item = self._events
            low, high = np.searchsorted(time, [moment - round(HORIZON * self.half_life * SECOND), moment])
            scores = self._counted(moment, time[low:high], item[low:high], len(scores))
        return scores if self._rows is None else scores[self._rows]

    def _order(self, moment: int) -> I64:
        return np.argsort(-self._at(moment), kind="stable")

    def _remembering(self) -> Popular:
        """The same, which counts for each refresh once."""
        self._at = functools.lru_cache(maxsize=64)(self._at)  # type: ignore[method-assign]
        self._order = functools.lru_cache(maxsize=64)(self._order)  # type: ignore[method-assign]
        return self

    @property
    def _items(self) -> int:
        return len(self._scores if self._rows is None else self._rows)

    def _counted(self, moment: int, time: I64, item: I32, items: int) -> F32:
        age = (moment - time) / (SECOND * self.half_life)
        return np.log1p(np.bincount(item, np.exp2(-age), items)).astype(np.float32)

    def grow(self, rows: I64) -> Popular:
        """The same retriever over a catalogue whose item j is a copy of item `rows[j]`."""
        grown = Popular(half_life=self.half_life)
        grown._scores, grown._events, grown._rows = self._scores, self._events, rows
        return grown._remembering()

    def save(self, folder: Path) -> None:
        """Write parameters and the counts at the cut into `folder`."""
        histories.save(folder, {"half_life": self.half_life}, {"scores": self._scores})

    @classmethod
    def load(cls, folder: Path) -> Popular:
        """What `save` wrote; `ModelError` when it cannot be read."""
        params, arrays = histories.load(folder)
        popular = cls(**params)
        popular._scores = arrays["scores"]
        return popular._remembering()
