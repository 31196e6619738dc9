"""What a feature reads: a log, indexed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from sevenfold.features.columns import codes_of, millionths, numbers
from sevenfold.features.kernel import Differences, Index, Memo, Moment, Span, Stream, Values, by_entity
from sevenfold.features.window import EVENTS, LABEL, Waits, Window, micros
from sevenfold.nouns import F32, F64, I64, Array, Bools, Data, Requests

Reader = Callable[[Moment], Array]


@dataclass(frozen=True)
class Lookup:
    """The reader of what does not change: one row of values an entity, and a last one for whom nobody knows."""

    key: str
    matrix: Array  # [entities + 1, columns]
    scaled: Array  # [entities, columns] missing values filled and numbers brought to scale, for models of content

    def __call__(self, at: Moment) -> Array:
        """[m, columns]"""
        code = at.user if self.key == "user" or at.item is None else at.item
        return self.matrix[np.minimum(code, len(self.matrix) - 1)]


class Present(Memo):
    """A log and its entities, indexed once, to be read as of any moment.

    `alias` [items + 1] says of which item of the log each item of the catalogue is a copy, -1 of nobody; None: of itself.
    """

    def __init__(self, data: Data, waits: Waits) -> None:
        super().__init__()
        self.data = data
        self.waits = waits
        self.alias: I64 | None = None
        self.events = Stream(data.log.available)
        positive = data.log.positive
        self.acts = self.events if positive.all() else Stream(data.log.available, np.flatnonzero(positive))
        self._width = max(len(data.items), int(data.log.item.max(initial=-1)) + 1)

    def copied(self, rows: I64) -> Present:
        """The same log, its indices shared, for a catalogue whose item j copies item `rows[j]`."""
        other = copy(self)
        other.alias = np.append(rows, -1)
        return other

    @cached_property
    def _pairs(self) -> I64:
        log = self.data.log
        pairs = np.unique(self._pair(log.user, log.item))
        return pairs[pairs >= 0]

    def _pair(self, user: Array, item: Array) -> I64:
        return np.where((user < 0) | (item < 0) | (item >= self._width), -1, user.astype(np.int64) * self._width + item)

    def _key(self, key: str, user: Array, item: Array) -> Array:
        if key == "pair":
            pair = self._pair(user, item)
            at = np.minimum(np.searchsorted(self._pairs, pair), len(self._pairs) - 1)
            return np.where(self._pairs[at] == pair, at, -1) if len(self._pairs) else np.full(len(pair), -1)
        return {"user": user, "item": item}[key]

    def who(self, requests: Requests) -> Array:
        """[B] whose events each request's own are."""
        return requests.user

    def entity(self, at: Moment, key: str) -> Array:
        """Whose events each row of a moment asks for."""
        user = self.who(at.asked.requests)[at.request]
        if key == "user" or at.item is None:
            return user
        return self._key(key, user, at.item if self.alias is None else self.alias[at.item])

    def index(self, key: str, stream: Stream) -> Index:
        """The events of a stream by user, item or pair."""
        def make() -> Index:
            entity = self._key(key, self.data.log.user, self.data.log.item)
            return Index(entity if stream.rows is None else entity[stream.rows], stream.bits)

        return self.once((Index, key, id(stream)), make)

    def order(self, key: str, entity: Array) -> I64:
        """[m] questions about entities, in an order in which the index is read from one end to the other."""
        if np.array_equal(entity, self._key(key, self.data.log.user, self.data.log.item)):
            places = self.index(key, self.events).places
            if len(places) == len(entity):  # the log's own events: sorted already
                return self.events.row(places)
        return by_entity(entity)

    def standing(self, group: str, names: Sequence[str], encode: Callable[..., Array], unknown: float,
                 scale: F64 | None = None) -> Reader:
        """A reader of columns of users, items or requests, encoded row by row as [n, columns]."""
        if group == "context":
            return lambda at: at.context(names, encode)
        table = (self.data.users if group == "user" else self.data.items).table
        return self.lookup(group, encode(*(table[name] for name in names)), unknown, scale)

    def lookup(self, group: str, matrix: Array, unknown: float, scale: F64 | None = None) -> Lookup:
        """A reader of fixed values, [entities, columns]; `unknown` for an entity that nobody knows."""
        scaled = matrix if scale is None else _scaled(matrix, scale)
        if self.alias is not None and group == "item":
            matrix, scaled = matrix[self.alias[:-1]], scaled[self.alias[:-1]]
        return Lookup(group, np.vstack([matrix, np.full((1, matrix.shape[1]), unknown, dtype=matrix.dtype)]), scaled)

    def window(self, key: str, of: str = EVENTS, *, beside: str = EVENTS, over: float | None = None,
               half_life: float | None = None) -> Window:
        """Events, labels or a column's values of an entity, to be counted and summed; times in seconds.

        Only of events of which these, and the column `beside`, are known.
        """
        return self._read(Window(key=key, of=of, over=micros(over), half_life=micros(half_life), wait=self.waits.of(of, beside)))

    def different(self, key: str, of: str, over: float | None) -> Window:
        """The same events, to tell their users, items or a column's values apart."""
        return self._read(Window(key=key, over=micros(over), wait=self.waits.of(of), apart=of))

    def positives(self, key: str, over: float | None = None, wait: int | None = None) -> Window:
        """The positive events of an entity, `wait` µs (else as long as it takes to know) after they arrived."""
        return self._read(Window(key=key, over=micros(over), wait=self.waits.act if wait is None else wait, acts=True))

    def _read(self, window: Window) -> Window:
        """A window that will be read: its index is made now, once for all who read it."""
        self.held(window)
        return window

    def held(self, window: Window, at: Moment | None = None) -> Span:
        """The events of a window."""
        return self.once(window, lambda: self._span(window))

    def _span(self, window: Window) -> Span:
        stream = self.acts if window.acts else self.events
        index = self.index(window.key, stream)
        values = Values() if window.acts else self.once(
            (Values, window.key, window.of), lambda: self._added(window.of, stream.row(index.places)))
        apart = None if window.apart is None else self.once(
            (Differences, window.key, window.apart),
            lambda: Differences(index, self.codes(str(window.apart))[stream.row(index.places)]))
        return Span(window=window, stream=stream, index=index, values=values, differences=apart)

    def _added(self, of: str, rows: I64) -> Values:
        if of == EVENTS:
            return Values()
        if of == LABEL:
            return Values(self.data.log.positive[rows])
        values, known = self.once((of,), lambda: self.millionths(of))
        return Values(values[rows], None if known.all() else known[rows])

    def numbers(self, column: str) -> F64:
        """[n] a numeric column of the log, NaN where a value is missing."""
        return numbers(self.data.log.table[column], column)

    def millionths(self, column: str) -> tuple[I64, Bools]:
        """[n] the same as integers of 1e-6, and which are known."""
        return millionths(self.data.log.table[column], column)

    def newest(self, window: Window, at: Moment, n: int, column: str) -> F64:
        """[m, n] a column's values of the last n events of a window, newest first; NaN where there are fewer."""
        values = self.once((Present.newest, column), lambda: np.append(self.numbers(column), np.nan))
        return values[self.held(window).last(at, n)]

    def partners(self, window: Window, at: Moment) -> tuple[I64, Array]:
        """CSR of the users of a window's events: [m + 1] offsets, and codes."""
        ends, rows = window.every(at)
        return ends, self.data.log.user[rows] if len(self.data.log) else rows

    def codes(self, of: str) -> Array:
        """[n] the log's users, items or a column's values as numbers, -1 where one is missing."""
        log = self.data.log
        return {"user": log.user, "item": log.item}[of] if of in ("user", "item") else codes_of(log.table[of], of)


def _scaled(values: F64, scale: F64) -> F32:
    mean, spread = scale
    scaled: F64 = np.nan_to_num((values - mean) / spread, nan=0.0, posinf=0.0, neginf=0.0)
    return scaled.astype(np.float32)
