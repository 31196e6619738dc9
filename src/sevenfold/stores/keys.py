"""Keys and small values of a store.

    store          the store's own name
    gone           how many tombstones there are
    gone:USER      how many entries the log had with that of the deletion, and when that was (µs since 1970)
"""

from __future__ import annotations

import hashlib
import secrets

from sevenfold.stores.contract import Change, Store

GONE, NAME = b"gone", b"store"


def hashed(name: str) -> bytes:
    """16 bytes that stand for an id: a key has room for few, and a tombstone must not tell whose it is."""
    return hashlib.blake2b(name.encode(), digest_size=16).digest()


def packed(*numbers: int) -> bytes:
    """One or two numbers as a value."""
    return b"".join(number.to_bytes(8, "little") for number in numbers)


def counts(value: bytes | None) -> tuple[int, int]:
    """One or two numbers; zero where there is none."""
    return (int.from_bytes(value[:8], "little"), int.from_bytes(value[8:], "little")) if value else (0, 0)


def name_of(store: Store) -> str:
    """The store's own name, 32 hex digits: drawn when it is first asked for, and kept."""
    (name,) = store.get([NAME])
    if name is None:
        fresh = secrets.token_hex(16).encode()
        store.change([NAME], lambda told: Change({} if told[0] else {NAME: fresh}))
        (name,) = store.get([NAME])
    assert name is not None
    return name.decode()
