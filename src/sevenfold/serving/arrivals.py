"""Events on their way into a store: as columns, by user, and as the log keeps them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from sevenfold.nouns import I64, Array


@dataclass(frozen=True)
class Arrivals:
    """Events in order of arrival."""

    table: pa.Table
    time: I64
    available: I64
    users: list[str]
    items: list[str]

    def at(self, rows: Array) -> Arrivals:
        """Those at `rows`."""
        return Arrivals(self.table.take(pa.array(rows)), self.time[rows], self.available[rows],
                         [self.users[row] for row in rows], [self.items[row] for row in rows])


def written(arrivals: Arrivals, ids: Sequence[str]) -> list[bytes]:
    """The events as the log keeps them."""
    plain = arrivals.table.cast(pa.schema([_plain(one) for one in arrivals.table.schema])).to_pylist()
    return [json.dumps({"id": one, "time": time, "available": available, "row": row}, ensure_ascii=False).encode()
            for one, time, available, row in zip(ids, arrivals.time.tolist(), arrivals.available.tolist(), plain, strict=True)]


def _plain(field: pa.Field) -> pa.Field:
    """Times as numbers, for JSON has none."""
    return field.with_type(pa.int64()) if pa.types.is_timestamp(field.type) else field


def grouped(users: Sequence[str]) -> Iterator[tuple[str, Array]]:
    """Each user and the rows that are theirs, in order."""
    rows: dict[str, list[int]] = {}
    for row, user in enumerate(users):
        rows.setdefault(user, []).append(row)
    return ((user, np.array(own)) for user, own in rows.items())
