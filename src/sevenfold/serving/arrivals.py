"""Events on their way into a store: as columns, by user, and as the log keeps them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from sevenfold.nouns import I64, Array


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


def both_ways(links: Arrivals) -> Arrivals:
    """Each event as seen from both of its ends, two numbers each; with oneself it is seen once."""
    pairs = list(zip(links.users, links.items, strict=True))
    number = np.array([2 * row + way for row, (one, other) in enumerate(pairs) for way in range(2 - (one == other))], np.int64)
    users, items = ([pairs[at // 2][(at + end) % 2] for at in number.tolist()] for end in (0, 1))
    return replace(links.at(number // 2), users=users, items=items, number=number)


def written(arrivals: Arrivals, ids: Sequence[str]) -> list[bytes]:
    """The events as the log keeps them."""
    plain = arrivals.table.cast(pa.schema([_plain(one) for one in arrivals.table.schema])).to_pylist()
    return [json.dumps({"id": one, "time": time, "available": available, "row": row}, ensure_ascii=False).encode()
            for one, time, available, row in zip(ids, arrivals.time.tolist(), arrivals.available.tolist(), plain, strict=True)]


def _plain(field: pa.Field) -> pa.Field:
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
