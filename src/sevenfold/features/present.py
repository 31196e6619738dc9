"""What a feature reads: a log, indexed."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, TypeVar

import numpy as np

from sevenfold.features.columns import codes_of, millionths
from sevenfold.features.kernel import RESOLUTION, Differences, Index, Moment, Stream, Values, Window, by_entity
from sevenfold.features.past import EVENTS, LABEL
from sevenfold.nouns import F32, I64, SECOND, Array, Data

Made = TypeVar("Made")
Reader = Callable[[Moment], Array]


@dataclass(frozen=True)
class Lookup:
    """The reader of what does not change: one row of values an entity, and a last one for whom nobody knows."""

    key: str
    matrix: F32  # [entities + 1, columns]
    scaled: F32  # [entities, columns] missing values filled and numbers brought to scale, for models of content

    def __call__(self, at: Moment) -> Array:
        """[m, columns]"""
        return self.matrix[at.user if self.key == "user" or at.item is None else at.item]


class Present:
    """A log and its entities, indexed once, to be read as of any moment.

    `alias` [items + 1] says of which item of the log each item of the catalogue is a copy, -1 of nobody; None: of itself.
    """

    def __init__(self, data: Data, label_is_own: bool) -> None:
        self.data = data
        self.alias: I64 | None = None
        # a label of the row's own event is known only after its window; a positive event of others at its arrival
        self.act_wait = data.label_wait if label_is_own or data.impressions else 0
        self.events = Stream(data.log.available)
        positive = data.log.positive
        self.acts = self.events if positive.all() else Stream(data.log.available, np.flatnonzero(positive))
        self._made: dict[tuple[Any, ...], Any] = {}

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
        def make() -> Index:
            entity = self._key(key, self.data.log.user, self.data.log.item)
            return Index(entity if stream.rows is None else entity[stream.rows], stream.bits)

        return self._once((Index, key, id(stream)), make)

    def order(self, key: str, entity: Array) -> I64:
        """[m] questions about entities, in an order in which the index is read from one end to the other."""
        if np.array_equal(entity, self._key(key, self.data.log.user, self.data.log.item)):
            places = self.index(key, self.events).places
            if len(places) == len(entity):  # the log's own events: sorted already
                return self.events.row(places)
        return by_entity(entity)

    def lookup(self, group: str, matrix: F32, unknown: float, scaled: F32 | None = None) -> Lookup:
        """A reader of fixed values, [entities, columns]; `unknown` for an entity that nobody knows."""
        scaled = matrix if scaled is None else scaled
        if self.alias is not None and group == "item":
            matrix, scaled = matrix[self.alias[:-1]], scaled[self.alias[:-1]]
        return Lookup(group, np.vstack([matrix, np.full((1, matrix.shape[1]), unknown, dtype=np.float32)]), scaled)

    def window(self, key: str, of: str = EVENTS, over: float | None = None) -> Window:
        """Events, labels or a column's values of an entity, to be counted and summed; `over` in seconds."""
        index = self.index(key, self.events)
        values = self._once((Values, key, of), lambda: self._added(of, self.events.row(index.places)))
        return Window(key=key, stream=self.events, index=index, values=values, over=_micros(over),
                      unit=1 if of in (EVENTS, LABEL) else RESOLUTION, wait=self.data.label_wait if of == LABEL else 0)

    def different(self, key: str, of: str, over: float | None) -> Window:
        """The same events, to tell their users, items or a column's values apart."""
        window = self.window(key, EVENTS, over)
        rows = self.events.row(window.index.places)
        return replace(window, differences=self._once(
            (Differences, key, of), lambda: Differences(window.index, self._codes(of)[rows])))

    def positives(self, key: str, over: float | None = None, wait: int | None = None) -> Window:
        """The positive events of an entity, `wait` µs (else as long as it takes to know) after they arrived."""
        return Window(key=key, stream=self.acts, index=self.index(key, self.acts), values=Values(),
                      over=_micros(over), wait=self.act_wait if wait is None else wait)

    def _added(self, of: str, rows: I64) -> Values:
        if of == EVENTS:
            return Values()
        if of == LABEL:
            return Values(self.data.log.positive[rows])
        values, known = self._once((of,), lambda: millionths(self.data.log.table[of], of))
        return Values(values[rows], None if known.all() else known[rows])

    def _codes(self, of: str) -> Array:
        log = self.data.log
        return {"user": log.user, "item": log.item}[of] if of in ("user", "item") else codes_of(log.table[of], of)


    def _once(self, key: tuple[Any, ...], make: Callable[[], Made]) -> Made:
        if key not in self._made:
            self._made[key] = make()
        made: Made = self._made[key]
        return made


def _micros(seconds: float | None) -> int | None:
    return None if seconds is None else round(seconds * SECOND)
