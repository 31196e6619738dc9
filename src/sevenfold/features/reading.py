"""A few users' own events, read for one batch of requests at one moment: the edges of all windows are placed at once.

Plan      the windows that a design reads of users and of pairs in one stream (all events, or the positive ones)
Own       the events of a stream by request, or by request and item, and where every edge of the plan stands in each
Held      what a window reads of them; its verbs are those of `Span`, asked once an entity and spread over the rows
Reading   what features read: of users and pairs their own events, of items what follows the clock (flow.py)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import copy
from itertools import accumulate, pairwise
from typing import Any

import numpy as np
import pyarrow as pa

from sevenfold.features.columns import fixed
from sevenfold.features.flow import Flow, Totals, floats, missing
from sevenfold.features.kernel import Moment, prefix, stretches
from sevenfold.features.present import Made
from sevenfold.features.window import EVENTS, LABEL, Edges, Window, weighed_at_once
from sevenfold.nouns import F64, I64, Array, Bools, Data, Log, Requests

NOTHING = pa.table({})


class Plan:
    """The windows of users and of pairs over one stream, and which of their edges, all in a row, are whose."""

    def __init__(self, windows: list[Window]) -> None:
        self.edges = Edges(windows)
        ends = accumulate((len(window.edges) for window in windows), initial=0)
        self.slices = {window: slice(*end) for window, end in zip(windows, pairwise(ends))}
        self.columns = list(dict.fromkeys(window.of for window in windows))
        self.column = np.array([self.columns.index(window.of) for window in windows for _ in window.edges], dtype=np.int64)


class Own:
    """Events entity by entity, each one's in order of availability; the last entity has none.

    `rows` [n] are their rows in the reading's log; `places` [entities, edges] says where each edge of the plan stands.
    """

    def __init__(self, reading: Reading, plan: Plan, acts: bool) -> None:
        log = reading.data.log
        self.reading, self.plan, self.acts = reading, plan, acts
        self.rows = log.positive.nonzero()[0] if acts else np.arange(len(log))
        ends = self.rows.searchsorted(reading.ends).tolist()
        available, times = log.available[self.rows], plan.edges.times(reading.time)
        self.places = np.zeros((len(ends), len(times)), dtype=np.int64)
        for places, (low, high) in zip(self.places, pairwise(ends)):
            np.add(available[low:high].searchsorted(times), low, out=places)
        self.number: Callable[[Moment], Array] = lambda at: at.request
        self._stretches: dict[bool, I64] = {}

    def paired(self, at: Moment) -> Own:
        """The same events by request and item, of the pairs alone that a moment asks about."""
        log, width = self.reading.data.log, self.reading.width
        asked, pair = (_pair(request, item, width) for request, item in
                       ((at.request, at.entity("item")), (log.user[self.rows], log.item[self.rows])))
        kept = ((pair >= 0) & (_places(np.sort(asked), pair) >= 0)).nonzero()[0]
        order = kept[pair[kept].argsort(kind="stable")]
        pair = pair[order]
        first = np.ones(len(pair), dtype=np.bool_)
        first[1:] = pair[1:] != pair[:-1]
        pairs, unit = pair[first], len(self.rows) + 1
        wanted = np.arange(len(pairs))[:, None] * unit + self.places[pairs // width]
        by_pair, number = copy(self), _places(pairs, asked)
        by_pair.rows, by_pair._stretches = self.rows[order], {}
        by_pair.places = np.zeros((len(pairs) + 1, wanted.shape[1]), dtype=np.int64)
        by_pair.places[:-1] = ((first.cumsum() - 1) * unit + order).searchsorted(wanted)
        by_pair.number = lambda at: number
        return by_pair

    def stretches(self, counted: bool) -> I64:
        """[edges - 1, entities] what the values between each edge and the next sum to, or how many of them are known."""
        if counted not in self._stretches:
            before = np.array([self._before(of)[counted] for of in self.plan.columns])[self.plan.column, self.places]
            self._stretches[counted] = (before[:, :-1] - before[:, 1:]).T
        return self._stretches[counted]

    def _before(self, of: str) -> tuple[I64, I64]:
        """Sums of the first 0, 1, … values in this order, and how many of them are known."""
        every = np.arange(len(self.rows) + 1)
        if of == EVENTS:
            return every, every
        if of == LABEL:
            return prefix(self.reading.data.log.positive[self.rows]), every
        values, known = self.reading.millionths(of)
        return prefix(values[self.rows]), prefix(known[self.rows])


def _pair(request: Array, item: Any, width: int) -> I64:
    return np.where(item < 0, -1, request * np.int64(width) + item)


def _places(known: I64, wanted: I64) -> I64:
    """[m] where each is among sorted ones, -1 where it is not."""
    if not len(known):
        return np.full(len(wanted), -1, dtype=np.int64)
    place = np.minimum(known.searchsorted(wanted), len(known) - 1)
    return np.where(known[place] == wanted, place, -1)


class Held:
    """The own events that a window reads."""

    def __init__(self, own: Own, window: Window) -> None:
        self.own = own
        self.window = window
        self.slice = own.plan.slices[window]
        self.edges = own.places[:, self.slice]
        self.rows = own.rows
        self._found: dict[bool, Array] = {}

    def places(self, at: Moment) -> list[I64]:
        """[B] where each request's window ends and begins."""
        return [self.edges[:-1, 0], self.edges[:-1, -1]]

    def count(self, at: Moment) -> Array:
        """How many events with a value each row sees."""
        return self._now(True)[self.own.number(at)]

    def sum(self, at: Moment) -> Array:
        """The sum of their values."""
        return self._now(False)[self.own.number(at)]

    def _now(self, counted: bool) -> Array:
        """[entities] the sums, or the counts."""
        if counted not in self._found:
            stretches = self.own.stretches(counted)[self.slice.start:self.slice.stop - 1]
            self._found[counted] = weighed_at_once(stretches, self.window.weights)
        return self._found[counted]

    def distinct(self, at: Moment) -> I64:
        """How many different values they have."""
        (ends, position), earlier = stretches(self.edges[:, 1], self.edges[:, 0]), self._earlier()
        fresh = prefix(earlier[position] < np.repeat(self.edges[:, 1], np.diff(ends)))
        return np.diff(fresh[ends])[self.own.number(at)]

    def _earlier(self) -> I64:
        """[n] the place of the same value's last appearance, -1 where there is none; n for a missing value."""
        codes = self.own.reading.codes(str(self.window.apart))[self.rows]
        order = np.argsort(codes, kind="stable")
        same = codes[order][1:] == codes[order][:-1]
        earlier = np.full(len(codes), -1, dtype=np.int64)
        earlier[order[1:][same]] = order[:-1][same]
        return np.where(codes < 0, len(codes), earlier)

    def last(self, at: Moment, n: int) -> I64:
        """[m, n] the rows in the log of the last n events, newest first, padded with -1."""
        position = self.edges[:, :1] - np.arange(1, n + 1)
        if not len(self.rows):
            return np.full((len(at), n), -1, dtype=np.int64)
        return np.where(position < self.edges[:, -1:], -1, self.rows[np.maximum(position, 0)])[self.own.number(at)]

    def every(self, at: Moment) -> tuple[I64, I64]:
        """Offsets, and the rows in the log of all events, oldest first."""
        number = self.own.number(at)
        ends, position = stretches(self.edges[number, -1], self.edges[number, 0])
        return ends, self.rows[position]

    def since(self, at: Moment) -> I64:
        """Microseconds since the last event became known; -1 where there is none."""
        high, reading = self.edges[:, 0], self.own.reading
        if not len(self.rows):
            return np.full(len(at), -1, dtype=np.int64)
        since = reading.time - self.window.wait - reading.data.log.available[self.rows[np.maximum(high - 1, 0)]]
        return np.where(high == self.edges[:, -1], -1, since)[self.own.number(at)]


