"""How much a user likes what an item has: `{affinity: genres, over: 90d}`."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from sevenfold.errors import DesignError
from sevenfold.features.columns import coded, frequent, is_words
from sevenfold.features.kernel import Index, Moment, prefix, ratio, stretches
from sevenfold.features.past import Fitted, Past, State
from sevenfold.features.present import Present, Reader
from sevenfold.nouns import I64, Array, Log
from sevenfold.units import Duration

MOST = 1000  # values


class Affinity:
    """The share of the user's positive events in the window whose item has the candidate's value of an attribute.

    Averaged over the candidate's values; NaN where the user has no positive event in the window or the candidate no
    value. The 1000 most frequent values before the cut count; rarer ones are left out.
    """

    def __init__(self, *, affinity: str, over: Duration | None = None) -> None:
        self.affinity = affinity
        self.over = over

    def fit(self, past: Past) -> Fitted:
        """The values that count."""
        items = past.data.items
        column = past.column(self.affinity, items.table)
        if past.group != "pair" or not is_words(column):
            raise DesignError(past.where, f"expected a feature of pair that reads words, got one of {past.group} that "
                              f"reads {column.type}", "Affinity compares a user's past with a candidate's words.")
        return Fitted({"levels": frequent(column.filter(pa.array(past.existing(items))), MOST)})

    def reader(self, group: str, state: State, present: Present) -> Reader:
        """[m] shares."""
        table = _Table(present.data.items.table[self.affinity], state["levels"])
        positives = present.positives("user", self.over)
        return lambda at: table.shares(at, at.held(positives))


class _Table:
    """The values of each item: those of item i are `value[start[i]:start[i] + size[i]]`; the last item is nobody."""

    def __init__(self, column: pa.ChunkedArray, levels: Array) -> None:
        item, value = coded(column, levels)
        order = np.argsort(item, kind="stable")
        order = order[value[order] < len(levels)]
        self.levels = len(levels)
        self.value = value[order]
        self.size = np.bincount(item[order], minlength=len(column) + 1)
        self.start = np.cumsum(self.size) - self.size

    def of(self, items: Array) -> tuple[I64, I64]:
        """How many values each of these items has, none of one beyond the catalogue; and the values."""
        items = np.minimum(items, len(self.size) - 1)
        start, size = self.start[items], self.size[items]
        return size, self.value[stretches(start, start + size)[1]]

    def shares(self, at: Moment, positives: Any) -> Array:
        """[m] shares: integers until the one division."""
        size, value = self.of(at.entity("item"))
        count = prefix(self._counts(at, positives, at.request.repeat(size), value))[prefix(size)]
        return ratio(count[1:] - count[:-1], positives.count(at) * size)

    def _counts(self, at: Moment, positives: Any, request: Array, value: I64) -> I64:
        """The positive events with each value of the users who ask: a request's all at once where that is less to ask."""
        requests, _ = at.requests
        if len(requests) * self.levels > len(value):
            return self._of_users(at, positives, request, value)
        ends, events = positives.every(Moment(at.asked, at.present, requests))
        size, liked = self.of(at.present.data.log.item[events])
        owner = np.arange(len(requests)).repeat(ends[1:] - ends[:-1]).repeat(size)
        every: I64 = np.bincount(owner * self.levels + liked, minlength=len(requests) * self.levels)
        found: I64 = every[(request - requests[:1]) * self.levels + value]
        return found

    def _of_users(self, at: Moment, positives: Any, request: Array, value: I64) -> I64:
        entity = self._entity(at.present.who(at.asked.requests)[request], value)
        index: Index = at.present.once((self, Index), lambda: self._index(at.present.data.log, positives.rows))
        last, first = (place[request] for place in positives.places(at))
        return index.position(entity, last) - index.position(entity, first)

    def _index(self, log: Log, rows: I64) -> Index:
        """The positive events by user and value."""
        size, value = self.of(log.item[rows])
        return Index(self._entity(log.user[rows].repeat(size), value), len(log).bit_length(), np.arange(len(rows)).repeat(size))

    def _entity(self, user: Array, value: I64) -> I64:
        return np.where(user < 0, -1, user.astype(np.int64) * self.levels + value)
