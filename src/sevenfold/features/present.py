"""What a feature reads: a log, indexed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cached_property

import numpy as np

from sevenfold.features.columns import codes_of, millionths
from sevenfold.features.kernel import RESOLUTION, Differences, Index, Moment, Stream, Values, Window, by_entity
from sevenfold.features.past import EVENTS, LABEL
from sevenfold.nouns import I64, SECOND, Array, Bools, Data

Reader = Callable[[Moment], Array]


class Present:
    """A log and its entities, indexed once, to be read as of any moment.

    `alias` says of which item of the log each item of the catalogue is a copy; usually of itself.
    """

    def __init__(self, data: Data, label_is_own: bool, alias: I64 | None = None) -> None:
        self.data = data
        self.alias = alias
        # a label of the row's own event is known only after its window; a positive event of others at its arrival
        self.act_wait = data.label_wait if label_is_own or data.impressions else 0
        self.events = Stream(data.log.available)
        self._made: dict[tuple[str, ...], Index | Values | Differences] = {}
        self._columns: dict[str, tuple[I64, Bools]] = {}

    @cached_property
    def acts(self) -> Stream:
        """The positive events."""
        if self.data.log.positive.all():
            return self.events
        return Stream(self.data.log.available, np.flatnonzero(self.data.log.positive))

    @cached_property
    def _pairs(self) -> I64:
        log = self.data.log
        pairs = np.unique(self._pair(log.user, log.item))
        return pairs[pairs >= 0]

    def _pair(self, user: Array, item: Array) -> I64:
        return np.where((user < 0) | (item < 0), -1, user.astype(np.int64) * len(self.data.items) + item)

    def _key(self, key: str, user: Array, item: Array) -> Array:
        if key == "pair":
            pair = self._pair(user, item)
            at = np.minimum(np.searchsorted(self._pairs, pair), len(self._pairs) - 1)
            return np.where(self._pairs[at] == pair, at, -1) if len(self._pairs) else np.full(len(pair), -1)
        return {"user": user, "item": item}[key]

    def entity(self, at: Moment, key: str) -> Array:
        """Whose events each row of a moment asks for."""
        if key == "user" or at.item is None:
            return at.user
        return self._key(key, at.user, at.item if self.alias is None else self.alias[at.item])

    def index(self, key: str, stream: Stream) -> Index:
        """The events of a stream by user, item or pair."""
        name = ("index", key, "events" if stream is self.events else "acts")
        if name not in self._made:
            entity = self._key(key, self.data.log.user, self.data.log.item)
            self._made[name] = Index(entity if stream.rows is None else entity[stream.rows], stream.bits)
        return self._made[name]  # type: ignore[return-value]

    def order(self, key: str, entity: Array) -> I64:
        """[m] questions about entities, in an order in which the index is read from one end to the other."""
        index, own = self._made.get(("index", key, "events")), self._key(key, self.data.log.user, self.data.log.item)
        if isinstance(index, Index) and len(index.keys) == len(entity) and np.array_equal(entity, own):
            return self.events.row(index.places)  # the log's own events: sorted already
        return by_entity(entity)

    def window(self, key: str, of: str = EVENTS, over: float | None = None) -> Window:
        """Events, labels or a column's values of an entity, to be counted and summed; `over` in seconds."""
        index = self.index(key, self.events)
        name = ("values", key, of)
        if name not in self._made:
            self._made[name] = self._values(of, self.events.row(index.places))
        return Window(key=key, stream=self.events, index=index, values=self._made[name],  # type: ignore[arg-type]
                      unit=1 if of in (EVENTS, LABEL) else RESOLUTION, over=micros(over),
                      wait=self.data.label_wait if of == LABEL else 0)

    def _values(self, of: str, rows: I64) -> Values:
        if of == EVENTS:
            return Values()
        if of == LABEL:
            return Values(self.data.log.positive[rows])
        if of not in self._columns:
            self._columns[of] = millionths(self.data.log.table[of], of)
        values, known = self._columns[of]
        return Values(values[rows], None if known.all() else known[rows])

    def different(self, key: str, of: str, over: float | None) -> Window:
        """The same events, to tell their users, items or a column's values apart."""
        window = self.window(key, EVENTS, over)
        name = ("differences", key, of)
        if name not in self._made:
            self._made[name] = Differences(window.index, self._codes(of)[self.events.row(window.index.places)])
        return replace(window, differences=self._made[name])  # type: ignore[arg-type]

    def _codes(self, of: str) -> Array:
        log = self.data.log
        return {"user": log.user, "item": log.item}[of] if of in ("user", "item") else codes_of(log.table[of], of)

    def positives(self, key: str, over: float | None = None, wait: int | None = None) -> Window:
        """The positive events of an entity, `wait` µs (else as long as it takes to know) after they arrived."""
        return Window(key=key, stream=self.acts, index=self.index(key, self.acts), values=Values(), over=micros(over),
                      wait=self.act_wait if wait is None else wait)


def micros(seconds: float | None) -> int | None:
    """Microseconds; None stays None."""
    return None if seconds is None else round(seconds * SECOND)
