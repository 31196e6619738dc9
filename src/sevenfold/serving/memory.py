"""What a run remembers of its users and its log: the bundle's log, and the events that a store has taken since.

An event is taken once, told by its id, and in one change of the store: the event itself, its id, its user's events as
features read them, and the codes of items that nobody knew. So log and state cannot part, whenever the process dies.

    SCOPE:e:ID     offset of the event of that id          SCOPE:u:USER   the user's own events (`features.online.Layout`)
    SCOPE:i:ITEM   code of an item that came later         SCOPE:n        how many events and later items there are

Ids are kept as hashes of 16 bytes, since a key has room for few; SCOPE is the bundle's name.
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
from sevenfold.features import load as load_features
from sevenfold.features.online import Layout
from sevenfold.nouns import I32, I64, SECOND, Array, Data, Log
from sevenfold.stores import Change, Store


@dataclass(frozen=True)
class Taken:
    """How a batch of events fared."""

    new: int
    repeated: int
    rows: frozenset[int] = frozenset()  # which were new


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

    def take(self, table: pa.Table, time: I64, available: I64, ids: Sequence[str]) -> Taken:
        """Take events in order of arrival: those whose id was taken before are left out. Durable when it returns."""
        fresh = Taken(0, 0)
        users, items = (_texts(table.column(self._column(name))) for name in ("user", "item"))
        strangers = sorted({one for one in items if one not in self._known})
        people = sorted(set(users))
        keys = [self._key("n"), *(self._key("e", one) for one in ids), *(self._key("u", one) for one in people),
                *(self._key("i", one) for one in strangers)]

        def make(values: list[bytes | None]) -> Change:
            nonlocal fresh
            counted, told, rest = values[0], values[1:1 + len(ids)], values[1 + len(ids):]
            blobs, late = dict(zip(people, rest, strict=False)), dict(zip(strangers, rest[len(people):], strict=True))
            events, more = (_number(counted[:8]), _number(counted[8:])) if counted else (0, 0)
            rows = _first_of_each(ids, told)
            fresh = Taken(len(rows), len(ids) - len(rows), frozenset(rows.tolist()))
            puts: dict[bytes, bytes | None] = {}
            for one in (one for one in strangers if late[one] is None and one in {items[row] for row in rows}):
                late[one] = puts[self._key("i", one)] = _packed(len(self.base.items) + more)
                more += 1
            codes = np.array([self._known.get(items[row], _number(late.get(items[row]))) for row in rows], dtype=np.int32)
            log = self._log(table.take(pa.array(rows)), time[rows], available[rows], codes)
            mine = [users[row] for row in rows]
            records = self.layout.records(log, mine, len(self.base.log) + events)
            for user, own in _grouped(mine):
                before = blobs[user]
                puts[self._key("u", user)] = self.layout.extended(self.before(user) if before is None else before, records[own])
            puts |= {self._key("e", ids[row]): _packed(events + at) for at, row in enumerate(rows.tolist())}
            puts[self._key("n")] = _packed(events + len(rows)) + _packed(more)
            return Change(puts, self._written(log, ids, rows)) if len(rows) else Change()

        self.store.change(keys, make)
        return fresh

    def before(self, user: str) -> bytes:
        """The user's events in the bundle's own log."""
        code = self._people.get(user, -1)
        low, high = np.searchsorted(self._of_users[0], [code, code + 1])
        return b"" if code < 0 else self._of_users[1][low:high].tobytes()

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
            for user, own in _grouped(users):
                made[user] = self.layout.extended(made[user] if user in made else self.before(user), records[own])
        return {self._key("u", user): blob for user, blob in made.items()}

    def kept(self) -> dict[bytes, bytes]:
        """Every user's state that the store holds."""
        return dict(self.store.scan(self._scope + b":u:"))

    def _read(self, rows: list[dict[str, Any]]) -> tuple[Log, list[str]]:
        table = pa.Table.from_pylist([row["row"] for row in rows], schema=self.schema)
        time, available, codes = (np.array([row[name] for row in rows], dtype=np.int64) for name in ("time", "available", "item"))
        return self._log(table, time, available, codes.astype(np.int32)), [row["user"] for row in rows]

    def _written(self, log: Log, ids: Sequence[str], rows: Array) -> list[bytes]:
        users = _texts(log.table.column(self._column("user")))
        plain = log.table.cast(pa.schema([_plain(one) for one in log.table.schema])).to_pylist()
        return [json.dumps({"id": ids[row], "time": int(log.time[at]), "available": int(log.available[at]), "user": users[at],
                            "item": int(log.item[at]), "row": plain[at]}, ensure_ascii=False).encode()
                for at, row in enumerate(rows.tolist())]

    def _log(self, table: pa.Table, time: I64, available: I64, item: I32) -> Log:
        user = np.array([self._people.get(one, -1) for one in _texts(table.column(self._column("user")))], dtype=np.int32)
        return Log(time=time, available=available, user=user, item=item, table=table,
                   positive=expression_mask(label_expression(self.design), table))

    def _column(self, role: str) -> str:
        return str(getattr(self.design.data.events, role))

    def _key(self, kind: str, name: str = "") -> bytes:
        ending = b":" + hashlib.blake2b(name.encode(), digest_size=16).digest() if name else b""
        return self._scope + b":" + kind.encode() + ending

    @cached_property
    def _known(self) -> Mapping[str, int]:
        """Item id → its code in the bundle's catalogue."""
        return {str(one): code for code, one in enumerate(self.base.items.ids.tolist())}

    @cached_property
    def _people(self) -> Mapping[str, int]:
        return {str(one): code for code, one in enumerate(self.base.users.ids.tolist())}

    @cached_property
    def _of_users(self) -> tuple[Array, Array]:
        """The bundle's events by user: codes, rising, and records in the order in which a blob keeps them."""
        log = self.base.log
        records = self.layout.records(log, [str(one) for one in self.base.users.ids[log.user].tolist()], 0)
        order = np.lexsort((records["arrival"], records["time"], records["available"], log.user))
        return log.user[order], records[order]


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


def _grouped(users: Sequence[str]) -> Iterator[tuple[str, Array]]:
    """Each user and the rows that are theirs, in order."""
    rows: dict[str, list[int]] = {}
    for row, user in enumerate(users):
        rows.setdefault(user, []).append(row)
    return ((user, np.array(own)) for user, own in rows.items())


def _texts(column: pa.ChunkedArray) -> list[str]:
    return [str(one) for one in column.to_pylist()]


def _plain(field: pa.Field) -> pa.Field:
    """Times as numbers, for JSON has none."""
    return field.with_type(pa.int64()) if pa.types.is_timestamp(field.type) else field


def _packed(number: int) -> bytes:
    return number.to_bytes(8, "little")


def _number(packed: bytes | None) -> int:
    return -1 if packed is None else int.from_bytes(packed, "little")
