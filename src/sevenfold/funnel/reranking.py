"""What re-rankers share: what they may read besides a list, scores on one scale, how one follows another, and their price."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from sevenfold.errors import ModelError, nearest
from sevenfold.nouns import F32, F64, I32, I64, SECOND, Answers


@dataclass(frozen=True, kw_only=True)
class Context:
    """The catalogue, and whose list it is and when."""

    content: F32  # [items, d] what is known of each item, in rows of length 1 or 0, so that a product is a cosine
    table: pa.Table  # what the data say of each item, a row each
    born: I64 | None  # since when each row's item can be shown; None: nobody says
    time: int  # µs
    user: int  # code
    copies: I64 | None = None  # [items] the row of each item of a synthetic catalogue; None: its own

    def attributes(self, items: I32, names: list[str], where: str) -> pa.Table:
        """Those columns of what is known of `items`, in their order; `ModelError` names one that is not there."""
        for name in names:
            if name not in self.table.column_names:
                raise ModelError(where, f"the table of items has no column '{name}'", nearest(name, self.table.column_names))
        return self.table.select(names).take(pa.array(self._rows(items)))

    def age(self, items: I32, where: str) -> F64:
        """Seconds since each of `items` could first be shown; `ModelError` where the data do not say when."""
        if self.born is None:
            raise ModelError(where, "the data do not say since when an item can be shown",
                             "Name the column that does: data.items.born.")
        return (self.time - self.born[self._rows(items)].astype(np.float64)) / SECOND

    def _rows(self, items: I32) -> I32 | I64:
        return items if self.copies is None else self.copies[items]


def best_first(items: I32, scores: F64) -> I64:
    """Positions in the order of the scores, ties by the lower item code."""
    return np.lexsort((items, -scores))


def stretched(scores: F64) -> F64:
    """Scores brought to 0..1; zeros where all are equal."""
    wide = np.asarray(scores, np.float64)
    low, high = (wide.min(), wide.max()) if len(wide) else (0.0, 0.0)
    return (wide - low) / (high - low) if high > low else np.zeros(len(wide))


def falling(scores: F64) -> F64:
    """The same scores in falling order, no two equal: handed on with a new order, they say it to the next re-ranker."""
    ordered = np.sort(scores)[::-1]
    step = 1e-9 * (np.abs(ordered).max(initial=0.0) or 1.0)
    return ordered - step * np.arange(len(ordered))


class Left(NamedTuple):
    """What a re-ranker left of a list."""

    order: I64  # [m] positions in the list that the first one was given, best first
    chances: F64 | None  # [m] with which each came to its place, of one that draws


def follow(rerankers: Sequence[Any], items: I32, scores: F64, context: Context, k: int) -> list[Left]:
    """What each re-ranker in turn leaves of a list; the last at most k. Each reads the order before it from the scores."""
    order, value, found = np.arange(len(items)), scores, []
    for number, reranker in enumerate(rerankers, start=1):
        mine = items[order]
        chosen = reranker.order(mine, value, context, k if number == len(rerankers) else len(mine))
        chances = reranker.chances(mine, value, chosen) if hasattr(reranker, "chances") else None
        order, value = order[chosen], falling(value)[:len(chosen)]
        found.append(Left(order, chances))
    return found


class Price(NamedTuple):
    """What a re-ranker made of B lists, to be held against the same metric of both: metric lost per unit gained."""

    unit: str | None  # what `gained` counts; None where nothing can be counted
    before: I32  # [B, k] the items before it, padded with -1
    after: I32  # [B, k]
    gained: F64  # [B] how much better, in its own unit, the list became; NaN of an empty list, or without a unit


def prices(rerankers: Sequence[Any], answers: Answers, context: Callable[[int], Context], size: int, k: int) -> list[Price]:
    """What each re-ranker did to the k best of `size` requests, from a traced answer; `context` of a request's number.

    What one gains is the difference that its verb `worth` (of a list; more is better) finds between both lists.
    """
    candidates = answers.candidates
    assert candidates is not None, "the answer was traced"
    shown = np.full((len(rerankers) + 1, size, k), -1, np.int32)
    gained = np.full((len(rerankers), size), np.nan)
    for request in np.unique(candidates.request):
        rows = np.flatnonzero((candidates.request == request) & np.isfinite(answers.stages["kept"]))
        items, scores, about = candidates.item[rows], answers.stages["rank"][rows].astype(np.float64), context(int(request))
        orders = [best_first(items, scores), *(left.order for left in follow(rerankers, items, scores, about, len(items)))]
        lists = [items[order[:k]] for order in orders]
        for number, one in enumerate(lists):
            shown[number, request, :len(one)] = one
        for number, reranker in enumerate(rerankers):
            before, after = lists[number:number + 2]
            if hasattr(reranker, "worth") and len(before) and len(after):
                gained[number, request] = reranker.worth(after, about) - reranker.worth(before, about)
    return [Price(getattr(reranker, "unit", None), shown[number], shown[number + 1], gained[number])
            for number, reranker in enumerate(rerankers)]
