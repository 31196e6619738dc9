"""What a run remembers of its users and its log: the bundle's log, and the events that a store has taken since.

An event is taken once, told by its id, and in one change of the store: the event itself, its id, its user's events as
features read them, and the codes of items that nobody knew. So log and state cannot part, whenever the process dies.

    e:ID           offset of the event of that id          n              how many events there are
    SCOPE:u:USER   the user's own events                   SCOPE:n        how many events this state has seen, and how many
    SCOPE:i:ITEM   code of an item that came later                        items came later

Ids are kept as hashes of 16 bytes, since a key has room for few. SCOPE is the bundle's name: another bundle has another
catalogue and reads other columns, so it makes its own state from the same log before it takes the next event.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from sevenfold import record
from sevenfold.bundle import manifest, state
from sevenfold.data.labels import expression_mask, label_expression
from sevenfold.design import load
from sevenfold.errors import StoreError
from sevenfold.features import load as load_features
from sevenfold.features.online import Layout
from sevenfold.nouns import I32, I64, SECOND, Array, Data, Log
from sevenfold.serving.arrivals import Arrivals, grouped, written
from sevenfold.stores import Change, Store

ALL = b"n"  # the key of how many events there are
CHUNK = 1000  # events that a state which is behind sees in one change


@dataclass(frozen=True)
class Taken:
    """How a batch of events fared."""

    new: int
    repeated: int
    rows: frozenset[int] = frozenset()  # which were new


class _Behind(Exception):
    """The log holds events that this bundle's state has not seen."""


