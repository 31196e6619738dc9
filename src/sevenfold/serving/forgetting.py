"""Who was deleted: tombstones in the store, applied whenever a log or a bundle is read."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from sevenfold.data.unclocked import NEVER
from sevenfold.nouns import I32, NOBODY, Bools, Data
from sevenfold.serving.keys import GONE, counts, hashed
from sevenfold.stores import Store


class Gone:
    """The tombstones, as far as they were looked up: user → (offset, moment)."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._told: bytes | None = None
        self._of: dict[bytes, tuple[int, int]] = {}
        self.look(*store.get([GONE]))

    def look(self, told: bytes | None) -> None:
        """Look them up again where there are others than before: `told` is what `GONE` holds now."""
        if self.old(told):
            self._of = {key[len(GONE) + 1:]: counts(value) for key, value in self._store.scan(GONE + b":")}
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
