"""What a run remembers of its users and its log: the bundle's log, and the events that a store has taken since.

An event is taken once, told by its id, and in one change of the store: the event itself, its id, its user's events as
features read them, and the codes of items that nobody knew. So log and state cannot part, whenever the process dies. The log
also holds what was told of users and items (attributes.py), and that somebody was deleted.

    e:ID           offset of the event of that id          n              how many entries the log has
    SCOPE:u:USER   the user's own events                   SCOPE:n        how many entries this state has seen, and how many
    SCOPE:i:ITEM   code of an item that came later                        items came later

Ids are kept as hashes (keys.py). SCOPE is the bundle's name: another bundle has another catalogue and reads other columns,
so it makes its own state from the same log before it takes the next event. A link stands in the state of both of its ends,
and is the same event whichever of them is named first. Of a user with a tombstone nothing before it is read, neither from
the log nor from the bundle. A bundle that was made of a store's events says of how many, and is not told them again.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

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
from sevenfold.serving.arrivals import (
    Arrivals,
    Entries,
    Entry,
    arrived,
    both_ways,
    first_of_each,
    grouped,
    marks_of,
    named,
    written,
)
from sevenfold.serving.forgetting import Gone, redacted, stretch, without
from sevenfold.stores import Change, Store
from sevenfold.stores.keys import GONE, counts, hashed, name_of, packed

ALL = b"n"  # the key of how many events there are
CHUNK = 1000  # entries that a state which is behind sees in one change


@dataclass(frozen=True)
class Taken:
    """How a batch of events fared."""

    new: int
    repeated: int
    rows: frozenset[int] = frozenset()  # which were new


class _Behind(Exception):
    """The log holds entries, or the store tombstones, that this bundle's state has not seen."""


