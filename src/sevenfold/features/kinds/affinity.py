"""How much a user likes what an item has: `{affinity: genres, over: 90d}`."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from sevenfold.errors import DesignError
from sevenfold.features.columns import coded, frequent, is_words
from sevenfold.features.kernel import Index, Moment, prefix, ratio
from sevenfold.features.past import Fitted, Past, State
from sevenfold.features.present import Present, Reader
from sevenfold.nouns import I64, Array
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
    """The values of each item: those of item i are `value[ends[i]:ends[i + 1]]`."""

    def __init__(self, column: pa.ChunkedArray, levels: Array) -> None:
        item, value = coded(column, levels)
        order = np.argsort(item, kind="stable")
        order = order[value[order] < len(levels)]
        self.size = len(levels)
        self.value = value[order]
        self.ends = prefix(np.bincount(item[order], minlength=len(column)))

    def of(self, items: Array) -> tuple[I64, I64, I64]:
        """CSR of the values of these items, none of one beyond the catalogue: offsets, each one's place in `items`, values."""
        items = np.where(items < len(self.ends) - 1, items, -1)
        start = self.ends[items]
        ends = prefix(np.where(items < 0, 0, self.ends[items + 1] - start))
        rows = np.repeat(np.arange(len(items)), ends[1:] - ends[:-1])
        return ends, rows, self.value[np.arange(len(rows)) + (start - ends[:-1])[rows]]

    def index(self, present: Any, positives: Any) -> Index:
        """The positive events by user and value."""
        return present.once((self, Index), lambda: self._indexed(present, positives.rows))  # type: ignore[no-any-return]

    def _indexed(self, present: Any, rows: I64) -> Index:
        _, place, value = self.of(present.data.log.item[rows])
        user = present.data.log.user[rows][place].astype(np.int64)
        return Index(np.where(user < 0, -1, user * self.size + value), len(present.data.log).bit_length(), place)

    def shares(self, at: Moment, positives: Any) -> Array:
        """[m] shares: integers until the one division."""
        ends, rows, value = self.of(at.entity("item"))
        count = prefix(self._counts(at, positives, rows, value))[ends]
        return ratio(count[1:] - count[:-1], positives.count(at) * (ends[1:] - ends[:-1]))

    def _counts(self, at: Moment, positives: Any, rows: I64, value: I64) -> I64:
        """The user's positive events with each (row, value): asked once a request where that is less to ask."""
        request, (requests, _) = at.request[rows], at.requests
        if len(requests) * self.size > len(rows):
            return self._of_users(at, positives, request, value)
        ends, events = positives.every(Moment(at.asked, at.present, requests))
        _, place, liked = self.of(at.present.data.log.item[events])
        owner = np.arange(len(requests)).repeat(ends[1:] - ends[:-1])[place]
        grid = np.bincount(owner * self.size + liked, minlength=len(requests) * self.size)
        return grid[(request - requests[0]) * self.size + value] if len(rows) else rows

    def _of_users(self, at: Moment, positives: Any, request: Array, value: Array) -> I64:
        user = at.present.who(at.asked.requests)[request].astype(np.int64)
        entity = np.where(user < 0, -1, user * self.size + value)
        index = self.index(at.present, positives)
        last, first = (index.position(entity, place[request]) for place in positives.places(at))
        return last - first
