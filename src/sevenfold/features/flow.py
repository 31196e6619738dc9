"""Items, event by event: running totals that follow the clock, equal to what an index over the whole log would say.

Tape     the events of items in order of (available, time, arrival), as far as the clock has come
Totals   of one window: what it holds of every item, and how far its edges have come on the tape
Flow     both: `add` takes events as they arrive, `move` sets the clock, `held` answers

An event passes each edge of a window once, so a reading is one look-up an item. An event that arrives with an
availability behind the clock changes the past: the totals are then made anew.
"""

from __future__ import annotations

from collections import Counter

import numpy as np

from sevenfold.features.columns import MISSING, fixed
from sevenfold.features.kernel import Moment
from sevenfold.features.window import EVENTS, LABEL, Window, weighed
from sevenfold.nouns import F64, I64, Array, Bools

ORDER = ("arrival", "time", "available")  # from the least to the most important


class Growing:
    """An array that is added to at its end, its room doubled when it is full."""

    def __init__(self, first: Array) -> None:
        self._room, self.size = first, len(first)

    @property
    def values(self) -> Array:
        """What was added so far."""
        return self._room[:self.size]

    def add(self, more: Array) -> None:
        """Put values behind the others."""
        end = self.size + len(more)
        if end > len(self._room):
            room = np.empty(max(end, 2 * self.size, 1024), dtype=self._room.dtype)
            room[:self.size] = self.values
            self._room = room
        self._room[self.size:end] = more
        self.size = end


class Totals:
    """What a window holds of every item: one row of totals for each stretch between two edges; the last item is nobody."""

    def __init__(self, window: Window, flow: Flow) -> None:
        self.window = window
        self.flow = flow
        self.reset()

    def reset(self) -> None:
        """Nothing yet: every edge is at the beginning."""
        shape = (len(self.window.edges) - 1, self.flow.items + 1)
        self.places = [0] * len(self.window.edges)
        self.sums = np.zeros(shape, dtype=np.int64)
        self.counts = np.zeros(shape, dtype=np.int64) if self.window.of != EVENTS else self.sums
        self.found: Counter[tuple[int, int]] = Counter()
        self.different = np.zeros(shape[1], dtype=np.int64)

    def move(self, time: int) -> None:
        """Bring the edges to where they are at a time."""
        known = self.flow.chain(self.window.acts).available.values
        for edge, (spec, old) in enumerate(zip(self.window.edges, self.places, strict=True)):
            new = 0 if spec.back is None else int(np.searchsorted(known, spec.times(np.array([time])))[0])
            if new != old:
                self._pass(edge, *((old, new, 1) if new > old else (new, old, -1)))
                self.places[edge] = new

    def _pass(self, edge: int, first: int, last: int, sign: int) -> None:
        """The events [first, last) pass an edge: they enter the stretch that ends there and leave the one that begins."""
        rows = self.flow.rows(self.window.acts, first, last)
        item = rows["item"]
        for stretch, way in ((edge, sign), (edge - 1, -sign)):
            if 0 <= stretch < len(self.sums):
                np.add.at(self.sums[stretch], item, way * self._added(rows))
                if self.counts is not self.sums:
                    np.add.at(self.counts[stretch], item, way * self._known(rows))
                if self.window.apart is not None:
                    self._tell_apart(item, rows[self.window.apart], way)

    def _added(self, rows: Array) -> I64:
        if self.window.of == EVENTS:
            return np.ones(len(rows), dtype=np.int64)
        return rows["positive"].astype(np.int64) if self.window.of == LABEL else fixed(self._column(rows))[0]

    def _known(self, rows: Array) -> I64:
        known = np.ones(len(rows)) if self.window.of == LABEL else fixed(self._column(rows))[1]
        return known.astype(np.int64)

    def _column(self, rows: Array) -> F64:
        return floats(rows[self.window.of])

    def _tell_apart(self, item: Array, codes: Array, sign: int) -> None:
        known = ~missing(codes)
        for pair in zip(item[known].tolist(), codes[known].tolist(), strict=True):
            self.different[pair[0]] += (self.found[pair] == 0) if sign > 0 else -(self.found[pair] == 1)
            self.found[pair] += sign
            if not self.found[pair]:
                del self.found[pair]

    def count(self, at: Moment) -> Array:
        """How many events with a value each row sees."""
        return weighed(list(self.counts[:, at.entity("item")]), self.window.weights)

    def sum(self, at: Moment) -> Array:
        """The sum of their values."""
        return weighed(list(self.sums[:, at.entity("item")]), self.window.weights)

    def distinct(self, at: Moment) -> I64:
        """How many different values they have."""
        return self.different[at.entity("item")]

    def last(self, at: Moment, n: int) -> I64:
        """[m, n] places on the tape of the last n events, newest first, padded with -1."""
        return self.flow.chain(self.window.acts).last(at.entity("item"), self.places[-1], self.places[0], n)

    def since(self, at: Moment) -> I64:
        """Microseconds since the last event became known; -1 where there is none."""
        place = self.last(at, 1)[:, 0]
        if not len(self.flow.tape.values):
            return np.full(len(place), -1, dtype=np.int64)
        return np.where(place < 0, -1, at.time - self.flow.tape.values["available"][place] - self.window.wait)


