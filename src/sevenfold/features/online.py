"""The online execution: features kept event by event, and read at a request's moment, equal to `View` over the log.

Layout    how an event is stored: fixed columns, and those columns of the log that a feature reads
Online    item state in memory (`flow.py`); of each user a blob of that user's own events, kept by whoever holds it
Reading   a few users' events as a `Present`: what is asked of users and pairs goes through the same index as offline
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa

from sevenfold.features.columns import MISSING, fixed, is_words, marks, numbers
from sevenfold.features.fitting import Features
from sevenfold.features.flow import ORDER, Flow, Totals, floats, missing
from sevenfold.features.kernel import Moment, Span
from sevenfold.features.past import KEYS
from sevenfold.features.present import Present
from sevenfold.features.view import View
from sevenfold.features.window import Window
from sevenfold.nouns import F64, I64, Array, Bools, Data, Log, Requests

FIXED = [("available", "<i8"), ("time", "<i8"), ("arrival", "<i8"), ("user", "<i8"), ("item", "<i4"), ("positive", "?")]
NOTHING = pa.table({})


class Layout:
    """An event as one record: when, who, what, positive or not, and every column that a feature of events reads."""

    def __init__(self, features: Features, table: pa.Table) -> None:
        named = [str(value) for feature in features.features if feature.group in KEYS
                 for value in feature.part.params.values()]
        self.columns = [name for name in table.column_names if name in named and not pa.types.is_list(table[name].type)]
        whole = {name for name in self.columns if pa.types.is_integer(table[name].type) or is_words(table[name])}
        self.dtype = np.dtype([*FIXED, *((name, "<i8" if name in whole else "<f8") for name in self.columns)])

    def records(self, log: Log, users: Sequence[object], arrival: int) -> Array:
        """[n] events; `users` are their users' ids, `arrival` is the offset of the first."""
        records = np.zeros(len(log), dtype=self.dtype)
        records["available"], records["time"], records["item"] = log.available, log.time, log.item
        records["arrival"], records["positive"] = np.arange(arrival, arrival + len(log)), log.positive
        records["user"] = marks(users)
        for name in self.columns:
            records[name] = _stored(log.table[name], name)
        return records

    def extended(self, blob: bytes | None, events: Array) -> bytes:
        """A user's events and some more, in order of availability, then time, then arrival."""
        known = self.events(blob)
        together = np.concatenate([known, events])
        if len(known) and len(events) == 1 and _key(known[-1]) <= _key(events[0]):
            return together.tobytes()
        return together[np.lexsort(tuple(together[name] for name in ORDER))].tobytes()

    def events(self, blob: bytes | None) -> Array:
        """[n] what a user's blob holds."""
        return np.frombuffer(blob or b"", dtype=self.dtype)


class Online(Present):
    """Features over a growing log. Events are taken as they arrive; `view` answers at a moment that does not go back far."""

    def __init__(self, features: Features, data: Data) -> None:
        self.layout = Layout(features, data.log.table)
        self.flow = Flow(self.layout.dtype, len(data.items))
        self.features = features
        empty = data.log.take(np.zeros(len(data.log), dtype=np.bool_))
        super().__init__(replace(data, log=empty), features.label_is_own)
        self._view = View(features.features, self, features.history)
        self.arrived = 0

    def held(self, window: Window) -> Span | Totals:  # type: ignore[override]
        """Windows over items follow the clock from the first; those of users are held by their own events."""
        return self.flow.held(window) if window.key == "item" else super().held(window)

    def arrive(self, log: Log, users: Sequence[object]) -> Array:
        """Events in order of arrival, with their users' ids: items take them in; returned for the users' blobs."""
        records = self.layout.records(log, users, self.arrived)
        self.arrived += len(records)
        self.flow.add(records)
        return records

    def view(self, blobs: Sequence[bytes | None], time: int) -> View:
        """What answers the requests of these users, in their order, all at one moment (µs)."""
        self.flow.move(time)
        return self._view.of(Reading(self, [self.layout.events(blob) for blob in blobs]))


class Reading(Present):
    """A few users' own events, indexed for one batch of requests: request b is the b-th user's."""

    def __init__(self, online: Online, events: Sequence[Array]) -> None:
        self._online = online
        self._events = np.concatenate([np.empty(0, dtype=online.layout.dtype), *events])
        user = np.repeat(np.arange(len(events)), [len(each) for each in events])
        held = self._events
        log = Log(time=held["time"], available=held["available"], user=user.astype(np.int32), item=held["item"],
                  positive=held["positive"], table=NOTHING)
        data = online.data
        super().__init__(Data(log=log, users=data.users, items=data.items, label_wait=data.label_wait,
                              impressions=data.impressions), online.features.label_is_own)
        self._width = online.flow.items

    def who(self, requests: Requests) -> Array:
        """[B] the b-th request asks for the b-th user's events."""
        return np.arange(len(requests))

    def order(self, key: str, entity: Array) -> I64:
        """[m] as they come: a batch is small."""
        return np.arange(len(entity))

    def held(self, window: Window) -> Span | Totals:  # type: ignore[override]
        """Of items what follows the clock, else the users' own events."""
        return self._online.flow.held(window) if window.key == "item" else super().held(window)

    def newest(self, window: Window, at: Moment, n: int, column: str) -> F64:
        """[m, n] the values of the last n events, from whoever holds them."""
        if window.key != "item":
            return super().newest(window, at, n, column)
        rows, tape = self.held(window).last(at, n), self._online.flow.tape.values
        found = np.full(rows.shape, np.nan)
        found[rows >= 0] = floats(tape[column][rows[rows >= 0]])
        return found

    def numbers(self, column: str) -> F64:
        """[n] a numeric column of the users' events."""
        return floats(self._events[column])

    def millionths(self, column: str) -> tuple[Array, Bools]:
        """[n] the same as integers of 1e-6."""
        return fixed(self.numbers(column), column)

    def codes(self, of: str) -> Array:
        """[n] what tells values apart, -1 where one is missing."""
        if of in ("user", "item"):
            return self.data.log.user if of == "user" else self.data.log.item
        values = self._events[of]
        codes = np.unique(values, return_inverse=True)[1]
        return np.where(missing(values), -1, codes)


def _key(event: Array) -> tuple[int, ...]:
    return tuple(int(event[name]) for name in reversed(ORDER))


def _stored(column: pa.ChunkedArray, name: str) -> Array:
    if pa.types.is_integer(column.type):
        return np.asarray(column.cast(pa.int64()).fill_null(int(MISSING)).to_numpy())
    return marks(column.to_pylist()) if is_words(column) else numbers(column, name)
