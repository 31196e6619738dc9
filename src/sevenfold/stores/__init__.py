"""State that outlives a process, and the log of events, changed together or not at all; a URL says where.

>>> with open("memory://") as store:
...     store.change([b"clicks"], lambda old: Change({b"clicks": b"1"}, [b"ann clicked"]))
...     store.get([b"clicks"]), list(store.events())
0
([b'1'], [(0, b'ann clicked')])
"""

from __future__ import annotations

from pathlib import Path

from sevenfold.errors import StoreError
from sevenfold.stores.contract import Change, Make, Store
from sevenfold.stores.lmdb import Lmdb
from sevenfold.stores.memory import Memory
from sevenfold.stores.redis import Redis

__all__ = ["Change", "Make", "Store", "StoreError", "open"]

KNOWN = ("memory://", "lmdb://PATH", "redis://HOST:PORT/DB?name=NAME", "unix://SOCKET?db=DB&name=NAME")


def open(url: str) -> Store:
    """The store at a URL, made where there is none; `StoreError`, or `MissingPackage` for Redis without its client."""
    scheme, _, path = url.partition("://")
    match scheme:
        case "memory" if not path:
            return Memory()
        case "lmdb" if path:
            return Lmdb(Path(path))
        case "redis" | "rediss" | "unix" if path:
            return Redis(url)
    raise StoreError("store", f"no store is reached by '{url.rpartition('@')[2]}'", f"Known forms: {', '.join(KNOWN)}.")