class Memory:
    """The log of a run's live bundle, and what came after it."""

    def __init__(self, run: Path, store: Store) -> None:
        bundle = manifest.live(record.locate(run))
        held = manifest.verify(bundle).get(manifest.STORE, {})
        self.bundle = bundle
        self.design = load(bundle / "design.yaml")
        events = self.design.data.events
        self.clocked = events.time not in (None, "none")
        self.roles = {role: name for role, name in (("user", events.query or events.user), ("item", events.item)) if name}
        self.links = self.design.framing.answer.users is not None  # users stand at both ends of an event
        self.features = load_features(bundle / "parts" / "features")
        self.people = [self.roles[role] for role in ("user", "item")[:1 + self.links] if role in self.roles]  # columns of who
        self.catalogue = "users" if self.links else "items"  # whose attributes are those of items
        self.start = held["entries"] if held.get("name") == name_of(store) else 0  # entries in the bundle's log
        if len(store) < self.start:
            raise StoreError("store", f"its log has {len(store)} entries, the bundle was made of its first {self.start}",
                             "Bring the store back from a whole copy, or name another.")
        self.store, self.gone = store, Gone(store, self.start)
        self.base = without(state.load(bundle / "state"), self.gone, self.links)
        self.layout = Layout(self.features, self.base.log.table)
        self.schema: pa.Schema = self.base.log.table.schema
        self._scope = bundle.name.encode()
        self.later: dict[str, int] = {}  # codes of items that the bundle does not know, as far as they were asked for
        self.told: dict[str, dict[str, int]] = {"users": {}, "items": {}}  # codes of who came later and was told of
        self.follow()

    def take(self, table: pa.Table, time: I64, available: I64, ids: Sequence[str], told: Sequence[Entry] = ()) -> Taken:
        """Take events in order of arrival, but those whose id was taken before, then attributes. Durable when it returns."""
        arrivals = named(table, time, available, self.roles)
        while True:
            try:
                return self._taken(arrivals, ids, told)
            except _Behind:
                self.follow()

    def follow(self) -> None:
        """Bring this bundle's state to the end of a log that others have written."""
        while True:
            seen, told = self.store.get([self._key("n"), GONE])
            self.gone.look(told)
            entries = self._entries(self._seen(seen)[0], CHUNK)
            if not entries.size:
                return
            keys = [GONE, *self._keys(entries)]

            def make(values: list[bytes | None], keys: list[bytes] = keys, entries: Entries = entries,
                     before: tuple[bytes | None, ...] = (told, seen)) -> Change:
                kept = dict(zip(keys, values, strict=True))
                return Change(self._puts(kept, entries) if (values[0], values[1]) == before else {})

            self.store.change(keys, make)

    def forget(self, user: str, moment: int) -> tuple[int, int]:
        """Delete a user: nothing from before is read any more, whichever bundle answers, and the log is without the name.

        How many own events that ends, and how many entries of the log were redacted.
        """
        grave = GONE + b":" + hashed(user)
        states = [bundle.name.encode() + b":u:" + hashed(user) for bundle in self.bundle.parent.iterdir()]
        before = len(self.blob(user)) // self.layout.dtype.itemsize
        nameless: dict[int, bytes] = {}
        read = 0

        def make(values: list[bytes | None]) -> Change:
            size, graves = (counts(one)[0] + 1 for one in values)
            if size > read + 1:
                raise _Behind
            puts: dict[bytes, bytes | None] = {ALL: packed(size), GONE: packed(graves), grave: packed(size, moment)}
            return Change(puts | dict.fromkeys(states, b""), [json.dumps({"gone": hashed(user).hex()}).encode()], nameless)

        while True:
            for offset, entry in self.store.events(read):
                read, without_name = offset + 1, redacted(entry, user, self.people)
                nameless |= {} if without_name is None else {offset: without_name}
            try:
                self.store.change([ALL, GONE], make)
                break
            except _Behind:  # somebody has written meanwhile
                continue
        self.gone.look(*self.store.get([GONE]))
        return before, len(nameless)

    def _taken(self, arrivals: Arrivals, ids: Sequence[str], told: Sequence[Entry]) -> Taken:
        taken = Taken(0, 0)
        said = list(enumerate(told, len(ids)))
        marks = marks_of(arrivals, ids, self.design.data.events.symmetric)
        state = self._keys(Entries(self._ends(arrivals), said, len(ids) + len(told)))
        flat = [mark for mine in marks for mark in mine]

        def make(values: list[bytes | None]) -> Change:
            nonlocal taken
            size, known = counts(values[0])[0], dict(zip(flat, values[2:], strict=False))
            kept = dict(zip(state, values[2 + len(flat):], strict=True))
            seen = self._seen(kept[state[0]])[0]
            if seen > size:
                raise StoreError("store", f"its state has seen {seen} entries, its log has {size}",
                                 "Another version of Sevenfold wrote it: name another store.")
            if seen < size or self.gone.old(values[1]):
                raise _Behind
            rows = first_of_each(marks, known)
            taken = Taken(len(rows), len(ids) - len(rows), frozenset(rows.tolist()))
            if not len(rows) and not told:
                return Change()
            fresh, more = arrivals.at(rows), len(rows) + len(told)
            puts = self._puts(kept, Entries(self._ends(fresh), said, more))
            puts |= {mark: packed(size + at) for at, row in enumerate(rows.tolist()) for mark in marks[row]}
            log = [*written(fresh, [ids[row] for row in rows]), *(json.dumps(one, ensure_ascii=False).encode() for one in told)]
            return Change(puts | {ALL: packed(size + more)}, log)

        self.store.change([ALL, GONE, *flat, *state], make)
        return taken

    def _keys(self, entries: Entries) -> list[bytes]:
        """What entries may change in this bundle's state."""
        return [self._key("n"), *(self._key("u", one) for one in dict.fromkeys(entries.arrivals.users) if one),
                *(self._key("i", one) for one in self._strangers(entries))]

    def _strangers(self, entries: Entries) -> list[str]:
        """Items that the bundle does not know, each once, in the order of the log."""
        items = entries.items(self.catalogue, 1 + self.design.data.events.symmetric)
        return [one for one in items if one not in self._known]

    def _puts(self, kept: Mapping[bytes, bytes | None], entries: Entries) -> dict[bytes, bytes | None]:
        """What the next entries make of this bundle's state."""
        puts: dict[bytes, bytes | None] = {}
        start, more = self._seen(kept[self._key("n")])
        arrivals, later = entries.arrivals, {}
        for item in self._strangers(entries):
            if (found := kept[self._key("i", item)]) is None:
                found = puts[self._key("i", item)] = packed(len(self.base.items) + more)
                more += 1
            later[item] = counts(found)[0]
        codes = [self._known.get(item, later.get(item, NOBODY)) for item in arrivals.items]
        records = self._records(arrivals, self._log(arrivals, np.array(codes, dtype=np.int32)), start)
        for user, own in grouped(arrivals.users):
            before = kept[self._key("u", user)]
            puts[self._key("u", user)] = self.layout.extended(self.before(user) if before is None else before, records[own])
        return puts | {self._key("n"): packed(start + entries.size, more)}

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

    def asker(self, user: str) -> int:
        """The same, or that of who came later and was told of."""
        return self.told["users"].get(user, self.code(user))

    def item(self, item: str) -> int:
        """The item's code in the bundle's catalogue, or of what came later and was told of; else -1."""
        return self._known.get(item, self.told["items"].get(item, NOBODY))

    def base_item(self, item: str) -> int:
        """The item's code in the bundle's catalogue; -1 of what came later."""
        return self._known.get(item, NOBODY)

    def names(self, log: Log) -> list[str]:
        """Of events of the bundle's log the ids of their users, empty of nobody."""
        ids = [*map(str, self.base.users.ids.tolist()), ""]
        return [ids[code] for code in log.user.tolist()]

    def since(self, start: int | None = None, most: int | None = None,
              chunk: int = 10_000) -> Iterator[tuple[Log, list[str], int, list[Entry]]]:
        """What came after the bundle's log, `most` entries from an offset on: events, their users, entries, what was told."""
        start = self.start if start is None else start
        end = len(self.store) if most is None else start + most
        for at in range(start, end, chunk):
            entries = self._entries(at, min(chunk, end - at))
            if not entries.size:
                return
            self._codes(self._strangers(entries))
            arrivals = entries.arrivals
            told: list[Entry] = [{**one, "offset": at + place} for place, one in entries.told]
            yield self._log(arrivals, self._codes(arrivals.items)), arrivals.users, entries.size, told

    def rebuilt(self) -> dict[bytes, bytes]:
        """Every user's state made anew from the logs alone; byte for byte what the store holds of them."""
        made: dict[str, bytes] = {}
        for start in range(self.start, len(self.store), CHUNK):
            arrivals = self._entries(start, CHUNK).arrivals
            records = self._records(arrivals, self._log(arrivals, self._codes(arrivals.items)), start)
            for user, own in grouped(arrivals.users):
                made[user] = self.layout.extended(made[user] if user in made else self.before(user), records[own])
        return {self._key("u", user): blob for user, blob in made.items()}

    def kept(self) -> dict[bytes, bytes]:
        """Every user's state that the store holds."""
        return {key: blob for key, blob in self.store.scan(self._scope + b":u:") if blob}

    def _entries(self, start: int, most: int) -> Entries:
        """The store's log from an offset on, without the names of who was deleted since, and nothing told of them."""
        log = [json.loads(entry) for _, entry in self.store.events(start, most)]
        rows, told = stretch(log, start, self.people, self.gone)
        return Entries(self._ends(arrived(rows, self.schema, self.roles)), told, len(log))

    def _seen(self, value: bytes | None) -> tuple[int, int]:
        """How many entries of the log this bundle's state has seen, and how many items came later."""
        return counts(value) if value else (self.start, 0)

    def _ends(self, arrivals: Arrivals) -> Arrivals:
        """The events as features read them."""
        return both_ways(arrivals) if self.design.data.events.symmetric else arrivals

    def _records(self, arrivals: Arrivals, log: Log, start: int) -> Array:
        records = self.layout.records(log, arrivals.users, 0)
        before = start - self.start
        records["arrival"] = len(self.base.log) + (1 + self.design.data.events.symmetric) * before + arrivals.number
        return records

    def _codes(self, items: Sequence[str]) -> I32:
        """The items' codes; of those that came later they stand in the store."""
        new = [one for one in dict.fromkeys(items) if one and one not in self._known and one not in self.later]
        for _ in range(2):
            found = zip(new, self.store.get([self._key("i", one) for one in new]), strict=True)
            self.later |= {one: counts(code)[0] for one, code in found if code is not None}
            if all(one in self.later for one in new):
                break
            self.follow()  # another bundle's server took them
        return np.array([self._known.get(one, self.later.get(one, NOBODY)) for one in items], dtype=np.int32)

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
