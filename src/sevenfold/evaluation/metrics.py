"""How good lists of items are: metrics over ranked answers and the items that turned out relevant.

Relevance is binary, but for nDCG, which weighs hits by their grade. A request without anything relevant has no value
(NaN): it is left out of every mean. The metrics of `REGISTRY` give one value per request [B] from hits alone; `novelty`
also needs to know what is popular, and `coverage` is one number for a whole batch.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from sevenfold.nouns import F32, F64, I32, I64, Array, Bools, Candidates


@dataclass(frozen=True, kw_only=True)
class Judged:
    """Ranked lists held against the truth."""

    hits: Bools  # [B, k] the item at this place is relevant; best first
    total: I64  # [B] how many items are relevant
    gains: F64  # [B, k] the grade of the item at this place; 0 of one that is not relevant
    ideal: F64  # [B, k] the grades that the best list would show


def judge(items: I32, offsets: I64, relevant: I32, grade: F32 | None = None) -> Judged:
    """Hold lists [B, k], padded with -1, against each request's `relevant[offsets[b]:offsets[b + 1]]`.

    `grade` says of each how relevant it is, 1 where it is not given.
    """
    wanted, first = np.unique(_keys(_rows(offsets), relevant), return_index=True)
    grades = (np.ones(len(wanted)) if grade is None else grade[first].astype(np.float64))
    shown = _keys(np.arange(len(items))[:, None], items)
    hits = np.isin(shown, wanted) & (items >= 0)
    gains = np.zeros(hits.shape)
    gains[hits] = grades[np.searchsorted(wanted, shown[hits])]
    total = np.bincount(wanted >> 32, minlength=len(items)).astype(np.int64)
    return Judged(hits=hits, total=total, gains=gains, ideal=_ideal(wanted >> 32, grades, total, hits.shape[1]))


def _ideal(request: I64, grades: F64, total: I64, k: int) -> F64:
    """[B, k] each request's grades, the highest first, as many as a list has places."""
    order = np.lexsort((-grades, request))
    place = np.arange(len(order)) - np.repeat(np.cumsum(total) - total, total)
    best = np.zeros((len(total), k))
    best[request[order][place < k], place[place < k]] = grades[order][place < k]
    return best


def ndcg(judged: Judged) -> F64:
    """Normalised discounted cumulative gain: Σ grade/log2(place + 1), over that of the best list of k.

    Source: Järvelin & Kekäläinen, Cumulated gain-based evaluation of IR techniques (2002), with the log2 discount from
    the first place on.
    """
    discount = 1 / np.log2(np.arange(2, judged.hits.shape[1] + 2))
    return _over(judged.gains @ discount, judged.ideal @ discount)


def precision(judged: Judged) -> F64:
    """The share of the k places that hold a relevant item; an empty place counts as a miss."""
    return _over(judged.hits.mean(axis=1), judged.total > 0)


def recall(judged: Judged) -> F64:
    """The share of the relevant items that the list holds, over all of them, even where they are more than k."""
    return _over(judged.hits.sum(axis=1), judged.total)


def map(judged: Judged) -> F64:
    """Average precision at k: the mean precision at the places of the hits, over min(relevant, k).

    Source: Manning, Raghavan & Schütze, Introduction to Information Retrieval (2008), section 8.4, cut at k.
    """
    places = np.arange(1, judged.hits.shape[1] + 1)
    so_far = np.cumsum(judged.hits, axis=1) / places
    return _over((so_far * judged.hits).sum(axis=1), _reachable(judged))


def mrr(judged: Judged) -> F64:
    """One over the place of the first hit, 0 where there is none. Source: Voorhees, TREC-8 QA track report (1999)."""
    places = np.arange(1, judged.hits.shape[1] + 1)
    first = (judged.hits / places).max(axis=1, initial=0.0)
    return _over(first, judged.total > 0)


def hit_rate(judged: Judged) -> F64:
    """1 where the list holds anything relevant, else 0."""
    return _over(np.any(judged.hits, axis=1), judged.total > 0)


REGISTRY: dict[str, Callable[[Judged], F64]] = {
    "ndcg": ndcg, "recall": recall, "precision": precision, "map": map, "mrr": mrr, "hit_rate": hit_rate,
}


def per_request(items: I32, offsets: I64, relevant: I32, k: int, grade: F32 | None = None) -> dict[str, F64]:
    """Every metric of the registry for each request, from the first k places: "ndcg@10" → [B]."""
    judged = judge(items[:, :k], offsets, relevant, grade)
    return {f"{name}@{k}": metric(judged) for name, metric in REGISTRY.items()}


def novelty(items: I32, popularity: I64) -> F64:
    """Mean self-information of the shown items, -log2 p, in bits: 0 would be an item that takes every event.

    p is an item's share of the training events (`popularity` [items]), with one added to each item so that new ones are
    finite. Source: Vargas & Castells, Rank and relevance in novelty and diversity metrics (2011), section 4.1.
    """
    counts = popularity + 1
    bits = np.log2(counts.sum()) - np.log2(counts)
    shown = items >= 0
    return _over((bits[items] * shown).sum(axis=1), shown.sum(axis=1))


def coverage(items: I32, alive: int) -> float:
    """The share of the `alive` items that are shown to anyone at all."""
    return len(np.unique(items[items >= 0])) / alive if alive else 0.0


def recall_of(candidates: Candidates, offsets: I64, relevant: I32) -> F64:
    """The share [B] of each request's relevant items among its candidates: what a stage leaves for the next."""
    wanted = np.unique(_keys(_rows(offsets), relevant))
    found = wanted[np.isin(wanted, _keys(candidates.request, candidates.item))]
    requests = len(offsets) - 1
    return _over(np.bincount(found >> 32, minlength=requests), np.bincount(wanted >> 32, minlength=requests))


def _rows(offsets: I64) -> I64:
    return np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))


def _keys(requests: Array, items: Array) -> I64:
    """Request and item as one number, so that sets of pairs are sets of numbers."""
    keys: I64 = (requests.astype(np.int64) << 32) | (items.astype(np.int64) & 0xFFFFFFFF)
    return keys


def _reachable(judged: Judged) -> I64:
    """How many hits the best list of k would have."""
    return np.minimum(judged.total, judged.hits.shape[1])


def _over(sums: Array, counts: Array) -> F64:
    result: F64 = np.divide(sums, counts, out=np.full(len(counts), np.nan), where=counts > 0, dtype=np.float64)
    return result
