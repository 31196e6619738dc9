"""The point-in-time kernel: aggregates of events as of any moment, by sorting once and searching.

Stream   events in the order in which they became *available*; an event's **place** is its rank in that order
Index    for one key (user, item, pair …): every event as one integer, entity above place, sorted
Asked    a batch of requests; their times become places once
Moment   questions answered together: each of a request and, maybe, about an item
Span     what a Window reads of an index; its verbs are the aggregates

A moment t becomes the place of the first event not available before t (events at exactly t are thus outside), and
"the events of entity e before t" becomes one binary search for `(e, place)`. Everything that is added up is an
integer, so a window is the exact difference of two prefix sums, and one row is answered as a million are.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from threading import Lock
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa

from sevenfold.features.dominance import Dominance
from sevenfold.features.window import Edge, Window, weighed
from sevenfold.nouns import F64, I32, I64, Array, Bools, Requests

Made = TypeVar("Made")
LONG = 8192  # so many questions are worth sorting by entity: the index is then read from one end to the other


class Stream:
    """Events in order of availability, ties in order of the log."""

    def __init__(self, available: I64, rows: I64 | None = None) -> None:
        self.available = available if rows is None else available[rows]
        self.rows = rows  # [n] the row in the log of the event at each place; None: the place itself
        if np.any(self.available[1:] < self.available[:-1]):
            order = np.argsort(self.available, kind="stable")
            self.available, self.rows = self.available[order], self.row(order)
        self.bits = len(available).bit_length()

    def row(self, place: I64) -> I64:
        """The row in the log of the events at these places."""
        return place if self.rows is None else self.rows[place]

    def place(self, time: I64) -> I64:
        """How many events were available strictly before each time."""
        return search(self.available, time)


class Index:
    """The events of each entity, in order of their places; entities below 0 are left out."""

    def __init__(self, entity: Array, bits: int, place: I64 | None = None) -> None:
        keys = entity.astype(np.int64)
        keys <<= bits
        keys |= np.arange(len(keys)) if place is None else place
        keys.sort()  # far faster than a stable argsort
        self.keys = keys[np.searchsorted(keys, 0):]
        self.bits = bits

    @cached_property
    def places(self) -> I64:
        """The place of each event, entity after entity."""
        return self.keys & ((1 << self.bits) - 1)

    def position(self, entity: I64, place: I64) -> I64:
        """How many events stand before (entity, place); 0 for an entity below 0."""
        return search(self.keys, (entity << self.bits) | place)


class Asked:
    """A batch of requests, and the places of their times, found once for all who read them."""

    def __init__(self, requests: Requests) -> None:
        self.requests = requests
        self._lock = Lock()
        self._places: dict[tuple[Stream, Edge], I64] = {}

    def place(self, stream: Stream, edge: Edge) -> I64:
        """[B] the place of an edge told from each request."""
        with self._lock:  # threads that ask for the same wait for the first
            if (stream, edge) not in self._places:
                time = self.requests.time
                self._places[stream, edge] = np.zeros_like(time) if edge.back is None else stream.place(edge.times(time))
            return self._places[stream, edge]


class Memo:
    """What is made once for all features that ask."""

    def __init__(self) -> None:
        self._made: dict[Hashable, Any] = {}

    def once(self, key: Hashable, make: Callable[[], Made]) -> Made:
        """What `make` gives, or gave the first time."""
        if key not in self._made:
            self._made[key] = make()
        return self._made[key]  # type: ignore[no-any-return]


class Moment(Memo):
    """m questions answered together: each of a request and, where `item` is given, about an item."""

    def __init__(self, asked: Asked, present: Any, request: Array, item: I32 | None = None) -> None:
        super().__init__()
        self.asked = asked
        self.present = present  # who holds the events
        self.request = request
        self.item = item

    def __len__(self) -> int:
        return len(self.request)

    @property
    def user(self) -> I32:
        """[m] who asks."""
        return self.asked.requests.user[self.request]

    @property
    def time(self) -> I64:
        """[m] when."""
        return self.asked.requests.time[self.request]

    @property
    def requests(self) -> tuple[I64, I64]:
        """The requests from the first to the last that is asked, and which of them each question is of."""
        low, high = (int(self.request.min()), int(self.request.max()) + 1) if len(self) else (0, 0)
        return np.arange(low, high), self.request - low

    def context(self, names: Sequence[str], encode: Callable[..., Array]) -> Array:
        """[m, …] what columns of the requests' own context are encoded as, each request once."""
        given, (requests, row) = self.asked.requests.context, self.requests
        columns = [given[name][requests] if name in given else np.full(len(requests), None) for name in names]
        return encode(*(pa.chunked_array([pa.array(column)]) for column in columns))[row]

    def held(self, window: Window) -> Any:
        """The events of a window: from whoever holds them."""
        return self.present.held(window, self)

    def entity(self, key: str) -> I64:
        """Whose events each question is about; -1 where nobody knows."""
        if key not in self._made:
            self._made[key] = self.present.entity(self, key).astype(np.int64)
        return self._made[key]  # type: ignore[no-any-return]

    def position(self, key: str, index: Index, stream: Stream, edge: Edge) -> I64:
        """[m] the position in the index of an edge told from each question."""
        return self.once((id(index), edge), lambda: index.position(
            self.entity(key), self.asked.place(stream, edge)[self.request]))


