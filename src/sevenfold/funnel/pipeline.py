"""The funnel that evaluation, `answer`, HTTP and batch all call: retrieve → features → rank → re-rank.

`Pipeline` holds fitted parts and a `View` of the log. There is no second implementation of serving to measure it by.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import numpy as np

from sevenfold.errors import Unavailable
from sevenfold.features import View
from sevenfold.funnel.calibration import Calibration
from sevenfold.funnel.candidates import Allowed, Listed, Silent, Whole, listed, merge, places
from sevenfold.funnel.reranking import Context, follow
from sevenfold.nouns import F32, F64, I32, I64, Answers, Candidates, Requests, Rows, Visits

HISTORY = 50
MANY = 10_000  # items from which on a source is asked for its best, not for a score of each
STAGES = ("retrieve", "features", "rank", "rerank")


class Retriever(Protocol):
    """Scores every item for a visit."""

    def scores(self, visits: Visits) -> F32: ...  # noqa: D102
    def grow(self, rows: I64) -> Any: ...  # noqa: D102


class Learner(Protocol):
    """Scores rows of features."""

    def scores(self, rows: Rows) -> F32: ...  # noqa: D102
    def grow(self, rows: I64) -> Any: ...  # noqa: D102


class Reranker(Protocol):
    """Chooses and orders the k that are shown."""

    def order(self, items: I32, scores: F64, context: Context, k: int) -> I64: ...  # noqa: D102


def never(stage: str, source: str = "", lost: bool = False) -> bool:
    """Nothing is late: all the time that it takes."""
    return False


@dataclass(frozen=True, kw_only=True)
class Pipeline:
    """One solution, fitted, over a view of the log. `clock` collects the seconds of each stage."""

    retrievers: Mapping[str, Retriever]
    ranker: Learner | None  # None: the order of retrieval
    rerankers: tuple[Reranker, ...]
    view: View
    keep: int  # candidates after retrieval
    rank_keep: int  # candidates after ranking
    quotas: Mapping[str, int] = field(default_factory=dict)  # retriever → how many it may propose, where not all
    calibration: Calibration | None = None  # from the ranker's score to a probability
    threshold: float | None = None  # from which probability on the answer is yes, where it is yes or no
    copies: I64 | None = None  # of a synthetic catalogue: the item that each one copies
    late: Callable[..., bool] = never  # (stage, source): whether its time is over before it starts, so that it is left out
    clock: dict[str, float] = field(default_factory=dict)

    def answer(self, requests: Requests, k: int, *, trace: bool = False) -> Answers:
        """The k best items for each request, best first; with `trace`, every candidate and each stage's score.

        Of requests about an item the answer is that item and what is predicted of it.
        """
        candidates = self.retrieve(requests) if requests.item is None else given(requests)
        scores = self._scores(requests, candidates)
        with self._stage("rank"):
            ranked = best(candidates, scores, self.rank_keep)
        with self._stage("rerank"):
            shown, chances = self._rerank(requests, candidates, scores, ranked, k)
        answers = _answers(len(requests), k, candidates, scores, shown)
        stages = {"rank": scores, "kept": _only(scores, ranked), "rerank": _only(scores, shown), "chance": chances}
        return replace(answers, candidates=candidates, stages=stages) if trace else answers

    def retrieve(self, requests: Requests) -> Candidates:
        """What the sources propose: alive, not seen, each once."""
        with self._stage("retrieve"):
            visits, allowed = self.view.visits(requests, HISTORY), self.allowed(requests)
            lists = {name: listed(Silent(), 1) if self.late("retrieve", name) else self._proposed(name, visits, allowed)
                     for name in self.retrievers}
            return merge(lists, self.keep, self.view.items)

    def allowed(self, requests: Requests) -> Allowed:
        """What may be proposed."""
        offsets, seen = self.view.seen(requests)
        return Allowed(offsets=offsets, seen=seen, time=requests.time, born=self.view.born, items=self.view.items)

    def _proposed(self, name: str, visits: Visits, allowed: Allowed) -> Listed:
        """A source's list: of all scores where items are few, else of what it finds without them."""
        source: Any = self.retrievers[name]
        most = min(self.keep, self.quotas.get(name, self.keep))
        if allowed.items > MANY and hasattr(source, "opinion"):
            return listed(source.opinion(visits), most, allowed)
        return listed(Whole(scores=allowed.only(source.scores(visits))), most)

    def rows(self, requests: Requests, candidates: Candidates) -> Rows:
        """The candidates with their features, and what the sources thought of them as further columns."""
        with self._stage("features"):
            rows = self.view.rows(requests, candidates)
            opinions = {f"{name}.{what}": column for what, columns in
                        (("score", candidates.sources), ("rank", candidates.ranks)) for name, column in columns.items()}
            values = np.column_stack([rows.values, *opinions.values()]).astype(np.float32, copy=False)
            return replace(rows, values=values, names=(*rows.names, *opinions))

    def _scores(self, requests: Requests, candidates: Candidates) -> F32:
        """What the ranker thinks of each candidate [n]; without one, or where it is late, the sources together."""
        if self.ranker is None or not len(candidates) or self.late("rank"):
            return fuse(candidates)
        rows = self.rows(requests, candidates)
        with self._stage("rank"):
            try:
                scores = self.ranker.scores(rows)
            except Unavailable:
                if requests.item is not None:  # a prediction has no order of retrieval
                    raise
                self.late("rank", lost=True)
                return fuse(candidates)
            return self.calibration(scores) if self.calibration else scores

    def grow(self, rows: I64) -> Pipeline:
        """The same pipeline over a synthetic catalogue whose item j is a copy of item `rows[j]`."""
        return replace(self, retrievers={name: source.grow(rows) for name, source in self.retrievers.items()},
                       ranker=self.ranker.grow(rows) if self.ranker else None, view=self.view.grow(rows), copies=rows,
                       clock={})

    def _rerank(self, requests: Requests, candidates: Candidates, scores: F32, ranked: I64, k: int) -> tuple[I64, F32]:
        """Rows of what is shown, request by request, best first; and [n] with which chance, of one that draws."""
        chances = np.full(len(scores), np.nan, dtype=np.float32)
        if not self.rerankers or self.late("rerank"):
            return ranked[places(candidates.request[ranked]) < k], chances
        chosen = []
        for mine in np.split(ranked, np.flatnonzero(np.diff(candidates.request[ranked])) + 1) if len(ranked) else []:
            steps = follow(self.rerankers, candidates.item[mine], scores[mine].astype(np.float64),
                           self.context(requests, candidates.request[mine[0]]), k)
            last = mine[steps[-1].order]
            if steps[-1].chances is not None:
                chances[last] = steps[-1].chances
            chosen.append(last)
        return np.concatenate([*chosen, ranked[:0]]), chances

    def context(self, requests: Requests, row: int) -> Context:
        """What re-rankers may know of a request."""
        items = self.view.data.items
        return Context(content=self.view.content, table=items.table, born=items.born, copies=self.copies,
                       time=int(requests.time[row]), user=int(requests.user[row]))

    @contextmanager
    def _stage(self, name: str) -> Iterator[None]:
        start = time.perf_counter()
        yield
        self.clock[name] = self.clock.get(name, 0.0) + time.perf_counter() - start


