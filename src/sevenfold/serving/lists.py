"""Every user's list, computed ahead: written under a version's name, shard by shard, then swapped in at once.

    lists:live      which version is served, since when, until when, and the one before it
    lists:making    the version that is being written; who is interrupted goes on with it
    lists:V:USER    one list, as JSON; USER is a hash, and that of nobody holds the list for whom no list was made
    lists:V#SHARD   that a shard is written
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import msgspec

from sevenfold import stores
from sevenfold.errors import SevenfoldError, StoreError
from sevenfold.nouns import SECOND
from sevenfold.serving.answering import Answered, Shown, written
from sevenfold.serving.asked import Ask
from sevenfold.serving.live import Live, clock
from sevenfold.stores import Change, Store

LIVE, MAKING = b"lists:live", b"lists:making"
SHARD = 1000  # users whose lists are written in one change
SCORES = 1 << 23  # scores of items that are held together
NOBODY = ""
LIST = msgspec.json.Decoder(list[Shown])


class Version(msgspec.Struct, frozen=True):
    """Lists of one bundle as of one moment."""

    name: str
    bundle: str
    moment: int  # µs
    k: int
    made: float = 0.0  # seconds since 1970
    before: str = ""  # the version that this one replaced


class Listed(Answered, kw_only=True):
    """An answer from a list: a whole one goes out as the store holds it, unread."""

    items: list[Shown] | msgspec.Raw  # type: ignore[assignment]


class Lists:
    """What a server reads of lists."""

    def __init__(self, store: Store, lifetime: float) -> None:
        self._store = store
        self._lifetime = lifetime
        self._version: Version | None = None
        self._read = 0.0

    def of(self, asks: Sequence[Ask], k: int) -> list[Answered] | None:
        """The lists of some users, cut to the k that each asks for; None where no version is live.

        Who has no list gets the one for nobody; `degraded` says `lists` where they outlived their time.
        """
        version = self._live()
        if version is None:
            return None
        found = self._store.get([_key(version.name, ask.who) for ask in asks])
        common = None if all(found) else self._store.get([_key(version.name, NOBODY)])[0]
        degraded = ["lists"] if time.time() - version.made > self._lifetime else []
        return [Listed(user=ask.who if ask.user is None else ask.user, version=version.name, degraded=degraded,
                       items=_cut(mine or common or b"[]", version.k, ask.k or k))
                for ask, mine in zip(asks, found, strict=True)]

    def drop(self, user: str) -> int:
        """Delete a user's lists; how many there were. Who has none gets the list for nobody."""
        told = self._store.get([LIVE, MAKING])
        versions = [version for one in told if (version := _version(one))]
        keys = {_key(name, user) for one in versions for name in (one.name, one.before) if name}
        found = [key for key, value in zip(keys, self._store.get([*keys]), strict=True) if value is not None]
        self._store.change([], lambda _: Change(dict.fromkeys(found)))
        return len(found)

    def _live(self) -> Version | None:
        """The version that is served: looked up again after a second."""
        if time.monotonic() - self._read > 1.0:
            (told,) = self._store.get([LIVE])
            self._version, self._read = _version(told), time.monotonic()
        return self._version


