"""From scores to candidates: the best of each source, merged, each item once, with where it came from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from sevenfold.nouns import F32, I32, I64, Bools, Candidates


@dataclass(frozen=True, kw_only=True)
class Ranked:
    """The best items of a batch, best first, ties by the lower code; -inf where there is none."""

    items: I32  # [B, n]
    scores: F32  # [B, n]


class Opinion(Protocol):
    """What a source thinks of items for a batch of visits, without a score for each of them."""

    @property
    def items(self) -> int: ...  # noqa: D102 - that the source knows
    def best(self, n: int) -> Ranked: ...  # noqa: D102
    def of(self, request: I32, item: I32) -> F32: ...  # noqa: D102 - [n] of rising requests, -inf of what it would never propose


@dataclass(frozen=True, kw_only=True)
class Allowed:
    """What may be proposed to a batch of requests: alive, and not seen."""

    offsets: I64  # [B + 1] CSR of
    seen: I32  # what each has seen
    time: I64  # [B]
    born: I64 | None  # [items]
    items: int

    def __call__(self, request: I32, item: I32) -> Bools:
        """[n] whether an item may be proposed to a request."""
        owner = np.repeat(np.arange(len(self.time)), np.diff(self.offsets))
        unseen = ~np.isin(request * np.int64(self.items) + item, owner * np.int64(self.items) + self.seen)
        return unseen if self.born is None else unseen & (self.born[item] < self.time[request])

    def only(self, scores: F32) -> F32:
        """`scores` [B, items] with -inf for everything else; of a source that knows fewer items also for those it lacks."""
        lacking = self.items - scores.shape[1]
        scores = np.pad(scores, ((0, 0), (0, lacking)), constant_values=-np.inf) if lacking else scores.copy()
        if self.born is not None:
            scores[self.born[None, :] >= self.time[:, None]] = -np.inf
        scores[np.repeat(np.arange(len(scores)), np.diff(self.offsets)), self.seen] = -np.inf
        return scores


@dataclass(frozen=True, kw_only=True)
class Listed:
    """A source's proposals, flat, and its score of any item: [n] requests (rising), items and places from 0."""

    request: I32
    item: I32
    rank: I32
    opinion: Opinion


@dataclass(frozen=True, kw_only=True)
class Sparse:
    """The opinion of a source that proposes few items of many: its scores, rising by request and item."""

    key: I64  # [m] request × items + item
    scores: F32  # [m]
    requests: int
    items: int

    def best(self, n: int) -> Ranked:
        """The n best of each request."""
        request, item = (part.astype(np.int32) for part in np.divmod(self.key, max(self.items, 1)))
        order = np.lexsort((item, -self.scores, request))
        place = places(request[order])
        order, place = order[place < n], place[place < n]
        items = np.zeros((self.requests, int(place.max(initial=-1)) + 1), dtype=np.int32)
        scores = np.full(items.shape, -np.inf, dtype=np.float32)
        items[request[order], place], scores[request[order], place] = item[order], self.scores[order]
        return Ranked(items=items, scores=scores)

    def of(self, request: I32, item: I32) -> F32:
        """[n] scores."""
        wanted = request * np.int64(self.items) + item
        at = np.searchsorted(self.key, wanted)
        hit = np.append(self.key, -1)[at] == wanted
        return np.where(hit, np.append(self.scores, np.float32(-np.inf))[at], np.float32(-np.inf))


@dataclass(frozen=True, kw_only=True)
class Silent:
    """The opinion of a source that was not asked."""

    items: int = 0

    def best(self, n: int) -> Ranked:
        """Nothing."""
        return Ranked(items=np.zeros((0, 0), np.int32), scores=np.zeros((0, 0), np.float32))

    def of(self, request: I32, item: I32) -> F32:
        """[n] nothing."""
        return np.full(len(item), -np.inf, dtype=np.float32)


@dataclass(frozen=True, kw_only=True)
class Shared:
    """The opinion of a source that thinks the same for everybody at a moment."""

    scores: Sequence[F32]  # moment → [items]
    orders: Sequence[I64]  # moment → [items] best first
    which: I64  # [B] the moment of each visit
    items: int

    def best(self, n: int) -> Ranked:
        """The n best at each visit's moment."""
        items = np.stack([order[:n] for order in self.orders])
        scores = np.stack([scores[best] for scores, best in zip(self.scores, items, strict=True)])
        return Ranked(items=items[self.which].astype(np.int32), scores=scores[self.which])

    def of(self, request: I32, item: I32) -> F32:
        """[n] scores."""
        found = np.empty(len(item), dtype=np.float32)
        ends = np.searchsorted(request, np.arange(len(self.which) + 1))
        for moment, low, high in zip(self.which.tolist(), ends[:-1].tolist(), ends[1:].tolist(), strict=True):
            found[low:high] = self.scores[moment][item[low:high]]
        return found


