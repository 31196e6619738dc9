"""A store in a Redis server, shared by machines: a key for each value and one list for the log, which lives in memory.

A change watches the keys that it reads and is written by MULTI and EXEC. What EXEC answers is durable only where the
server syncs its file before it answers and never evicts a key, so a server with other settings is refused, unless the
URL says `durability=weak`. A command is sent once: who cannot hear the answer does not know whether it was carried out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qsl

from sevenfold.errors import MissingPackage, StoreError, nearest
from sevenfold.stores.contract import Make, Store, checked

FORMAT = b"1"
BATCH = 256  # records read at a time
SILENT = 5.0  # s after which a server is given up
DURABLE = {"appendonly": "yes", "appendfsync": "always", "no-appendfsync-on-rewrite": "no",
           "maxmemory-policy": "noeviction"}
OPTIONS = {"name": "default", "durability": "strong", "db": "0"}


class Redis(Store):
    """State and log under the keys `sevenfold:NAME:…` of one database."""

    def __init__(self, url: str) -> None:
        self._where, address, options = _parsed(url)
        self._redis = _package(self._where)
        prefix = f"sevenfold:{options['name']}:".encode()
        self._state, self._log, self._format = prefix + b"state:", prefix + b"log", prefix + b"format"
        self.durable = options["durability"] == "strong"
        once = self._redis.retry.Retry(self._redis.backoff.NoBackoff(), 0)
        self._client = self._redis.Redis.from_url(address, db=int(options["db"]), retry=once, socket_timeout=SILENT,
                                                  socket_connect_timeout=SILENT)
        try:
            with self._typed():
                self._check()
        except BaseException:
            self.close()
            raise

    def get(self, keys: Sequence[bytes]) -> list[bytes | None]:
        """The value of each key at one moment."""
        with self._typed():
            return self._values(self._client, keys)

    def change(self, keys: Sequence[bytes], make: Make) -> int:
        """Watch, read, make, and write by MULTI and EXEC until no other writer came between; the first event's offset."""
        with self._typed(), self._client.pipeline() as pipeline:
            while True:
                try:
                    return self._write(pipeline, keys, make)
                except self._redis.WatchError:
                    continue

    def events(self, start: int = 0, most: int | None = None) -> Iterator[tuple[int, bytes]]:
        """Offsets and events in order."""
        end = None if most is None else start + most
        while start != end and (batch := self._events(start, end)):
            yield from enumerate(batch, start)
            start += len(batch)

    def __len__(self) -> int:
        with self._typed():
            return int(self._client.llen(self._log))

    def scan(self, prefix: bytes = b"") -> Iterator[tuple[bytes, bytes]]:
        """Keys in order and values as they are when each is reached: no snapshot."""
        with self._typed():
            pattern = b"".join(b"\\" + bytes([code]) if code in b"*?[]\\" else bytes([code]) for code in self._state + prefix)
            names = sorted(set(self._client.scan_iter(pattern + b"*", count=1000)))
        keys = [name.removeprefix(self._state) for name in names]
        for at in range(0, len(keys), BATCH):
            batch = keys[at:at + BATCH]
            yield from ((key, value) for key, value in zip(batch, self.get(batch)) if value is not None)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _check(self) -> None:
        found = self._client.get(self._format)
        if found is None:  # a full server still tells what it has
            self._client.set(self._format, FORMAT, nx=True)
            found = self._client.get(self._format)
        if found != FORMAT:
            raise StoreError(self._where, f"expected a store of format {FORMAT!r}, got {found!r}",
                             "Name another store: ?name=NAME.")
        if self.durable:
            self._refuse_weak()

    def _refuse_weak(self) -> None:
        try:
            found = {name: self._client.config_get(name).get(name, "nothing") for name in DURABLE}
        except self._redis.ResponseError as error:
            raise StoreError(self._where, f"does not tell its settings: {error}",
                             "Allow CONFIG GET, or write ?durability=weak in the URL to accept the loss of events.") from error
        for name, wanted in DURABLE.items():
            if found[name] != wanted:
                raise StoreError(self._where, f"may lose events: expected the setting '{name} {wanted}', got '{found[name]}'",
                                 f"Write '{name} {wanted}' in redis.conf, or ?durability=weak in the URL to accept the loss.")

    def _names(self, keys: Sequence[bytes]) -> list[bytes]:
        return [self._state + key for key in checked(keys, self._where)]

    def _values(self, client: Any, keys: Sequence[bytes]) -> list[bytes | None]:
        return list(client.mget(self._names(keys))) if keys else []

    def _write(self, pipeline: Any, keys: Sequence[bytes], make: Make) -> int:
        if keys:
            pipeline.watch(*self._names(keys))
        change = make(self._values(pipeline, keys))
        pipeline.multi()
        for name, value in zip(self._names(tuple(change.puts)), change.puts.values()):
            pipeline.delete(name) if value is None else pipeline.set(name, value)
        for offset, event in change.redacted.items():
            pipeline.lset(self._log, offset, event)
        pipeline.rpush(self._log, *change.events) if change.events else pipeline.llen(self._log)
        return int(pipeline.execute()[-1]) - len(change.events)

    def _events(self, start: int, end: int | None) -> list[bytes]:
        last = start + BATCH if end is None else min(start + BATCH, end)
        with self._typed():
            return list(self._client.lrange(self._log, start, last - 1))

    @contextmanager
    def _typed(self) -> Iterator[None]:
        try:
            yield
        except (self._redis.ConnectionError, self._redis.TimeoutError) as error:
            raise StoreError(self._where, f"no answer, so a change under way may or may not have been written: {error}",
                             "Check that the server runs, then send the change again; ids in it make that harmless.") from error
        except self._redis.RedisError as error:
            raise StoreError(self._where, f"the server refused: {error}", "The server's log says more.") from error


def _parsed(url: str) -> tuple[str, str, dict[str, str]]:
    """The URL without its password, the URL for the client, and our own options."""
    address, _, query = url.partition("?")
    options = {**OPTIONS, **dict(parse_qsl(query))}
    where = re.sub("//[^/]*@", "//", address)
    if not re.fullmatch(r"unix://.+|rediss?://[^:/]+(:\d+)?(/\d*)?", where):
        raise StoreError(where, "expected HOST:PORT/DB after the scheme", "For instance redis://localhost:6379/0.")
    unknown = next((name for name in options if name not in OPTIONS), None)
    if unknown is not None:
        raise StoreError(where, f"no option is called '{unknown}'", nearest(unknown, OPTIONS))
    if not options["db"].isdecimal():
        raise StoreError(where, f"expected the number of a database, got '{options['db']}'", "Write ?db=0.")
    if options["durability"] not in ("strong", "weak"):
        raise StoreError(where, f"expected the durability 'strong' or 'weak', got '{options['durability']}'",
                         "Write ?durability=weak, or nothing.")
    return where, address, options


def _package(where: str) -> Any:
    try:
        import redis
        import redis.backoff
        import redis.retry
    except ImportError as error:
        raise MissingPackage(where, "redis", "redis") from error
    return redis
