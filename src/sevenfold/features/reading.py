"""A few users' own events, read for one batch of requests at one moment: the edges of all windows are placed at once.

Plan      the windows that a design reads of users and of pairs in one stream (all events, or the positive ones)
Own       the events of a stream by request, or by request and item, and where every edge of the plan stands in each
Held      what a window reads of them; its verbs are those of `Span`, asked once an entity and spread over the rows
Reading   what features read: of users and pairs their own events, of items what follows the clock (flow.py)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from itertools import accumulate, pairwise
from typing import Any

import numpy as np
import pyarrow as pa

from sevenfold.features.columns import fixed
from sevenfold.features.flow import Flow, Totals, floats, missing
from sevenfold.features.kernel import Memo, Moment, prefix, stretches
from sevenfold.features.window import EVENTS, LABEL, Edges, Window, weighed_at_once
from sevenfold.nouns import F64, I64, Array, Data, Log, Requests

NOTHING = pa.table({})


class Plan:
    """The windows of users and of pairs over one stream, and which of their edges, all in a row, are whose."""

    def __init__(self, windows: list[Window]) -> None:
        self.edges = Edges(windows)
        ends = accumulate((len(window.edges) for window in windows), initial=0)
        self.slices = {window: slice(*end) for window, end in zip(windows, pairwise(ends))}
        self.added = list(dict.fromkeys(each for window in windows for each in _added(window)))
        added = [[self.added.index(each) for each in _added(window)] for window in windows for _ in window.edges]
        self.of_edges = np.array(added, dtype=np.int64).reshape(-1, 2).T[:, None]  # [2, 1, edges] what each edge sums, and counts


def _added(window: Window) -> tuple[tuple[str, bool], tuple[str, bool]]:
    """What a window sums and what it counts: a column's values, or (True) which of them are known."""
    return (window.of, False), (EVENTS, False) if window.of in (EVENTS, LABEL) else (window.of, True)


class Own:
    """Events entity by entity, each one's in order of availability; the last entity has none."""

    def __init__(self, reading: Reading, plan: Plan, rows: I64, places: I64, number: Callable[[Moment], Array]) -> None:
        self.reading = reading
        self.plan = plan
        self.rows = rows  # [n] in the reading's log
        self.places = places  # [entities, edges] where each edge of the plan stands
        self.number = number  # of the entity that each row of a moment asks about

    @cached_property
    def stretches(self) -> I64:
        """[2, entities, edges - 1] what the values between each edge and the next sum to, and how many of them are known."""
        sums = np.zeros((len(self.plan.added), len(self.rows) + 1), dtype=np.int64)
        for found, (of, known) in zip(sums[:, 1:], self.plan.added):
            self.reading.added(of)[known][self.rows].cumsum(out=found)
        before = sums[self.plan.of_edges, self.places]
        return before[:, :, :-1] - before[:, :, 1:]


def _of_users(reading: Reading, plan: Plan, acts: bool) -> Own:
    log = reading.data.log
    rows = log.positive.nonzero()[0] if acts else np.arange(len(log))
    ends = rows.searchsorted(reading.ends).tolist()
    available, times = log.available[rows], plan.edges.times(reading.time)
    places = np.zeros((len(ends), len(times)), dtype=np.int64)
    for found, (low, high) in zip(places, pairwise(ends)):
        np.add(available[low:high].searchsorted(times), low, out=found)
    return Own(reading, plan, rows, places, lambda at: at.request)


