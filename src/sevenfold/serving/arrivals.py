"""Events on their way into a store: as columns, by user, and as the log keeps them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa

from sevenfold.design.sections import Events
from sevenfold.nouns import I64, SECOND, Array
from sevenfold.stores.keys import hashed

KINDS: tuple[tuple[Callable[[pa.DataType], bool], tuple[type, ...]], ...] = (
    (pa.types.is_integer, (int,)), (pa.types.is_floating, (int, float)), (pa.types.is_string, (str,)),
    (pa.types.is_boolean, (bool,)))


@dataclass(frozen=True)
class Arrivals:
    """Events in order of arrival; a user or an item that an event has not is empty."""

    table: pa.Table
    time: I64
    available: I64
    users: list[str]
    items: list[str]
    number: I64  # rising: of events of the same moment the lower is the earlier

    def at(self, rows: Array) -> Arrivals:
        """Those at `rows`, numbered anew."""
        return Arrivals(self.table.take(pa.array(rows)), self.time[rows], self.available[rows],
                        [self.users[row] for row in rows], [self.items[row] for row in rows], np.arange(len(rows)))


Entry = Mapping[str, Any]  # of the log, as JSON: an event's `row`, attributes `of` users or items, or who is `gone`


@dataclass(frozen=True)
class Entries:
    """A stretch of the log: its events as features read them, what it tells of users and items at which place, and its size."""

    arrivals: Arrivals
    told: Sequence[tuple[int, Entry]]
    size: int

    def items(self, catalogue: str, width: int) -> dict[str, None]:
        """The items that it names, in order; those told of are `catalogue`'s, and each entry has `width` numbers."""
        named = [*zip(self.arrivals.number.tolist(), self.arrivals.items, strict=True),
                 *((width * place, one["id"]) for place, one in self.told if one["of"] == catalogue)]
        return dict.fromkeys(one for _, one in sorted(named, key=lambda pair: pair[0]) if one)


def named(table: pa.Table, time: I64, available: I64, roles: Mapping[str, str]) -> Arrivals:
    """Rows of a log as events; `roles`: user, item → its column."""
    users, items = (["" if one is None else str(one) for one in table.column(roles[role]).to_pylist()]
                    if role in roles else [""] * len(table) for role in ("user", "item"))
    return Arrivals(table, time, available, users, items, np.arange(len(table)))


def arrived(rows: Sequence[tuple[int, Entry]], schema: pa.Schema, roles: Mapping[str, str]) -> Arrivals:
    """Events of the log with their places in it."""
    table = pa.Table.from_pylist([row["row"] for _, row in rows], schema=schema)
    time, available = (np.array([row[name] for _, row in rows], dtype=np.int64) for name in ("time", "available"))
    return replace(named(table, time, available, roles), number=np.array([place for place, _ in rows], dtype=np.int64))


def marks_of(arrivals: Arrivals, ids: Sequence[str], symmetric: bool) -> list[list[bytes]]:
    """What tells each event: its id, and of a link also its moment and its ends, in whichever order they came."""
    found = [[b"e:" + hashed(one)] for one in ids]
    if symmetric:
        for mine, time, *ends in zip(found, arrivals.time.tolist(), arrivals.users, arrivals.items, strict=True):
            mine.append(b"e:" + hashed(json.dumps([time, *sorted(ends)])))
    return found


def plain(rows: Sequence[Mapping[str, Any]], schema: pa.Schema, needed: Sequence[str], times: Sequence[str]) -> pa.Table | None:
    """Rows whose values are of their columns' kinds as they stand, times whole numbers of one unit; None where any is not.

    It is what the reader of files makes of them, in a fraction of its time.
    """
    of_kind = {field.name: next((types for fits, types in KINDS if fits(field.type)), ()) for field in schema}
    moments = {len(str(row.get(name))) for row in rows for name in times}
    if len(moments) > 1 or not all(of_kind[name] == (int,) for name in times):
        return None
    for row in rows:
        if any(row.get(name) is None for name in needed):
            return None
        if not all(value is None or type(value) in of_kind[name] for name, value in row.items()):
            return None
    try:
        return pa.Table.from_pylist(rows, schema=schema)
    except (pa.ArrowException, OverflowError):  # a number that is too large
        return None


def both_ways(links: Arrivals) -> Arrivals:
    """Each event as seen from both of its ends, two numbers each; with oneself it is seen once."""
    pairs = list(zip(links.users, links.items, strict=True))
    seen = np.array([2 * row + way for row, (one, other) in enumerate(pairs) for way in range(2 - (one == other))], np.int64)
    users, items = ([pairs[at // 2][(at + end) % 2] for at in seen.tolist()] for end in (0, 1))
    return replace(links.at(seen // 2), users=users, items=items, number=2 * links.number[seen // 2] + seen % 2)


def written(arrivals: Arrivals, ids: Sequence[str]) -> list[bytes]:
    """The events as the log keeps them."""
    rows = arrivals.table.cast(pa.schema([_numbered(one) for one in arrivals.table.schema])).to_pylist()
    return [json.dumps({"id": one, "time": time, "available": available, "row": row}, ensure_ascii=False).encode()
            for one, time, available, row in zip(ids, arrivals.time.tolist(), arrivals.available.tolist(), rows, strict=True)]


def _numbered(field: pa.Field) -> pa.Field:
    """Times as numbers, for JSON has none."""
    return field.with_type(pa.int64()) if pa.types.is_timestamp(field.type) else field


def grouped(users: Sequence[str]) -> Iterator[tuple[str, Array]]:
    """Each user and the rows that are theirs, in order; nobody's are left out."""
    rows: dict[str, list[int]] = {}
    for row, user in enumerate(users):
        if user:
            rows.setdefault(user, []).append(row)
    return ((user, np.array(own)) for user, own in rows.items())


def first_of_each(marks: Sequence[Sequence[bytes]], told: Mapping[bytes, bytes | None]) -> Array:
    """Rows of which no mark is known yet, the first of each."""
    seen: set[bytes] = set()
    rows = []
    for row, mine in enumerate(marks):
        if all(told[mark] is None and mark not in seen for mark in mine):
            rows.append(row)
        seen.update(mine)
    return np.array(rows, dtype=np.int64)


def available_at(events: Events, times: Mapping[str, I64]) -> tuple[I64, I64]:
    """When events of a source happened and became available, as the document says."""
    time = times[str(events.time)]
    later = time + round(events.delay * SECOND) if events.available is None else times[events.available]
    return time, np.maximum(time, later)