class Memory:
    """The log of a run's live bundle, and what came after it."""

    def __init__(self, run: Path, store: Store) -> None:
        bundle = manifest.live(record.locate(run))
        manifest.verify(bundle)
        self.bundle = bundle
        self.design = load(bundle / "design.yaml")
        self.base: Data = state.load(bundle / "state")
        self.features = load_features(bundle / "parts" / "features")
        self.layout = Layout(self.features, self.base.log.table)
        self.schema: pa.Schema = self.base.log.table.schema
        self.store = store
        self._scope = bundle.name.encode()
        self._later: dict[str, int] = {}  # codes of items that the bundle does not know, as far as they were asked for
        self.follow()

    def take(self, table: pa.Table, time: I64, available: I64, ids: Sequence[str]) -> Taken:
        """Take events in order of arrival: those whose id was taken before are left out. Durable when it returns."""
        while True:
            try:
                return self._taken(Arrivals(table, time, available, *self._names(table)), ids)
            except _Behind:
                self.follow()

    def follow(self) -> None:
        """Bring this bundle's state to the end of a log that others have written."""
        while True:
            start = _counts(self.store.get([self._key("n")])[0])[0]
            rows = [json.loads(event) for _, event in self.store.events(start, CHUNK)]
            if not rows:
                return
            arrivals = self._arrivals(rows)
            keys = self._keys(arrivals)

            def make(values: list[bytes | None], arrivals: Arrivals = arrivals, keys: list[bytes] = keys,
                     start: int = start) -> Change:
                kept = dict(zip(keys, values, strict=True))
                return Change(self._puts(kept, arrivals, start) if _counts(kept[keys[0]])[0] == start else {})

            self.store.change(keys, make)

    def _taken(self, arrivals: Arrivals, ids: Sequence[str]) -> Taken:
        taken = Taken(0, 0)
        marks, state = [_id_key(one) for one in ids], self._keys(arrivals)

        def make(values: list[bytes | None]) -> Change:
            nonlocal taken
            size, told, kept = _counts(values[0])[0], values[1:1 + len(ids)], dict(zip(state, values[1 + len(ids):], strict=True))
            seen = _counts(kept[state[0]])[0]
            if seen > size:
                raise StoreError("store", f"its state has seen {seen} events, its log has {size}",
                                 "Another version of Sevenfold wrote it: name another store.")
            if seen < size:
                raise _Behind
            rows = _first_of_each(ids, told)
            taken = Taken(len(rows), len(ids) - len(rows), frozenset(rows.tolist()))
            if not len(rows):
                return Change()
            fresh = arrivals.at(rows)
            puts = self._puts(kept, fresh, size) | {marks[row]: _packed(size + at) for at, row in enumerate(rows.tolist())}
            return Change(puts | {ALL: _packed(size + len(rows))}, written(fresh, [ids[row] for row in rows]))

        self.store.change([ALL, *marks, *state], make)
        return taken

    def _keys(self, arrivals: Arrivals) -> list[bytes]:
        """What events may change in this bundle's state."""
        strangers = dict.fromkeys(one for one in arrivals.items if one not in self._known)
        return [self._key("n"), *(self._key("u", one) for one in dict.fromkeys(arrivals.users)),
                *(self._key("i", one) for one in strangers)]

    def _puts(self, kept: Mapping[bytes, bytes | None], arrivals: Arrivals, start: int) -> dict[bytes, bytes | None]:
        """What the next events, of which the first has the offset `start`, make of this bundle's state."""
        puts: dict[bytes, bytes | None] = {}
        codes, more = [], _counts(kept[self._key("n")])[1]
        for item in arrivals.items:
            code, key = self._known.get(item, -1), self._key("i", item)
            if code < 0:
                if (packed := puts.get(key, kept[key])) is None:
                    packed = puts[key] = _packed(len(self.base.items) + more)
                    more += 1
                code = _counts(packed)[0]
            codes.append(code)
        log = self._log(arrivals, np.array(codes, dtype=np.int32))
        records = self.layout.records(log, arrivals.users, len(self.base.log) + start)
        for user, own in grouped(arrivals.users):
            before = kept[self._key("u", user)]
            puts[self._key("u", user)] = self.layout.extended(self.before(user) if before is None else before, records[own])
        return puts | {self._key("n"): _packed(start + len(records)) + _packed(more)}

    def before(self, user: str) -> bytes:
        """The user's events in the bundle's own log."""
        code = self._people.get(user, -1)
        ends, records = self._of_users
        return b"" if code < 0 else records[ends[code]:ends[code + 1]].tobytes()

    def blob(self, user: str) -> bytes:
        """The user's events so far."""
        return self.blobs([user])[0]

    def blobs(self, users: Sequence[str]) -> list[bytes]:
        """The events so far of several users, at one moment."""
        kept = self.store.get([self._key("u", user) for user in users])
        return [self.before(user) if own is None else own for user, own in zip(users, kept, strict=True)]

    def code(self, user: str) -> int:
        """The user's code in the bundle's log; -1 of who came later."""
        return self._people.get(user, -1)

    def item(self, item: str) -> int:
        """The item's code in the bundle's catalogue; -1 of what came later."""
        return self._known.get(item, -1)

    def since(self, start: int = 0, most: int | None = None, chunk: int = 10_000) -> Iterator[tuple[Log, list[str]]]:
        """The events that came after the bundle's log, `most` from an offset on, as (log, their users' ids)."""
        rows: list[dict[str, Any]] = []
        for _, event in self.store.events(start, most):
            rows.append(json.loads(event))
            if len(rows) == chunk:
                yield self._read(rows)
                rows = []
        if rows:
            yield self._read(rows)

    def rebuilt(self) -> dict[bytes, bytes]:
        """Every user's state made anew from the logs alone; byte for byte what the store holds of them."""
        made: dict[str, bytes] = {}
        arrived = len(self.base.log)
        for log, users in self.since():
            records = self.layout.records(log, users, arrived)
            arrived += len(log)
            for user, own in grouped(users):
                made[user] = self.layout.extended(made[user] if user in made else self.before(user), records[own])
        return {self._key("u", user): blob for user, blob in made.items()}

    def kept(self) -> dict[bytes, bytes]:
        """Every user's state that the store holds."""
        return dict(self.store.scan(self._scope + b":u:"))

    def _read(self, rows: list[dict[str, Any]]) -> tuple[Log, list[str]]:
        arrivals = self._arrivals(rows)
        return self._log(arrivals, self._codes(arrivals.items)), arrivals.users

    def _arrivals(self, rows: list[dict[str, Any]]) -> Arrivals:
        table = pa.Table.from_pylist([row["row"] for row in rows], schema=self.schema)
        time, available = (np.array([row[name] for row in rows], dtype=np.int64) for name in ("time", "available"))
        return Arrivals(table, time, available, *self._names(table))

    def _codes(self, items: Sequence[str]) -> I32:
        """The items' codes; of those that came later they stand in the store."""
        new = [one for one in dict.fromkeys(items) if one not in self._known and one not in self._later]
        for _ in range(2):
            found = zip(new, self.store.get([self._key("i", one) for one in new]), strict=True)
            self._later |= {one: _counts(packed)[0] for one, packed in found if packed is not None}
            if all(one in self._later for one in new):
                break
            self.follow()  # another bundle's server took them
        return np.array([self._known.get(one, self._later.get(one, -1)) for one in items], dtype=np.int32)

    def _log(self, arrivals: Arrivals, item: I32) -> Log:
        user = np.array([self._people.get(one, -1) for one in arrivals.users], dtype=np.int32)
        return Log(time=arrivals.time, available=arrivals.available, user=user, item=item, table=arrivals.table,
                   positive=expression_mask(label_expression(self.design), arrivals.table))

    def _names(self, table: pa.Table) -> tuple[list[str], list[str]]:
        """The ids of the events' users and items, as text."""
        users, items = (_texts(table.column(self._column(role))) for role in ("user", "item"))
        return users, items

    def _column(self, role: str) -> str:
        return str(getattr(self.design.data.events, role))

    def _key(self, kind: str, name: str = "") -> bytes:
        return self._scope + b":" + kind.encode() + (b":" + _hash(name) if name else b"")

    @cached_property
    def _known(self) -> Mapping[str, int]:
        """Item id → its code in the bundle's catalogue."""
        return {str(one): code for code, one in enumerate(self.base.items.ids.tolist())}

    @cached_property
    def _people(self) -> Mapping[str, int]:
        return {str(one): code for code, one in enumerate(self.base.users.ids.tolist())}

    @cached_property
    def _of_users(self) -> tuple[Array, Array]:
        """The bundle's events by user: offsets, and records in the order in which a blob keeps them."""
        log = self.base.log
        records = self.layout.records(log, [str(one) for one in self.base.users.ids[log.user].tolist()], 0)
        order = np.lexsort((records["arrival"], records["time"], records["available"], log.user))
        return np.searchsorted(log.user[order], np.arange(len(self.base.users) + 1, dtype=np.int32)), records[order]