class Values:
    """What a window adds up of the events of an index: integers, of which some may be missing."""

    def __init__(self, values: Array | None = None, known: Bools | None = None) -> None:
        # a sum may wrap around without harm: the difference of two wraps back
        self.totals = None if values is None else prefix(values)  # None: every event adds 1
        self.counts = None if known is None else prefix(known)  # None: no value is missing


class Differences:
    """Tells the values of an index's events apart, entity by entity; a code below 0 is a missing value."""

    def __init__(self, index: Index, codes: Array) -> None:
        n = len(codes)
        self.known = prefix(codes >= 0)
        entity = index.keys >> index.bits
        order = np.lexsort((codes, entity))
        same = (codes[order][1:] == codes[order][:-1]) & (entity[order][1:] == entity[order][:-1])
        earlier = np.zeros(n, dtype=np.int64)  # one past the position of the same value's last appearance
        earlier[order[1:][same]] = order[:-1][same] + 1
        self.first = Dominance(np.where(codes >= 0, earlier, n + 1), (n + 1).bit_length())

    def count(self, low: I64, high: I64) -> I64:
        """How many different values stand in [low, high): those whose last appearance lies before `low`."""
        return self.first.count(high, low + 1) - self.known[low]


def search(keys: I64, wanted: I64) -> I64:
    """[m] how many sorted keys are less than each wanted one; fast where neighbours want nearly the same."""
    if len(wanted) < LONG:
        return np.searchsorted(keys, wanted)
    found = np.empty(len(wanted), dtype=np.int64)
    for start in range(0, len(wanted), LONG):
        part = wanted[start:start + LONG]
        first, last = np.searchsorted(keys, [part.min(), part.max()])
        found[start:start + LONG] = np.searchsorted(keys[first:last], part) + first
    return found


def by_entity(entity: Array) -> I64:
    """[n] the rows in order of their entity; as they come where that would not pay."""
    if len(entity) < LONG:
        return np.arange(len(entity))
    index = Index(entity - entity.min(initial=0), len(entity).bit_length())
    return index.places


def stretches(low: I64, high: I64) -> tuple[I64, I64]:
    """The whole numbers of each stretch [low, high), one stretch after the other: offsets and numbers."""
    ends = prefix(high - low)
    return ends, np.arange(ends[-1]) + np.repeat(low - ends[:-1], high - low)


def ratio(part: Array, whole: Array) -> F64:
    """part / whole; NaN where there is nothing to divide by."""
    return part / np.where(whole == 0, np.nan, whole)


def prefix(values: Array) -> I64:
    """Sums of the first 0, 1, … n values."""
    sums = np.zeros(len(values) + 1, dtype=np.int64)
    np.cumsum(values, out=sums[1:])
    return sums


@dataclass(frozen=True, kw_only=True)
class Span:
    """The events of an index that a window reads."""

    window: Window
    stream: Stream
    index: Index
    values: Values
    differences: Differences | None = None  # where `distinct` is asked

    @property
    def rows(self) -> I64:
        """The row in the log of the event at each place."""
        return self.stream.row(np.arange(len(self.stream.available)))

    def places(self, at: Moment) -> list[I64]:
        """[B] the places at which each request's window ends and begins."""
        return [at.asked.place(self.stream, edge) for edge in self.window.edges]

    def bounds(self, at: Moment) -> list[I64]:
        """[m] the positions of the edges, the latest first."""
        return [at.position(self.window.key, self.index, self.stream, edge) for edge in self.window.edges]

    def count(self, at: Moment) -> Array:
        """How many events with a value each row sees."""
        return self._weighed(self.values.counts, at)

    def sum(self, at: Moment) -> Array:
        """The sum of their values."""
        return self._weighed(self.values.totals, at)

    def _weighed(self, sums: I64 | None, at: Moment) -> Array:
        parts = [_between(sums, low, high) for high, low in pairwise(self.bounds(at))]
        return weighed(parts, self.window.weights)

    def distinct(self, at: Moment) -> I64:
        """How many different values they have."""
        assert self.differences is not None, "made for another aggregate"
        high, low = self.bounds(at)
        return self.differences.count(low, high)

    def last(self, at: Moment, n: int) -> I64:
        """The rows in the log of the last n events, newest first: [m, n], padded with -1."""
        high, low = self.bounds(at)
        if not len(self.index.keys):
            return np.full((len(at), n), -1, dtype=np.int64)
        position = high[:, None] - np.arange(1, n + 1)
        rows = self.stream.row(self.index.places[np.maximum(position, 0)])
        return np.where(position < low[:, None], -1, rows)

    def every(self, at: Moment) -> tuple[I64, I64]:
        """Offsets, and the rows in the log of all events, oldest first."""
        high, low = self.bounds(at)
        ends, position = stretches(low, high)
        return ends, self.stream.row(self.index.places[position])

    def since(self, at: Moment) -> I64:
        """Microseconds since the last event became known; -1 where there is none."""
        high, low = self.bounds(at)
        if not len(self.index.keys):
            return np.full(len(at), -1, dtype=np.int64)
        known = self.stream.available[self.index.places[np.maximum(high - 1, 0)]] + self.window.wait
        return np.where(high == low, -1, at.time - known)


def _between(sums: I64 | None, low: I64, high: I64) -> I64:
    return high - low if sums is None else sums[high] - sums[low]
