"""Keys and small values of a store.

    gone           how many tombstones there are
    gone:USER      how many events the log had when the user was deleted, and when that was (µs since 1970)
"""

from __future__ import annotations

import hashlib

GONE = b"gone"


def hashed(name: str) -> bytes:
    """16 bytes that stand for an id: a key has room for few, and a tombstone must not tell whose it is."""
    return hashlib.blake2b(name.encode(), digest_size=16).digest()


def packed(*numbers: int) -> bytes:
    """One or two numbers as a value."""
    return b"".join(number.to_bytes(8, "little") for number in numbers)


def counts(value: bytes | None) -> tuple[int, int]:
    """One or two numbers; zero where there is none."""
    return (int.from_bytes(value[:8], "little"), int.from_bytes(value[8:], "little")) if value else (0, 0)
