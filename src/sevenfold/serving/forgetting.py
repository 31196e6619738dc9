"""Who was deleted: tombstones in the store, applied whenever a log or a bundle is read; and the log without their names."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from sevenfold.data.unclocked import NEVER
from sevenfold.nouns import I32, NOBODY, Bools, Data
from sevenfold.serving.arrivals import Entry
from sevenfold.stores import Store
from sevenfold.stores.keys import GONE, counts, hashed

Placed = list[tuple[int, Entry]]


class Gone:
    """The tombstones, as far as they were looked up: user → (offset, moment); those of the log's first `applied` entries,
    which a run has left out of its bundle, count no more."""

    def __init__(self, store: Store, applied: int = 0) -> None:
        self._store, self._applied = store, applied
        self._told: bytes | None = None
        self._of: dict[bytes, tuple[int, int]] = {}
        self.look(*store.get([GONE]))

    def look(self, told: bytes | None) -> None:
        """Look them up again where there are others than before: `told` is what `GONE` holds now."""
        if self.old(told):
            graves = ((key[len(GONE) + 1:], counts(value)) for key, value in self._store.scan(GONE + b":"))
            self._of = {user: grave for user, grave in graves if grave[0] > self._applied}
            self._told = told

    def old(self, told: bytes | None) -> bool:
        """Whether the store has others by now."""
        return told != self._told

    def __len__(self) -> int:
        return len(self._of)

    def of(self, user: str) -> tuple[int, int]:
        """Before which offset and which moment everything of a user is deleted; zeros of who is not."""
        return self._of.get(hashed(user), (0, 0)) if self._of else (0, 0)


def without(data: Data, gone: Gone, links: bool) -> Data:
    """A bundle's data, its log without the deleted; where users are suggested to users (`links`), they are never there."""
    if not len(gone):
        return data
    deleted = np.array([gone.of(str(one))[1] > 0 for one in data.users.ids.tolist()], dtype=np.bool_)
    log = replace(data.log, user=_blank(data.log.user, deleted))
    if not links:
        return replace(data, log=log)
    born = np.full(len(deleted), np.iinfo(np.int64).min) if data.items.born is None else data.items.born
    return replace(data, log=replace(log, item=_blank(log.item, deleted)),
                   items=replace(data.items, born=np.where(deleted, NEVER, born)))


def _blank(codes: I32, deleted: Bools) -> I32:
    return np.where(np.append(deleted, True)[codes], NOBODY, codes).astype(np.int32)


def stretch(log: Sequence[Entry], start: int, people: Sequence[str], gone: Gone) -> tuple[Placed, Placed]:
    """The events of entries from an offset on, and what tells of users and items, each with its place, without the deleted."""
    rows: Placed = []
    told: Placed = []
    for place, entry in enumerate(log):
        if "row" in entry:
            lost = [name for name in people if start + place < gone.of(str(entry["row"][name]))[0]] if len(gone) else []
            rows.append((place, {**entry, "row": {**entry["row"], **dict.fromkeys(lost)}}))
        elif entry.get("id") and not (entry["of"] == "users" and start + place < gone.of(entry["id"])[0]):
            told.append((place, entry))
    return rows, told


def redacted(entry: bytes, user: str, people: Sequence[str]) -> bytes | None:
    """An entry of the log without a user's id, nor its own, which may tell it; None of an entry that does not name the user."""
    if json.dumps(user, ensure_ascii=False)[1:-1].encode() not in entry:
        return None
    told = json.loads(entry)
    if told.get("of") == "users" and told["id"] == user:
        return json.dumps({**told, "id": None, "values": {}}).encode()
    mine = [name for name in people if str(told.get("row", {}).get(name)) == user]
    if not mine:
        return None
    return json.dumps({**told, "id": None, "row": {**told["row"], **dict.fromkeys(mine)}}, ensure_ascii=False).encode()
