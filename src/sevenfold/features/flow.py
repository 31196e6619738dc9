"""Items, event by event: running totals that follow the clock, equal to what an index over the whole log would say.

Tape     one stream of events (all, or the positive ones) in order of (available, time, arrival), as far as the clock has come
Totals   of one window: what it holds of every item, and how far its edges have come on the tape
Flow     both: `add` takes events as they arrive, `move` sets the clock, `held` answers

An event passes each edge of a window once, so a reading is one look-up an item. An event that arrives with an
availability behind the clock changes the past: the edges go back before it, and come again.
"""

from __future__ import annotations

from collections import Counter

import numpy as np

from sevenfold.features.columns import MISSING, fixed
from sevenfold.features.kernel import Moment, prefix
from sevenfold.features.window import EVENTS, EVER, LABEL, NEVER, Edges, Window, weighed_at_once
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

    def __init__(self, window: Window, tape: Tape, items: int) -> None:
        self.window = window
        self.tape = tape
        self.first = len(tape.places)  # where its edges begin among the tape's
        self.newest = np.full(items + 1, -1, dtype=np.int64)  # the place of each item's last event before the latest edge
        stretches = len(window.edges) - 1
        self.sums = np.zeros((stretches, items + 1), dtype=np.int64)
        self.counts = self.sums if window.of == EVENTS else np.zeros_like(self.sums)
        self.sum_now = self.sums[0] if stretches == 1 else np.zeros(items + 1)  # what the stretches add up to
        self.count_now = self.counts[0] if stretches == 1 else self.sum_now if window.of == EVENTS else np.zeros(items + 1)
        self._crossed: list[Array] = []
        self.found: Counter[tuple[int, int]] = Counter()
        self.different = np.zeros(items + 1, dtype=np.int64)

    def widened(self, items: int) -> Totals:
        """The same with room for more items."""
        wide = Totals(self.window, self.tape, items)
        wide.first, wide.found, size = self.first, self.found, len(self.newest)
        for name in ("newest", "sums", "counts", "sum_now", "count_now", "different"):
            getattr(wide, name)[..., :size] = getattr(self, name)
        return wide

    def cross(self, edge: int, old: int, new: int) -> None:
        """An edge goes over events: forwards they enter the stretch that ends there and leave the one that begins."""
        sign, span = (1, slice(old, new)) if new > old else (-1, slice(new, old))
        item, events = self.tape.item.values[span], self.tape.events.values[span]
        added, known = self._added(events)
        for stretch, way in ((edge, sign), (edge - 1, -sign)):
            if 0 <= stretch < len(self.sums):
                np.add.at(self.sums[stretch], item, way * added)
                if self.counts is not self.sums:
                    np.add.at(self.counts[stretch], item, way * known)
                if self.window.apart is not None:
                    self._tell_apart(item, events[self.window.apart], way)
        if edge == 0:
            self._renew(item, span, sign)
        if len(self.sums) > 1:
            self._crossed.append(item)

    def _added(self, events: Array) -> tuple[Array | int, Array | int]:
        """What events add to the sums and to the counts."""
        if self.window.of == EVENTS:
            return 1, 1
        if self.window.of == LABEL:
            return events["positive"].astype(np.int64), 1
        added, known = fixed(floats(events[self.window.of]))
        return added, known.astype(np.int64)

    def _renew(self, item: Array, span: slice, sign: int) -> None:
        """Of several events of an item the last assigned stays: going back, the first one's forerunner."""
        if sign > 0:
            self.newest[item] = np.arange(span.start, span.stop)
        else:
            self.newest[item[::-1]] = self.tape.earlier.values[span][::-1]

    def settle(self) -> None:
        """Add up the stretches of the items whose events were crossed."""
        crossed, self._crossed = self._crossed, []
        if crossed:
            item = np.unique(np.concatenate(crossed))
            self.sum_now[item] = weighed_at_once(self.sums[:, item].T, self.window.weights)
            if self.counts is not self.sums:
                self.count_now[item] = weighed_at_once(self.counts[:, item].T, self.window.weights)

    def _tell_apart(self, item: Array, codes: Array, sign: int) -> None:
        known = ~missing(codes)
        for pair in zip(item[known].tolist(), codes[known].tolist(), strict=True):
            self.different[pair[0]] += (self.found[pair] == 0) if sign > 0 else -(self.found[pair] == 1)
            self.found[pair] += sign
            if not self.found[pair]:
                del self.found[pair]

    def count(self, at: Moment) -> Array:
        """How many events with a value each row sees."""
        return self.count_now[at.entity("item")]

    def sum(self, at: Moment) -> Array:
        """The sum of their values."""
        return self.sum_now[at.entity("item")]

    def distinct(self, at: Moment) -> I64:
        """How many different values they have."""
        return self.different[at.entity("item")]

    def last(self, at: Moment, n: int) -> I64:
        """[m, n] places on the tape of the last n events, newest first, padded with -1."""
        place, low = self.newest[at.entity("item")], self.tape.places[self.first + len(self.sums)]
        found = np.empty((len(place), n), dtype=np.int64)
        for column in range(n):
            found[:, column] = place = np.where(place >= low, place, -1)
            if column + 1 < n and self.tape.earlier.size:
                place = np.where(place < 0, -1, self.tape.earlier.values[place])
        return found

    def every(self, at: Moment) -> tuple[I64, I64]:
        """CSR of the places on the tape of all events, oldest first, where these are counted: offsets, and places."""
        ends, place = prefix(self.count(at)), self.newest[at.entity("item")]
        found, end = np.empty(ends[-1], dtype=np.int64), ends[1:] - 1
        while (left := end >= ends[:-1]).any():
            found[end[left]] = place[left]
            place[left] = self.tape.earlier.values[place[left]]
            end = end - 1
        return ends, found

    def since(self, at: Moment) -> I64:
        """Microseconds since the last event became known; -1 where there is none."""
        place, low = self.newest[at.entity("item")], self.tape.places[self.first + len(self.sums)]
        if not self.tape.available.size:
            return place
        return np.where(place < low, -1, at.time - self.tape.available.values[place] - self.window.wait)


