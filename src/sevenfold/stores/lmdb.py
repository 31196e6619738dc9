"""A store in a folder: one LMDB environment, shared by the processes of one machine.

Two databases change in one transaction: `state` (key → value) and `log` (offset, 8 bytes big-endian → event). A commit
writes its pages, calls fdatasync, then writes its root through a file opened with O_DSYNC: it is durable when `change`
returns. The map is address space, neither memory nor disk. To enlarge it ends every transaction that this process has
open: short ones are kept apart from that by a lock, and a scan that it meets ends with an error.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from struct import Struct
from threading import RLock
from typing import TypeVar

import lmdb
from lmdb.verify import VerifyError, verify

from sevenfold.errors import StoreError
from sevenfold.stores.contract import Make, Store, checked

MAP = 1 << 36  # bytes of address space to begin with
FORMAT = b"1"
BATCH = 256  # records read under one lock
FILES = {"data.mdb", "lock.mdb"}
OFFSET = Struct(">Q")
RESTORE = "Name another folder, or bring this one back from a copy."
T = TypeVar("T")


class Lmdb(Store):
    """State and log in one environment; a process opens a folder once."""

    durable = True

    def __init__(self, path: Path) -> None:
        self._where = f"lmdb://{path}"
        self._writing = RLock()  # held while a change is made or the map grows
        self._mapping = RLock()  # held while a short transaction reads or the map grows
        _make_folder(path, self._where)
        with self._typed():
            self._environment = lmdb.open(str(path), map_size=MAP, max_dbs=2, max_spare_txns=1)
            try:
                self._environment.reader_check()  # frees what killed readers still hold
                self._open_databases(path)
            except BaseException:
                self.close()
                raise
        _sync(path)
        _sync(path.parent)

    def get(self, keys: Sequence[bytes]) -> list[bytes | None]:
        """The value of each key at one moment."""
        checked(keys, self._where)
        return self._read(lambda transaction: [transaction.get(key, db=self._state) for key in keys])

    def change(self, keys: Sequence[bytes], make: Make) -> int:
        """Read, make and write inside one transaction; the offset of the first event."""
        checked(keys, self._where)
        with self._typed(), self._writing:
            while True:
                try:
                    with self._environment.begin(write=True) as transaction:
                        return self._write(transaction, keys, make)
                except lmdb.MapFullError:
                    self._resize(2 * self._environment.info()["map_size"])
                except lmdb.MapResizedError:
                    self._resize(0)

    def events(self, start: int = 0, most: int | None = None) -> Iterator[tuple[int, bytes]]:
        """Offsets and events in order, read in short transactions: an event changes only when it is redacted."""
        end = None if most is None else start + most
        while batch := self._read(lambda transaction, start=start: self._events(transaction, start, end)):  # type: ignore[misc]
            yield from batch
            start = batch[-1][0] + 1

    def __len__(self) -> int:
        return self._read(self._next_offset)

    def scan(self, prefix: bytes = b"") -> Iterator[tuple[bytes, bytes]]:
        """Keys and values as they are at the first step, whatever is written meanwhile."""
        hint = "The store grew or was closed during the scan: scan again."
        with self._typed(hint), self._read(lambda _: self._environment.begin()) as transaction:
            cursor = transaction.cursor(db=self._state)
            records = iter(cursor) if cursor.set_range(prefix or b"\0") else iter(())
            while batch := self._next(records, prefix):
                yield from batch

    def close(self) -> None:
        """Let go of the folder."""
        self._environment.close()

    def _open_databases(self, path: Path) -> None:
        with self._environment.begin(write=True) as transaction:  # no process writes while the files are looked at
            self._refuse_cut_off(path)
            if transaction.stat()["entries"] == 0:
                transaction.put(b"format", FORMAT)
            found = transaction.get(b"format")
            if found != FORMAT:
                kind = "is not one of Sevenfold's" if found is None else f"expected format {FORMAT!r}, got {found!r}"
                raise StoreError(self._where, f"the LMDB environment {kind}", "Name another folder.")
            self._state = self._environment.open_db(b"state", txn=transaction)
            self._log = self._environment.open_db(b"log", txn=transaction)

    def _refuse_cut_off(self, path: Path) -> None:
        """A page beyond the file's end would kill the process that reads it; LMDB does not look."""
        pages = self._environment.info()["last_pgno"] + 1
        if pages * self._environment.stat()["psize"] > (path / "data.mdb").stat().st_size:
            for problem in _missing_pages(path):
                raise StoreError(self._where, f"is damaged: {problem}", RESTORE)

    def _write(self, transaction: lmdb.Transaction[bytes], keys: Sequence[bytes], make: Make) -> int:
        change = make([transaction.get(key, db=self._state) for key in keys])
        checked(tuple(change.puts), self._where)
        for key, value in change.puts.items():
            if value is None:
                transaction.delete(key, db=self._state)
            else:
                transaction.put(key, value, db=self._state)
        for offset, event in change.redacted.items():
            transaction.put(OFFSET.pack(offset), event, db=self._log)
        first = self._next_offset(transaction)
        for offset, event in enumerate(change.events, first):
            transaction.put(OFFSET.pack(offset), event, append=True, db=self._log)
        return first

    def _next_offset(self, transaction: lmdb.Transaction[bytes]) -> int:
        return transaction.stat(self._log)["entries"]

    def _events(self, transaction: lmdb.Transaction[bytes], start: int, end: int | None) -> list[tuple[int, bytes]]:
        cursor = transaction.cursor(db=self._log)
        if not cursor.set_range(OFFSET.pack(start)):
            return []
        records = islice(cursor, BATCH if end is None else min(BATCH, end - start))
        return [(OFFSET.unpack(key)[0], event) for key, event in records]

    def _next(self, records: Iterator[tuple[bytes, bytes]], prefix: bytes) -> list[tuple[bytes, bytes]]:
        with self._mapping:
            return [item for item in islice(records, BATCH) if item[0].startswith(prefix)]

    def _read(self, read: Callable[[lmdb.Transaction[bytes]], T]) -> T:
        with self._typed():
            while True:
                try:
                    with self._mapping, self._environment.begin() as transaction:
                        return read(transaction)
                except lmdb.MapResizedError:
                    self._resize(0)

    def _resize(self, size: int) -> None:
        """Map `size` bytes; 0 takes over what another process has made of it."""
        with self._writing, self._mapping:
            self._environment.set_mapsize(size)

    @contextmanager
    def _typed(self, hint: str = "Check that it is open, the disk has room and the folder may be written.") -> Iterator[None]:
        try:
            yield
        except (lmdb.InvalidError, lmdb.VersionMismatchError, lmdb.CorruptedError, lmdb.PageNotFoundError) as error:
            raise StoreError(self._where, f"is damaged or no LMDB environment: {error}", RESTORE) from error
        except (lmdb.Error, OSError) as error:
            raise StoreError(self._where, f"cannot be used: {str(error).rstrip('.')}", hint) from error


def _make_folder(path: Path, where: str) -> None:
    try:
        path.mkdir(parents=True, exist_ok=True)
        others = sorted({entry.name for entry in path.iterdir()} - FILES)
    except OSError as error:
        raise StoreError(where, f"cannot be made a folder: {error.strerror}", "Name a folder that may be written.") from error
    if others and not (path / "data.mdb").exists():
        raise StoreError(where, f"is no store: the folder holds '{others[0]}'", "Name an empty folder, or a store's.")


def _missing_pages(path: Path) -> list[str]:
    """What is read beyond the file's end: nothing, where LMDB left out last pages that it does not use."""
    try:
        return [problem for problem in verify(str(path)) if "beyond EOF" in problem]  # type: ignore[no-untyped-call]
    except VerifyError as error:
        return [str(error)]


def _sync(folder: Path) -> None:
    """A new file's name is durable once its folder is."""
    file = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)