class Chain:
    """Of each event the one before it of the same item; and each item's newest."""

    def __init__(self, items: int) -> None:
        self.newest = np.full(items + 1, -1, dtype=np.int64)
        self.earlier = Growing(np.empty(0, dtype=np.int64))
        self.rows = Growing(np.empty(0, dtype=np.int64))  # place → row of the tape
        self.available = Growing(np.empty(0, dtype=np.int64))

    def add(self, item: Array, available: I64, rows: I64) -> None:
        """Events in order; `rows` are where they lie on the tape."""
        order = np.argsort(item, kind="stable")
        places = self.rows.size + order
        first = np.diff(item[order], prepend=-1) != 0
        before = np.empty(len(item), dtype=np.int64)
        before[order] = np.where(first, self.newest[item[order]], np.concatenate([[-1], places[:-1]]))
        self.newest[item[order]] = places  # of several, the last stays
        self.earlier.add(before)
        self.rows.add(rows)
        self.available.add(available)

    def last(self, item: Array, low: int, high: int, n: int) -> I64:
        """[m, n] rows of the tape of the last n events with low ≤ place < high, newest first, padded with -1."""
        found = np.full((len(item), n), -1, dtype=np.int64)
        if not self.rows.size:
            return found
        place = self.newest[item]
        while (beyond := place >= high).any():
            place = np.where(beyond, self.earlier.values[place], place)
        for column in range(n):
            inside = place >= low if low else place >= 0
            found[:, column] = np.where(inside, self.rows.values[place], -1)
            place = np.where(inside, self.earlier.values[place], -1)
        return found


class Flow:
    """The events of all items, and what every window over them holds at the clock's time."""

    def __init__(self, dtype: np.dtype[np.void], items: int) -> None:
        self.items = items
        self.tape = Growing(np.empty(0, dtype=dtype))
        self.clock = np.iinfo(np.int64).min
        self._waiting: list[Array] = []
        self._totals: dict[Window, Totals] = {}
        self._chains = {False: Chain(items), True: Chain(items)}

    def held(self, window: Window) -> Totals:
        """What a window holds; from now on it follows the clock."""
        if window not in self._totals:
            self._totals[window] = Totals(window, self)
            self._totals[window].move(self.clock)
        return self._totals[window]

    def add(self, events: Array) -> None:
        """Take events as they arrive, in order of arrival; those of no item are left out."""
        events = events[events["item"] >= 0]
        if len(events) and int(events["item"].max()) >= self.items:
            self._widen(int(events["item"].max()) + 1)
        if (events["available"] < self.clock).any():
            self._again(events)
        elif len(events):
            self._waiting.append(events)

    def move(self, time: int) -> None:
        """Set the clock: what became available before it is on the tape, and every window stands there."""
        if time > self.clock:
            self.clock = time
            self._append(self._due())
        for totals in self._totals.values():
            totals.move(time)

    def _due(self) -> Array:
        if not self._waiting:
            return self.tape.values[:0]
        waiting = np.concatenate(self._waiting)
        due = waiting["available"] < self.clock
        self._waiting = [waiting[~due]] if not due.all() else []
        return waiting[due]

    def _append(self, events: Array) -> None:
        events = events[np.lexsort(tuple(events[name] for name in ORDER))]
        rows = np.arange(self.tape.size, self.tape.size + len(events))
        self.tape.add(events)
        for acts, chain in self._chains.items():
            some = events["positive"] if acts else slice(None)
            chain.add(events["item"][some], events["available"][some], rows[some])

    def _again(self, late: Array) -> None:
        """Events arrived behind the clock: put them in their place and count anew."""
        self._waiting = [self.tape.values.copy(), *self._waiting, late]
        self.tape = Growing(self.tape.values[:0].copy())
        self._chains = {acts: Chain(self.items) for acts in self._chains}
        for totals in self._totals.values():
            totals.reset()
        clock, self.clock = self.clock, np.iinfo(np.int64).min
        self.move(clock)

    def _widen(self, items: int) -> None:
        """Make room for items that were not known before."""
        self.items = items
        self._again(self.tape.values[:0])

    def rows(self, acts: bool, first: int, last: int) -> Array:
        """The events at places [first, last)."""
        return self.tape.values[self._chains[True].rows.values[first:last] if acts else slice(first, last)]

    def chain(self, acts: bool) -> Chain:
        """Each item's events, newest first."""
        return self._chains[acts]


def floats(values: Array) -> F64:
    """A stored column as floats, NaN where a value is missing."""
    return values.copy() if values.dtype.kind == "f" else np.where(values == MISSING, np.nan, values.astype(np.float64))


def missing(values: Array) -> Bools:
    """Which values of a stored column are missing."""
    lost: Bools = np.isnan(values) if values.dtype.kind == "f" else values == MISSING
    return lost