class Tape:
    """Events in order, each with the one before it of the same item, and the edges of all windows that read them."""

    def __init__(self, dtype: np.dtype[np.void], items: int) -> None:
        self.newest = np.full(items + 1, -1, dtype=np.int64)
        self.events = Growing(np.empty(0, dtype=dtype))
        self.item, self.available, self.earlier = (Growing(np.empty(0, dtype=np.int64)) for _ in range(3))
        self.totals: list[Totals] = []
        self.places = np.zeros(0, dtype=np.int64)
        self._edges = Edges([])

    def follow(self, window: Window, items: int) -> Totals:
        """The totals of another window, its edges still at the beginning."""
        self.totals.append(Totals(window, self, items))
        self.places = np.append(self.places, np.zeros(len(window.edges), dtype=np.int64))
        self._edges = Edges([totals.window for totals in self.totals])
        return self.totals[-1]

    def widen(self, items: int) -> None:
        """Make room for more items."""
        self.newest = np.append(self.newest, np.full(items + 1 - len(self.newest), -1))
        self.totals = [totals.widened(items) for totals in self.totals]

    def add(self, events: Array) -> None:
        """Put events in order behind the others."""
        item = events["item"].astype(np.int64)
        order = np.argsort(item, kind="stable")
        places = self.events.size + order
        again = item[order][1:] == item[order][:-1]
        before = self.newest[item]
        before[order[1:][again]] = places[:-1][again]
        self.newest[item[order]] = places  # of several, the last stays
        for column, more in ((self.events, events), (self.item, item), (self.available, events["available"]),
                             (self.earlier, before)):
            column.add(more)

    def cut(self, time: int) -> Array:
        """Take off what became available at a time or later: every edge goes back, the events are given."""
        place = int(np.searchsorted(self.available.values, time))
        self._place(np.minimum(self.places, place))
        taken = self.events.values[place:].copy()
        self.newest[self.item.values[place:][::-1]] = self.earlier.values[place:][::-1]
        for column in (self.events, self.item, self.available, self.earlier):
            column.size = place
        return taken

    def move(self, time: int) -> None:
        """Bring every edge to where it is at a time."""
        self._place(np.searchsorted(self.available.values, self._edges.times(time)))

    def _place(self, places: I64) -> None:
        moved = np.flatnonzero(places != self.places).tolist()
        owners = [(totals, edge) for totals in self.totals for edge in range(len(totals.window.edges))] if moved else []
        for number in moved:
            totals, edge = owners[number]
            totals.cross(edge, int(self.places[number]), int(places[number]))
        for totals, edge in owners:
            if not edge:
                totals.settle()
        self.places = places


