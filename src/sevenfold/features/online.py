"""The online execution: features kept event by event, and read at a request's moment, equal to `View` over the log.

Layout    how an event is stored: fixed columns, and those columns of the log that a feature reads
Online    item state in memory (flow.py); of each user a blob of that user's own events, kept by whoever holds it
"""

from __future__ import annotations

import struct
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa

from sevenfold.features.columns import MISSING, is_words, marks, numbers
from sevenfold.features.fitting import Features
from sevenfold.features.flow import ORDER, Flow
from sevenfold.features.past import KEYS
from sevenfold.features.present import Present
from sevenfold.features.reading import Plan, Reading
from sevenfold.features.view import View
from sevenfold.features.window import Window
from sevenfold.nouns import NOBODY, Array, Data, Log

FIXED = [("available", "<i8"), ("time", "<i8"), ("arrival", "<i8"), ("user", "<i8"), ("who", "<i4"), ("item", "<i4"),
         ("positive", "?")]  # user: a mark of the id, the same for ever; who: the user's code, -1 of one who came later
KEY = struct.Struct("<3q")  # the first three, by which events are in order


class Layout:
    """An event as one record: when, who, what, positive or not, and every column that a feature of events reads."""

    def __init__(self, features: Features, table: pa.Table) -> None:
        named = [str(value) for feature in features.features if feature.group in KEYS
                 for value in feature.part.params.values()]
        self.columns = {name: table[name].type for name in table.column_names
                        if name in named and not pa.types.is_list(table[name].type)}
        self.dtype = np.dtype([*FIXED, *((name, _stored(table[name][:0], name).dtype) for name in self.columns)])

    def records(self, log: Log, users: Sequence[object], arrival: int) -> Array:
        """[n] events; `users` are their users' ids, `arrival` is the offset of the first."""
        records = np.zeros(len(log), dtype=self.dtype)
        records["available"], records["time"], records["item"] = log.available, log.time, log.item
        records["arrival"], records["positive"] = np.arange(arrival, arrival + len(log)), log.positive
        records["user"], records["who"] = marks(users), log.user
        for name in self.columns:
            records[name] = _stored(log.table[name], name)
        return records

    def record(self, *, available: int, time: int, arrival: int, user: object, who: int, item: int, positive: bool,
               values: Mapping[str, object]) -> Array:
        """[1] a single event; `values` are its columns, None or nothing where one is missing."""
        record = np.empty(1, dtype=self.dtype)
        record[0] = (available, time, arrival, marks([user])[0], who, item, positive,
                     *(_one(values.get(name), kind) for name, kind in self.columns.items()))
        return record

    def extended(self, blob: bytes | None, events: Array) -> bytes:
        """A user's events and some more, in order of availability, then time, then arrival."""
        known, more, size = blob or b"", events.tobytes(), self.dtype.itemsize
        if len(events) == 1:
            place = size * bisect_right(range(len(known) // size), KEY.unpack_from(more),
                                        key=lambda row: KEY.unpack_from(known, row * size))
            return known[:place] + more + known[place:]
        together = np.frombuffer(known + more, dtype=self.dtype)
        return together[np.lexsort(tuple(together[name] for name in ORDER))].tobytes()


class Online(Present):
    """Features over a growing log. Events are taken as they arrive; `view` answers at a moment that does not go back far."""

    def __init__(self, features: Features, data: Data) -> None:
        self.layout = Layout(features, data.log.table)
        self.flow = Flow(self.layout.dtype, len(data.items))
        self._windows: dict[Window, Window] = {}
        super().__init__(replace(data, log=data.log.take(np.zeros(len(data.log), dtype=np.bool_))), features.waits(data))
        self._features = features
        self._bound()
        self._plans = {acts: Plan([window for window in self._windows if window.acts == acts]) for acts in (False, True)}
        self.arrived = 0

    def told(self, data: Data) -> None:
        """Take over tables of users and items with other attributes, and with others behind them."""
        self.data = replace(self.data, users=data.users, items=data.items)
        self._bound()

    def _bound(self) -> None:
        features = self._features
        self._view = View(features.features, self, features.history, features.asks, features.withheld)
        self.content = self._view.content  # made now: the first request would wait for it

    def _read(self, window: Window) -> Window:
        """Windows over items follow the clock from now on; those of users and pairs are read when somebody asks."""
        if window.key == "item":
            return self.flow.held(window).window
        return self._windows.setdefault(window, window)  # one for all who ask: found without a comparison

    def arrive(self, log: Log, users: Sequence[object]) -> Array:
        """Events in order of arrival, with their users' ids: items take them in; returned for the users' blobs."""
        return self._taken(self.layout.records(log, users, self.arrived))

    def happen(self, *, available: int, time: int, user: object, item: int, positive: bool,
               values: Mapping[str, object], who: int = NOBODY) -> Array:
        """A single event, as `arrive` takes many: `values` are those of its columns that are known, `who` the user's code."""
        return self._taken(self.layout.record(available=available, time=time, arrival=self.arrived, user=user, who=who,
                                              item=item, positive=positive, values=values))

    def _taken(self, records: Array) -> Array:
        self.arrived += len(records)
        self.flow.add(records)
        return records

    def view(self, blobs: Sequence[bytes | None], time: int) -> View:
        """What answers the requests of these users, in their order, all at one moment (µs)."""
        self.flow.move(time)
        known, record = [blob or b"" for blob in blobs], self.layout.dtype
        events, sizes = np.frombuffer(b"".join(known), dtype=record), [len(blob) // record.itemsize for blob in known]
        return self._view.of(Reading(self._plans, self.flow, self.data, events, sizes, time))


def _stored(column: pa.ChunkedArray, name: str) -> Array:
    if pa.types.is_integer(column.type):
        return np.asarray(column.cast(pa.int64()).fill_null(int(MISSING)).to_numpy())
    return marks(column.to_pylist()) if is_words(column) else numbers(column, name)


def _one(value: object, kind: pa.DataType) -> object:
    """A single value of a column as it is stored."""
    if isinstance(value, str):
        return marks([value])[0]
    if isinstance(value, int | float):
        return value
    return _stored(pa.chunked_array([pa.array([value], kind)]), "")[0]