@dataclass(frozen=True, kw_only=True)
class Whole:
    """The opinion of a source that scores all items: [B, items], -inf of what it does not propose."""

    scores: F32

    @property
    def items(self) -> int:
        """How many there are."""
        return int(self.scores.shape[1])

    def best(self, n: int) -> Ranked:
        """The n best columns of each row."""
        items = top(self.scores, n)
        return Ranked(items=items, scores=np.take_along_axis(self.scores, items, axis=1))

    def of(self, request: I32, item: I32) -> F32:
        """[n] scores."""
        return self.scores[request, item]


def top(scores: F32, k: int) -> I32:
    """The k best columns of each row of `scores` [B, N], best first, ties by the lower column: [B, min(k, N)]."""
    rows, columns = scores.shape
    k = min(k, columns)
    chosen = np.empty((rows, k), np.int32)
    threshold = np.partition(scores, columns - k, axis=1)[:, columns - k]
    for mine, row, least in zip(chosen, scores, threshold, strict=True):
        at = np.flatnonzero(row >= least)  # rising, so that a stable sort breaks ties by the lower column
        mine[:] = at[np.argsort(-row[at], kind="stable")[:k]]
    return chosen


def listed(opinion: Opinion, keep: int, allowed: Allowed | None = None) -> Listed:
    """The `keep` best of each request that may be proposed; asked for more until there are so many, or no more."""
    wanted = keep if allowed is None else keep + int(np.diff(allowed.offsets).max(initial=0))
    while True:
        found = opinion.best(wanted)
        at = np.nonzero(np.isfinite(found.scores))
        request, item = at[0].astype(np.int32), found.items[at]
        if allowed is not None:
            good = allowed(request, item)
            request, item = request[good], item[good]
        rank = places(request).astype(np.int32)
        enough = np.bincount(request, minlength=len(found.items)) >= keep
        ended = ~np.isfinite(found.scores[:, -1]) if found.scores.shape[1] >= wanted else np.True_
        if np.all(enough | ended):
            kept = rank < keep
            return Listed(request=request[kept], item=item[kept], rank=rank[kept], opinion=opinion)
        wanted *= 4


def merge(lists: Mapping[str, Listed], keep: int, items: int) -> Candidates:
    """The first `keep` items of each request, of `items` in all, taken from the sources' lists turn by turn.

    A place further up in any list wins; among equal places the source named first.
    """
    source = np.repeat(np.arange(len(lists)), [len(one.item) for one in lists.values()])
    request, item, rank = (np.concatenate([getattr(one, name) for one in lists.values()]) for name in ("request", "item", "rank"))
    key = request.astype(np.int64) * items + item
    order = np.lexsort((source, rank, request))
    first = np.sort(np.unique(key[order], return_index=True)[1])
    best = order[first]
    kept = np.sort(key[best[places(request[best]) < keep]])
    found = {"request": (kept // items).astype(np.int32), "item": (kept % items).astype(np.int32)}
    proposed, ranks = {}, {}
    for number, (name, one) in enumerate(lists.items()):
        mine = source == number
        at = np.searchsorted(kept, key[mine])
        hit = (at < len(kept)) & (kept[np.minimum(at, len(kept) - 1)] == key[mine]) if len(kept) else at < 0
        ranks[name] = np.full(len(kept), np.nan, dtype=np.float32)
        ranks[name][at[hit]] = rank[mine][hit]
        score = told(one.opinion, found["request"], found["item"])
        proposed[name] = np.where(np.isfinite(score), score, np.float32(np.nan))
    return Candidates(**found, sources=proposed, ranks=ranks)


def merged(scores: Mapping[str, F32], keep: int) -> Candidates:
    """`merge` of sources that score all items: source → [B, items], -inf of what it does not propose."""
    lists = {name: listed(Whole(scores=one), keep) for name, one in scores.items()}
    return merge(lists, keep, next(iter(scores.values())).shape[1])


def told(opinion: Opinion, request: I32, item: I32) -> F32:
    """[n] what a source thinks of items; -inf of those that came after it was fitted."""
    known, score = item < opinion.items, np.full(len(item), -np.inf, dtype=np.float32)
    score[known] = opinion.of(request[known], item[known])
    return score


def places(request: I32) -> I64:
    """The place of each row among those of its request, from 0; `request` must be rising."""
    return np.arange(len(request)) - np.searchsorted(request, request)