class Flow:
    """The events of all items, and what every window over them holds at the clock's time."""

    def __init__(self, dtype: np.dtype[np.void], items: int) -> None:
        self.items = items
        self.clock = EVER
        self._tapes = {acts: Tape(dtype, items) for acts in (False, True)}
        self._waiting = Growing(np.empty(0, dtype=dtype))
        self._next = NEVER  # when the first of those becomes available
        self._stands = EVER  # where the edges are
        self._totals: dict[Window, Totals] = {}

    def held(self, window: Window) -> Totals:
        """What a window holds; from now on it follows the clock."""
        found = self._totals.get(window)
        if found is None:
            tape = self._tapes[window.acts]
            found = self._totals[window] = tape.follow(window, self.items)
            if self._stands > EVER:
                tape.move(self._stands)
        return found

    def add(self, events: Array) -> None:
        """Take events as they arrive, in order of arrival; those of no item are left out."""
        events = events[events["item"] >= 0]
        if not len(events):
            return
        if (most := int(events["item"].max())) >= self.items:
            self._widen(most + 1)
        first = int(events["available"].min())
        if first < self.clock:  # behind the clock: what came after them waits with them
            self._waiting.add(self._tapes[False].cut(first))
            self._tapes[True].cut(first)
            self._stands = EVER
        self._waiting.add(events)
        self._next = min(self._next, first)

    def move(self, time: int) -> None:
        """Set the clock: what became available before it is on the tape, and every window stands there."""
        self.clock = max(time, self.clock)
        if self._next < self.clock:
            self._append(self._due())
        elif time == self._stands:
            return
        for tape in self._tapes.values():
            tape.move(time)
        self._stands = time

    def _due(self) -> Array:
        waiting = self._waiting.values
        due = waiting["available"] < self.clock
        self._waiting = Growing(waiting[~due])
        self._next = int(self._waiting.values["available"].min(initial=NEVER))
        return waiting[due]

    def _append(self, events: Array) -> None:
        events = events[np.lexsort(tuple(events[name] for name in ORDER))]
        self._tapes[False].add(events)
        self._tapes[True].add(events[events["positive"]])

    def _widen(self, items: int) -> None:
        """Make room for items that were not known before, and for some more."""
        self.items = items + items // 4
        for tape in self._tapes.values():
            tape.widen(self.items)
        self._totals = {totals.window: totals for tape in self._tapes.values() for totals in tape.totals}


def floats(values: Array) -> F64:
    """A stored column as floats, NaN where a value is missing."""
    return values.copy() if values.dtype.kind == "f" else np.where(values == MISSING, np.nan, values.astype(np.float64))


def missing(values: Array) -> Bools:
    """Which values of a stored column are missing."""
    lost: Bools = np.isnan(values) if values.dtype.kind == "f" else values == MISSING
    return lost
