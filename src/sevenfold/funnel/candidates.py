"""From scores to candidates: the best of each source, merged, each item once, with where it came from."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from sevenfold.nouns import F32, I32, I64, Bools, Candidates


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


def exclude(scores: F32, offsets: I64, items: I32, alive: Bools) -> F32:
    """`scores` [B, N] with what a request has seen (CSR) and what does not exist yet set to -inf."""
    scores = np.where(alive, scores, -np.inf)
    scores[np.repeat(np.arange(len(scores)), np.diff(offsets)), items] = -np.inf
    return scores


def merge(scores: Mapping[str, F32], keep: int, quotas: Mapping[str, int] | None = None) -> Candidates:
    """The first `keep` items of each request, taken from the sources' lists turn by turn; of a source at most its quota.

    `scores`: source → [B, N], -inf where the item may not be proposed. A place further up in any list wins; among equal
    places the source named first.
    """
    items = next(iter(scores.values())).shape[1]
    most = [min(keep, (quotas or {}).get(name, keep)) for name in scores]
    lists = [_list(source, matrix, most[source]) for source, matrix in enumerate(scores.values())]
    request, item, rank, source = (np.concatenate(columns) for columns in zip(*lists, strict=True))
    key = request.astype(np.int64) * items + item
    order = np.lexsort((source, rank, request))
    first = np.sort(np.unique(key[order], return_index=True)[1])
    best = order[first]
    kept = np.sort(key[best[places(request[best]) < keep]])
    found = {"request": (kept // items).astype(np.int32), "item": (kept % items).astype(np.int32)}
    proposed, ranks = {}, {}
    for number, (name, matrix) in enumerate(scores.items()):
        mine = source == number
        at = np.searchsorted(kept, key[mine])
        hit = (at < len(kept)) & (kept[np.minimum(at, len(kept) - 1)] == key[mine]) if len(kept) else at < 0
        ranks[name] = np.full(len(kept), np.nan, dtype=np.float32)
        ranks[name][at[hit]] = rank[mine][hit]
        score = matrix[found["request"], found["item"]]
        proposed[name] = np.where(np.isfinite(score), score, np.float32(np.nan))
    return Candidates(**found, sources=proposed, ranks=ranks)


def _list(source: int, scores: F32, keep: int) -> tuple[I32, I32, I32, I32]:
    """One source's list, flat: request, item, rank, source; what may not be proposed left out."""
    chosen = top(scores, keep)
    request, rank = np.nonzero(np.isfinite(np.take_along_axis(scores, chosen, axis=1)))
    return (request.astype(np.int32), chosen[request, rank], rank.astype(np.int32),
            np.full(len(rank), source, dtype=np.int32))


def places(request: I32) -> I64:
    """The place of each row among those of its request, from 0; `request` must be rising."""
    return np.arange(len(request)) - np.searchsorted(request, request)