def _of_pairs(own: Own, at: Moment) -> Own:
    """The same events by request and item, of the pairs alone that a moment asks about."""
    log, width = own.reading.data.log, own.reading.width
    asked = at.once(_pair, lambda: _pair(at.request, at.entity("item"), width))
    pair = _pair(log.user[own.rows], log.item[own.rows], width)
    kept = ((pair >= 0) & (_places(at.once(np.sort, lambda: np.sort(asked)), pair) >= 0)).nonzero()[0]
    order = kept[pair[kept].argsort(kind="stable")]
    pair = pair[order]
    first = np.ones(len(pair), dtype=np.bool_)
    first[1:] = pair[1:] != pair[:-1]
    pairs, unit = pair[first], len(own.rows) + 1
    places = np.zeros((len(pairs) + 1, own.places.shape[1]), dtype=np.int64)
    wanted = np.arange(len(pairs))[:, None] * unit + own.places[pairs // width]
    places[:-1] = ((first.cumsum() - 1) * unit + order).searchsorted(wanted)
    number = _places(pairs, asked)
    return Own(own.reading, own.plan, own.rows[order], places, lambda at: number)


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

    def places(self, at: Moment) -> list[I64]:
        """[B] where each request's window ends and begins."""
        return [self.edges[:-1, 0], self.edges[:-1, -1]]

    def count(self, at: Moment) -> Array:
        """How many events with a value each row sees."""
        found: Array = self._weighed[1][self.own.number(at)]
        return found

    def sum(self, at: Moment) -> Array:
        """The sum of their values."""
        found: Array = self._weighed[0][self.own.number(at)]
        return found

    @cached_property
    def _weighed(self) -> Array:
        """[2, entities] the sums and the counts."""
        return weighed_at_once(self.own.stretches[:, :, self.slice.start:self.slice.stop - 1], self.window.weights)

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


class Reading(Memo):
    """What the features of a batch of requests read: request b is the b-th user's, all are made at one time (µs)."""

    alias = None

    def __init__(self, plans: Mapping[bool, Plan], flow: Flow, data: Data, events: Array, sizes: list[int],
                 time: int) -> None:
        super().__init__()
        self._plans, self._flow, self._events = plans, flow, events
        self.time, self.width, self.ends = time, flow.items, np.cumsum([0, *sizes])
        log = Log(time=events["time"], available=events["available"], item=events["item"], positive=events["positive"],
                  user=np.repeat(np.arange(len(sizes), dtype=np.int32), sizes), table=NOTHING)
        self.data = Data(log=log, users=data.users, items=data.items, label_wait=data.label_wait, impressions=data.impressions)
        self._every = np.ones(len(events), dtype=np.bool_)

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
            return at.once(window, lambda: Held(self._own(window.acts, at), window))
        return self.once(window, lambda: Held(self._own(window.acts), window))

    def _own(self, acts: bool, at: Moment | None = None) -> Own:
        """The events of users, or of the pairs of a moment."""
        if at is not None:
            return at.once(acts, lambda: _of_pairs(self._own(acts), at))
        return self.once(acts, lambda: _of_users(self, self._plans[acts], acts))

    def newest(self, window: Window, at: Moment, n: int, column: str) -> F64:
        """[m, n] the values of the last n events, from whoever holds them; NaN where there are fewer."""
        held = self.held(window, at)
        rows, events = held.last(at, n), held.tape.events.values if isinstance(held, Totals) else self._events
        if not len(events):
            return np.full(rows.shape, np.nan)
        return np.where(rows < 0, np.nan, floats(events[column][rows]))

    def added(self, of: str) -> tuple[Array, Array]:
        """[n] what the users' events add, as integers, and which of them have a value."""
        if of == LABEL:
            return self.data.log.positive, self._every
        return (self._every, self._every) if of == EVENTS else self.once(of, lambda: fixed(floats(self._events[of]), of))

    def partners(self, window: Window, at: Moment) -> tuple[I64, Array]:
        """CSR of the users of an items' window's events: [m + 1] offsets, and codes."""
        totals = self._flow.held(window)
        ends, places = totals.every(at)
        return ends, totals.tape.events.values["who"][places]

    def codes(self, of: str) -> Array:
        """[n] what tells values apart, -1 where one is missing."""
        if of in ("user", "item"):
            return self.data.log.user if of == "user" else self.data.log.item
        values = self._events[of]
        return np.where(missing(values), -1, np.unique(values, return_inverse=True)[1])