class Reading:
    """What the features of a batch of requests read: request b is the b-th user's, all are made at one time (µs)."""

    alias = None

    def __init__(self, plans: Mapping[bool, Plan], flow: Flow, data: Data, events: Array, sizes: list[int],
                 time: int) -> None:
        self._plans, self._flow, self._events = plans, flow, events
        self.time, self.width, self.ends = time, flow.items, np.cumsum([0, *sizes])
        log = Log(time=events["time"], available=events["available"], item=events["item"], positive=events["positive"],
                  user=np.repeat(np.arange(len(sizes), dtype=np.int32), sizes), table=NOTHING)
        self.data = Data(log=log, users=data.users, items=data.items, label_wait=data.label_wait, impressions=data.impressions)
        self._made: dict[Any, Any] = {}

    def who(self, requests: Requests) -> Array:
        """[B] the b-th request asks for the b-th user's events."""
        return np.arange(len(requests))

    def entity(self, at: Moment, key: str) -> Array:
        """Whose events each row asks for; -1 of an item that had none."""
        return at.request if key == "user" or at.item is None else np.where(at.item < self.width, at.item, -1)

    def order(self, key: str, entity: Array) -> I64:
        """[m] as they come: a batch is small."""
        return np.arange(len(entity))

    def held(self, window: Window, at: Moment) -> Held | Totals:
        """Of items what follows the clock, else the users' own events."""
        if window.key == "item":
            return self._flow.held(window)
        if window.key == "pair":
            return at.once(window, lambda: Held(at.once((Own, window.acts), lambda: self._own(window.acts).paired(at)), window))
        return self.once(window, lambda: Held(self._own(window.acts), window))

    def _own(self, acts: bool) -> Own:
        return self.once((Own, acts), lambda: Own(self, self._plans[acts], acts))

    def newest(self, window: Window, at: Moment, n: int, column: str) -> F64:
        """[m, n] the values of the last n events, from whoever holds them; NaN where there are fewer."""
        held = self.held(window, at)
        rows, events = held.last(at, n), held.tape.events.values if isinstance(held, Totals) else self._events
        if not len(events):
            return np.full(rows.shape, np.nan)
        return np.where(rows < 0, np.nan, floats(events[column][rows]))

    def millionths(self, column: str) -> tuple[I64, Bools]:
        """[n] a numeric column of the users' events as integers of 1e-6, and which are known."""
        return self.once((Reading.millionths, column), lambda: fixed(floats(self._events[column]), column))

    def codes(self, of: str) -> Array:
        """[n] what tells values apart, -1 where one is missing."""
        if of in ("user", "item"):
            return self.data.log.user if of == "user" else self.data.log.item
        values = self._events[of]
        return np.where(missing(values), -1, np.unique(values, return_inverse=True)[1])

    def once(self, key: Any, make: Callable[[], Made]) -> Made:
        """What `make` gives, made once for all features that ask."""
        if key not in self._made:
            self._made[key] = make()
        made: Made = self._made[key]
        return made