def available_at(memory: Memory, times: Mapping[str, I64]) -> tuple[I64, I64]:
    """When events of a source happened and became available, as the document says."""
    events = memory.design.data.events
    time = times[str(events.time)]
    later = time + round(events.delay * SECOND) if events.available is None else times[events.available]
    return time, np.maximum(time, later)


def _first_of_each(ids: Sequence[str], told: Sequence[bytes | None]) -> Array:
    """Rows whose id is new, the first of each."""
    seen: set[str] = set()
    return np.array([row for row, (one, known) in enumerate(zip(ids, told, strict=True))
                     if known is None and not (one in seen or seen.add(one))], dtype=np.int64)  # type: ignore[func-returns-value]


def _texts(column: pa.ChunkedArray) -> list[str]:
    return [str(one) for one in column.to_pylist()]


def _id_key(one: str) -> bytes:
    return b"e:" + _hash(one)


def _hash(name: str) -> bytes:
    return hashlib.blake2b(name.encode(), digest_size=16).digest()


def _packed(number: int) -> bytes:
    return number.to_bytes(8, "little")


def _counts(packed: bytes | None) -> tuple[int, int]:
    """One or two numbers; zero where there is none."""
    return (int.from_bytes(packed[:8], "little"), int.from_bytes(packed[8:], "little")) if packed else (0, 0)
