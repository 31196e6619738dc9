"""What came into a store since a run: events, attributes and deletions, to be read beside the document's files.

The store's log has entries of three kinds, each one JSON: an event (its `row`), attributes `of` users or of items, and that
somebody is `gone`.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sevenfold import stores
from sevenfold.errors import DataError
from sevenfold.nouns import I64, Bools
from sevenfold.stores import keys

CHUNK = 10_000  # entries read at a time


@dataclass(frozen=True)
class Told:
    """What was said of a user or an item: since when, and of each column the latest."""

    since: int  # µs
    values: Mapping[str, Any]


Attributes = Mapping[str, Told]  # id → what was said of it


@dataclass(frozen=True, kw_only=True)
class Later:
    """What a store's log holds for a run."""

    table: pa.Table  # [n] events as rows of the run's log, in order of arrival
    time: I64
    available: I64
    users: Attributes
    items: Attributes
    gone: frozenset[bytes]  # hashes of who was deleted


class Posted:
    """The log of the store at a URL, as long as it was when this was made."""

    def __init__(self, url: str) -> None:
        self.url = url
        with stores.open(url) as store:
            self.name, self.entries = keys.name_of(store), len(store)

    def read(self, schema: pa.Schema, people: Sequence[str], items: str | None) -> Later:
        """The events as rows of `schema`, whose columns of `people` and `items` hold ids, without those of who was deleted."""
        found: dict[str, dict[str, Told]] = {"users": {}, "items": {}}
        tables, moments = [schema.empty_table()], []
        with stores.open(self.url) as store:
            gone = {key[len(keys.GONE) + 1:]: keys.counts(value)[0] for key, value in store.scan(keys.GONE + b":")}
            for entries in self._chunks(store):
                kept = [one for offset, one in entries if _stays(one, offset, people, gone)]
                for entry in kept:
                    if "of" in entry:
                        add(found[entry["of"]], entry)
                events = [one for one in kept if "row" in one and (items is None or one["row"].get(items) is not None)]
                tables.append(self._table([one["row"] for one in events], schema))
                moments += [(one["time"], one["available"]) for one in events]
        time, available = np.array(moments, dtype=np.int64).reshape(-1, 2).T
        return Later(table=pa.concat_tables(tables), time=time, available=available, gone=frozenset(gone), **found)

    def _chunks(self, store: stores.Store) -> Iterator[list[tuple[int, dict[str, Any]]]]:
        for start in range(0, self.entries, CHUNK):
            some = store.events(start, min(CHUNK, self.entries - start))
            yield [(offset, json.loads(entry)) for offset, entry in some]

    def _table(self, rows: list[dict[str, Any]], schema: pa.Schema) -> pa.Table:
        try:
            return pa.Table.from_pylist(rows, schema=schema)
        except (pa.ArrowException, TypeError, OverflowError) as error:
            raise DataError(self.url.rpartition("@")[2], f"an event does not fit the columns of the files: {error}",
                            "Bring the files' columns to the kinds that they had when the store was begun.") from error


def add(told: dict[str, Told], entry: Mapping[str, Any]) -> None:
    """Let an entry of attributes count, its values before earlier ones."""
    before = told.get(entry["id"], Told(entry["time"], {}))
    told[entry["id"]] = Told(before.since, {**before.values, **entry["values"]})


def _stays(entry: Mapping[str, Any], offset: int, people: Sequence[str], gone: Mapping[bytes, int]) -> bool:
    """Whether an entry is of nobody who was deleted since."""
    if "row" in entry:
        ids = [entry["row"].get(name) for name in people]
    else:
        ids = [entry["id"]] if entry.get("of") == "users" else []
    return all(one is not None and offset >= gone.get(keys.hashed(str(one)), 0) for one in ids)


def joined(table: pa.Table, time: I64, available: I64, later: Later, people: Sequence[str]) -> tuple[pa.Table, I64, I64]:
    """The events of files and then those of a store, without the deleted; an event that both hold counts once.

    It is the same where it happened at the same moment and all columns are equal; of twins as many are kept as the one
    who holds more of them has.
    """
    rows = np.flatnonzero(np.logical_and.reduce([staying(table.column(name), later.gone) for name in people] or
                                                [np.ones(len(table), dtype=np.bool_)]))
    table, time, available = table.take(pa.array(rows)), time[rows], available[rows]
    fresh = np.flatnonzero(_fresh(table, time, later))
    return (pa.concat_tables([table, later.table.take(pa.array(fresh))]),
            np.concatenate([time, later.time[fresh]]), np.concatenate([available, later.available[fresh]]))


def staying(ids: pa.ChunkedArray, gone: frozenset[bytes]) -> Bools:
    """[n] which ids are of nobody who was deleted."""
    if not gone:
        return np.ones(len(ids), dtype=np.bool_)
    known = ids.unique()
    lost = [one for one in known.to_pylist() if keys.hashed(name_of(one)) in gone]
    stays: Bools = np.asarray(pc.invert(pc.is_in(ids, pa.array(lost, known.type))))
    return stays


def name_of(one: Any) -> str:
    """An id as text: a whole number, whichever way its file writes it."""
    return str(int(one)) if isinstance(one, float) and one.is_integer() else str(one)


def _fresh(table: pa.Table, time: I64, later: Later) -> Bools:
    """[n] which of the store's events the files do not hold."""
    same = np.flatnonzero(np.isin(time, later.time))
    held = Counter(_contents(table.take(pa.array(same)), time[same]))
    fresh = np.ones(len(later.time), dtype=np.bool_)
    for row, content in enumerate(_contents(later.table, later.time) if held else []):
        fresh[row] = not held[content]
        held[content] -= bool(held[content])
    return fresh


def _contents(table: pa.Table, time: I64) -> list[tuple[int, str]]:
    return [(moment, repr([*row.values()])) for moment, row in zip(time.tolist(), table.to_pylist(), strict=True)]
