"""What a run remembers of its users and its log: the bundle's log, and the events that a store has taken since.

An event is taken once, told by its id, and in one change of the store: the event itself, its id, its user's events as
features read them, and the codes of items that nobody knew. So log and state cannot part, whenever the process dies.

    e:ID           offset of the event of that id          n              how many events there are
    SCOPE:u:USER   the user's own events                   SCOPE:n        how many events this state has seen, and how many
    SCOPE:i:ITEM   code of an item that came later                        items came later

Ids are kept as hashes (keys.py). SCOPE is the bundle's name: another bundle has another catalogue and reads other columns,
so it makes its own state from the same log before it takes the next event. A link stands in the state of both of its ends,
and is the same event whichever of them is named first. Of a user with a tombstone nothing before it is read, neither from
the log nor from the bundle.
"""

from __future__ import annotations

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
from sevenfold.nouns import I32, I64, NOBODY, Array, Log
from sevenfold.serving.arrivals import Arrivals, both_ways, first_of_each, grouped, written
from sevenfold.serving.forgetting import Gone, without
from sevenfold.serving.keys import GONE, counts, hashed, packed
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
    """The log holds events, or the store tombstones, that this bundle's state has not seen."""


class Memory:
    """The log of a run's live bundle, and what came after it."""

    def __init__(self, run: Path, store: Store) -> None:
        bundle = manifest.live(record.locate(run))
        manifest.verify(bundle)
        self.bundle = bundle
        self.design = load(bundle / "design.yaml")
        events = self.design.data.events
        self.clocked = events.time not in (None, "none")
        self.roles = {role: name for role, name in (("user", events.query or events.user), ("item", events.item)) if name}
        self.links = self.design.framing.answer.users is not None  # users stand at both ends of an event
        self.features = load_features(bundle / "parts" / "features")
        self.store, self.gone = store, Gone(store)
        self.base = without(state.load(bundle / "state"), self.gone, self.links)
        self.layout = Layout(self.features, self.base.log.table)
        self.schema: pa.Schema = self.base.log.table.schema
        self._scope = bundle.name.encode()
        self._later: dict[str, int] = {}  # codes of items that the bundle does not know, as far as they were asked for
        self.follow()

    def take(self, table: pa.Table, time: I64, available: I64, ids: Sequence[str]) -> Taken:
        """Take events in order of arrival: those whose id was taken before are left out. Durable when it returns."""
        arrivals = self._named(table, time, available)
        while True:
            try:
                return self._taken(arrivals, ids)
            except _Behind:
                self.follow()

    def follow(self) -> None:
        """Bring this bundle's state to the end of a log that others have written."""
        while True:
            seen, told = self.store.get([self._key("n"), GONE])
            self.gone.look(told)
            rows = self._rows(counts(seen)[0], CHUNK)
            if not rows:
                return
            arrivals = self._ends(self._arrivals(rows))
            keys = [GONE, *self._keys(arrivals)]

            def make(values: list[bytes | None], keys: list[bytes] = keys, arrivals: Arrivals = arrivals, size: int = len(rows),
                     before: tuple[bytes | None, ...] = (told, seen)) -> Change:
                kept = dict(zip(keys, values, strict=True))
                return Change(self._puts(kept, arrivals, size) if (values[0], values[1]) == before else {})

            self.store.change(keys, make)

    def forget(self, user: str, moment: int) -> int:
        """Delete a user: nothing from before is read any more, whichever bundle answers; how many own events that ends."""
        grave = GONE + b":" + hashed(user)
        states = [bundle.name.encode() + b":u:" + hashed(user) for bundle in self.bundle.parent.iterdir()]
        before = len(self.blob(user)) // self.layout.dtype.itemsize

        def make(values: list[bytes | None]) -> Change:
            size, graves = (counts(one)[0] for one in values)
            return Change({GONE: packed(graves + 1), grave: packed(size, moment), **dict.fromkeys(states, b"")})

        self.store.change([ALL, GONE], make)
        self.gone.look(*self.store.get([GONE]))
        return before

    def _taken(self, arrivals: Arrivals, ids: Sequence[str]) -> Taken:
        taken = Taken(0, 0)
        marks, state = self._marks(arrivals, ids), self._keys(self._ends(arrivals))
        flat = [mark for mine in marks for mark in mine]

        def make(values: list[bytes | None]) -> Change:
            nonlocal taken
            size, told = counts(values[0])[0], dict(zip(flat, values[2:], strict=False))
            kept = dict(zip(state, values[2 + len(flat):], strict=True))
            seen = counts(kept[state[0]])[0]
            if seen > size:
                raise StoreError("store", f"its state has seen {seen} events, its log has {size}",
                                 "Another version of Sevenfold wrote it: name another store.")
            if seen < size or self.gone.old(values[1]):
                raise _Behind
            rows = first_of_each(marks, told)
            taken = Taken(len(rows), len(ids) - len(rows), frozenset(rows.tolist()))
            if not len(rows):
                return Change()
            fresh = arrivals.at(rows)
            puts = self._puts(kept, self._ends(fresh), len(rows))
            puts |= {mark: packed(size + at) for at, row in enumerate(rows.tolist()) for mark in marks[row]}
            return Change(puts | {ALL: packed(size + len(rows))}, written(fresh, [ids[row] for row in rows]))

        self.store.change([ALL, GONE, *flat, *state], make)
        return taken

    def _marks(self, arrivals: Arrivals, ids: Sequence[str]) -> list[list[bytes]]:
        """What tells each event: its id, and of a link also its moment and its ends, in whichever order they came."""
        marks = [[b"e:" + hashed(one)] for one in ids]
        if self.design.data.events.symmetric:
            for mine, time, *ends in zip(marks, arrivals.time.tolist(), arrivals.users, arrivals.items, strict=True):
                mine.append(b"e:" + hashed(json.dumps([time, *sorted(ends)])))
        return marks

    def _keys(self, arrivals: Arrivals) -> list[bytes]:
        """What events may change in this bundle's state."""
        strangers = dict.fromkeys(one for one in arrivals.items if one and one not in self._known)
        return [self._key("n"), *(self._key("u", one) for one in dict.fromkeys(arrivals.users) if one),
                *(self._key("i", one) for one in strangers)]

    def _puts(self, kept: Mapping[bytes, bytes | None], arrivals: Arrivals, size: int) -> dict[bytes, bytes | None]:
        """What the next `size` events make of this bundle's state."""
        puts: dict[bytes, bytes | None] = {}
        start, more = counts(kept[self._key("n")])
        codes = []
        for item in arrivals.items:
            code, key = self._known.get(item, NOBODY), self._key("i", item)
            if code < 0 and item:
                if (found := puts.get(key, kept[key])) is None:
                    found = puts[key] = packed(len(self.base.items) + more)
                    more += 1
                code = counts(found)[0]
            codes.append(code)
        records = self._records(arrivals, self._log(arrivals, np.array(codes, dtype=np.int32)), start)
        for user, own in grouped(arrivals.users):
            before = kept[self._key("u", user)]
            puts[self._key("u", user)] = self.layout.extended(self.before(user) if before is None else before, records[own])
        return puts | {self._key("n"): packed(start + size, more)}

    def before(self, user: str) -> bytes:
        """The user's events in the bundle's own log."""
        code = self.code(user)
        ends, records = self._of_users
        return b"" if code < 0 else records[ends[code]:ends[code + 1]].tobytes()

    def blob(self, user: str) -> bytes:
        """The user's events so far."""
        return self.blobs([user])[0]

    def blobs(self, users: Sequence[str]) -> list[bytes]:
        """The events so far of several users, at one moment; nothing of nobody, who is empty."""
        known = [user for user in users if user]
        if not known:
            return [b""] * len(users)
        told, *kept = self.store.get([GONE, *(self._key("u", user) for user in known)])
        self.gone.look(told)
        found = iter(kept)
        return [self.before(user) if (own := next(found) if user else b"") is None else own for user in users]

    def code(self, user: str) -> int:
        """The user's code in the bundle's log; -1 of who came later, or was deleted."""
        return NOBODY if len(self.gone) and self.gone.of(user)[1] else self._people.get(user, NOBODY)

    def item(self, item: str) -> int:
        """The item's code in the bundle's catalogue; -1 of what came later."""
        return self._known.get(item, NOBODY)

    def names(self, log: Log) -> list[str]:
        """Of events of the bundle's log the ids of their users, empty of nobody."""
        ids = [*map(str, self.base.users.ids.tolist()), ""]
        return [ids[code] for code in log.user.tolist()]

    def since(self, start: int = 0, most: int | None = None, chunk: int = 10_000) -> Iterator[tuple[Log, list[str], int]]:
        """The events that came after the bundle's log, `most` from an offset on, as (log, its rows' users, events)."""
        end = len(self.store) if most is None else start + most
        for at in range(start, end, chunk):
            if not (rows := self._rows(at, min(chunk, end - at))):
                return
            arrivals = self._ends(self._arrivals(rows))
            yield self._log(arrivals, self._codes(arrivals.items)), arrivals.users, len(rows)

    def rebuilt(self) -> dict[bytes, bytes]:
        """Every user's state made anew from the logs alone; byte for byte what the store holds of them."""
        made: dict[str, bytes] = {}
        for start in range(0, len(self.store), CHUNK):
            arrivals = self._ends(self._arrivals(self._rows(start, CHUNK)))
            records = self._records(arrivals, self._log(arrivals, self._codes(arrivals.items)), start)
            for user, own in grouped(arrivals.users):
                made[user] = self.layout.extended(made[user] if user in made else self.before(user), records[own])
        return {self._key("u", user): blob for user, blob in made.items()}

    def kept(self) -> dict[bytes, bytes]:
        """Every user's state that the store holds."""
        return {key: blob for key, blob in self.store.scan(self._scope + b":u:") if blob}

    def _rows(self, start: int, most: int) -> list[dict[str, Any]]:
        """Events of the store's log, without the names of who was deleted since."""
        rows = [(offset, json.loads(event)) for offset, event in self.store.events(start, most)]
        people = [self.roles[role] for role in ("user", "item")[:1 + self.links] if role in self.roles]
        for offset, event in rows if len(self.gone) else ():
            event["row"] |= {name: None for name in people if offset < self.gone.of(str(event["row"][name]))[0]}
        return [event for _, event in rows]

    def _arrivals(self, rows: list[dict[str, Any]]) -> Arrivals:
        table = pa.Table.from_pylist([row["row"] for row in rows], schema=self.schema)
        time, available = (np.array([row[name] for row in rows], dtype=np.int64) for name in ("time", "available"))
        return self._named(table, time, available)

    def _named(self, table: pa.Table, time: I64, available: I64) -> Arrivals:
        users, items = (["" if one is None else str(one) for one in table.column(self.roles[role]).to_pylist()]
                        if role in self.roles else [""] * len(table) for role in ("user", "item"))
        return Arrivals(table, time, available, users, items, np.arange(len(table)))

    def _ends(self, arrivals: Arrivals) -> Arrivals:
        """The events as features read them."""
        return both_ways(arrivals) if self.design.data.events.symmetric else arrivals

    def _records(self, arrivals: Arrivals, log: Log, start: int) -> Array:
        records = self.layout.records(log, arrivals.users, 0)
        records["arrival"] = len(self.base.log) + (1 + self.design.data.events.symmetric) * start + arrivals.number
        return records

    def _codes(self, items: Sequence[str]) -> I32:
        """The items' codes; of those that came later they stand in the store."""
        new = [one for one in dict.fromkeys(items) if one and one not in self._known and one not in self._later]
        for _ in range(2):
            found = zip(new, self.store.get([self._key("i", one) for one in new]), strict=True)
            self._later |= {one: counts(code)[0] for one, code in found if code is not None}
            if all(one in self._later for one in new):
                break
            self.follow()  # another bundle's server took them
        return np.array([self._known.get(one, self._later.get(one, NOBODY)) for one in items], dtype=np.int32)

    def _log(self, arrivals: Arrivals, item: I32) -> Log:
        user = np.array([self.code(one) for one in arrivals.users], dtype=np.int32)
        return Log(time=arrivals.time, available=arrivals.available, user=user, item=item, table=arrivals.table,
                   positive=expression_mask(label_expression(self.design), arrivals.table))

    def _key(self, kind: str, name: str = "") -> bytes:
        return self._scope + b":" + kind.encode() + (b":" + hashed(name) if name else b"")

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
        records = self.layout.records(log, self.names(log), 0)
        order = np.lexsort((records["arrival"], records["time"], records["available"], log.user))
        return np.searchsorted(log.user[order], np.arange(len(self.base.users) + 1, dtype=np.int32)), records[order]