def make(run: Path, url: str, to: str, *, of_clock: str = "wall", workers: int = 1,
         progress: Callable[[Iterable[int], int, int], Iterable[int]] = lambda shards, done, total: shards) -> Version:
    """Write every user's list as of now into the store `to`, from the state in the store at `url`; what was begun is finished.

    `progress` gets the shards as they are written, how many were before, and how many there are.
    """
    if workers > 1 and url.startswith("memory:"):
        raise StoreError("store", "memory:// is seen by one process only", "Name another store, or one worker.")
    with ExitStack() as opened:
        store = opened.enter_context(stores.open(url))
        target = store if to == url else opened.enter_context(stores.open(to))
        live = Live(run, store)
        if not live.context.of_users:
            raise SevenfoldError("batch", f"lists are made of users, this design is asked with {', '.join(live.context.fields)}",
                                 "Serve it online: sevenfold serve.")
        live.catch_up()
        version = _begun(target, live, clock(live, of_clock, time.time_ns() * SECOND // 10**9))
        known = map(str, live.memory.base.users.ids.tolist())
        users = [*(user for user in known if live.memory.code(user) >= 0), *live.newcomers]
        shards = [users[at:at + SHARD] for at in range(0, len(users), SHARD)]
        open_ = [number for number in range(len(shards)) if target.get([_done(version, number)]) == [None]]
        computed = _computed(live, run, url, version, [shards[number] for number in open_], workers)
        writing = (_write(target, version, number, made) for number, made in zip(open_, computed, strict=True))
        for _ in progress(writing, len(shards) - len(open_), len(shards)):
            pass
        return _swapped(target, version, _lists(live, [NOBODY], version))


def _begun(store: Store, live: Live, moment: int) -> Version:
    """The version that an interrupted making of this bundle's lists had begun, else a new one."""
    (told,) = store.get([MAKING])
    begun = _version(told)
    if begun and (begun.bundle, begun.k) == (live.version, live.k):
        return begun
    fresh = Version(f"{live.version}-{moment}", live.version, moment, live.k)
    store.change([], lambda _: Change({MAKING: msgspec.json.encode(fresh)}))
    return fresh


def _computed(live: Live, run: Path, url: str, version: Version, shards: Sequence[list[str]],
              workers: int) -> Iterator[dict[bytes, bytes]]:
    if workers == 1:
        yield from (_lists(live, users, version) for users in shards)
        return
    with ProcessPoolExecutor(workers, get_context("spawn"), _load, (run, url)) as pool:
        yield from pool.map(_lists_there, shards, [version] * len(shards))


_there: list[Live] = []  # in a process of the pool: its own


def _load(run: Path, url: str) -> None:
    _there.append(Live(run, stores.open(url)))
    _there[0].catch_up()


def _lists_there(users: list[str], version: Version) -> dict[bytes, bytes]:
    return _lists(_there[0], users, version)


def _lists(live: Live, users: Sequence[str], version: Version) -> dict[bytes, bytes]:
    """Key → list of each user."""
    lists: dict[bytes, bytes] = {}
    size = max(1, min(256, SCORES // max(len(live.ids), 1)))
    for at in range(0, len(users), size):
        asks = [Ask(user=user) for user in users[at:at + size]]
        found = live.answer(asks, live.memory.blobs([ask.who for ask in asks]), version.k, version.moment)
        lists |= {_key(version.name, str(one.user)): msgspec.json.encode(one.items)
                  for one in written(live, asks, found, [], {})}
    return lists


def _write(store: Store, version: Version, shard: int, lists: dict[bytes, bytes]) -> int:
    store.change([], lambda _: Change({**lists, _done(version, shard): b"1"}))
    return shard


def _swapped(store: Store, version: Version, last: dict[bytes, bytes]) -> Version:
    """Make the version live, and drop those that nobody reads any more."""
    live = version

    def change(values: list[bytes | None]) -> Change:
        nonlocal live
        before = _version(values[0])
        live = msgspec.structs.replace(version, made=time.time(), before=before.name if before else "")
        return Change({**last, LIVE: msgspec.json.encode(live), MAKING: None})

    store.change([LIVE], change)
    kept = tuple(f"lists:{name}{end}".encode() for name in (live.name, live.before) for end in ":#")
    old = [key for key, _ in store.scan(b"lists:") if key not in (LIVE, MAKING) and not key.startswith(kept)]
    for at in range(0, len(old), SHARD):
        dropped: dict[bytes, bytes | None] = dict.fromkeys(old[at:at + SHARD])
        store.change([], lambda _, dropped=dropped: Change(dropped))  # type: ignore[misc]
    return live


def _version(told: bytes | None) -> Version | None:
    return None if told is None else msgspec.json.decode(told, type=Version)


def shown(answer: Answered) -> list[Shown]:
    """The items of an answer, whether they were read or not."""
    items: Any = answer.items
    return LIST.decode(items) if isinstance(items, msgspec.Raw) else [] if items is msgspec.UNSET else items


def _cut(text: bytes, long: int, k: int) -> list[Shown] | msgspec.Raw:
    """The first k of a list of so many."""
    return msgspec.Raw(text) if k >= long else LIST.decode(text)[:k]


def _key(version: str, user: str) -> bytes:
    return f"lists:{version}:".encode() + hashlib.blake2b(user.encode(), digest_size=16).digest()


def _done(version: Version, shard: int) -> bytes:
    return f"lists:{version.name}#{shard}".encode()