def given(requests: Requests) -> Candidates:
    """The items that requests ask about, each the only candidate of its request; -1 where it is about none."""
    assert requests.item is not None
    return Candidates(request=np.arange(len(requests), dtype=np.int32), item=requests.item, sources={}, ranks={})


def fuse(candidates: Candidates) -> F32:
    """Reciprocal rank fusion of the sources' lists (Cormack, Clarke, Büttcher 2009): Σ 1 / (60 + place), [n]."""
    total = np.zeros(len(candidates))
    for ranks in candidates.ranks.values():
        total += np.nan_to_num(1.0 / (61.0 + ranks.astype(np.float64)))
    return total.astype(np.float32)


def best(candidates: Candidates, scores: F32, keep: int) -> I64:
    """Rows of the `keep` best of each request, best first, ties by id."""
    order = np.lexsort((candidates.item, -scores, candidates.request))
    return order[places(candidates.request[order]) < keep]


def _answers(size: int, k: int, candidates: Candidates, scores: F32, shown: I64) -> Answers:
    items = np.full((size, k), -1, dtype=np.int32)
    final = np.full((size, k), np.nan, dtype=np.float32)
    at = candidates.request[shown], places(candidates.request[shown])
    items[at], final[at] = candidates.item[shown], scores[shown]
    return Answers(items=items, scores=final)


def _only(scores: F32, rows: I64) -> F32:
    """The scores at `rows`, NaN elsewhere."""
    kept = np.full(len(scores), np.nan, dtype=np.float32)
    kept[rows] = scores[rows]
    return kept
