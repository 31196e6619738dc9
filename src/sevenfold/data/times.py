"""Moments as int64 microseconds since 1970 (UTC), whatever the source writes."""

from __future__ import annotations

import re
import time
from bisect import bisect_left

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sevenfold.errors import DataError
from sevenfold.nouns import DAY, I64, Array

# numbers below this size, multiplied by, divided by
UNITS: list[tuple[float, int, int]] = [(1e11, 1_000_000, 1), (1e14, 1_000, 1), (1e17, 1, 1), (np.inf, 1, 1_000)]
NUMBER = re.compile(r"\s*-?\d+(\.\d*)?\s*$")
HINT = "Write numbers since 1970 (seconds, ms, µs or ns) or ISO 8601, such as 2026-01-31T12:00:00."


def latest() -> int:
    """The last moment (µs) at which an event may lie: a day from now, for clocks that go wrong."""
    return time.time_ns() // 1000 + DAY


def unit(kind: pa.DataType) -> str:
    """What the times of a column of this type are written in."""
    iso, numbers = "ISO 8601", "seconds since 1970, or ms, µs, ns by their size"
    if pa.types.is_temporal(kind):
        return iso
    return f"{iso}, or {numbers}" if pa.types.is_string(kind) else numbers


def shown(moment: int) -> str:
    """A moment (µs) to the second, of any year."""
    return str(np.datetime64(moment // 1_000_000, "s"))


def refuse_future(times: I64, kind: pa.DataType, where: str) -> None:
    """`DataError` where events of a file lie more than a day beyond now."""
    rows = np.flatnonzero(times > latest())
    if len(rows):
        raise DataError(where, f"{len(rows)} of {len(times)} events lie in the future, the first in row {rows[0] + 1}, "
                        f"which reads as '{shown(int(times[rows[0]]))}'",
                        f"Mend those rows or leave them out; times here are {unit(kind)}.")


def microseconds(column: pa.ChunkedArray, *, where: str) -> I64:
    """The times of a column without nulls.

    Numbers count from 1970, and their magnitude tells the unit: seconds below 1e11 (the year 5138), then milliseconds
    below 1e14, microseconds below 1e17, nanoseconds above. Text is ISO 8601; without an offset it is UTC. Raises
    `DataError` with the first value that is no time and its row, counted from 1 without a header.
    """
    if pa.types.is_string(column.type):
        column = _parsed(column, where)
    if pa.types.is_timestamp(column.type) or pa.types.is_date(column.type):
        micros = pc.CastOptions(pa.timestamp("us", getattr(column.type, "tz", None)), allow_time_truncate=True)
        try:
            return np.asarray(pc.cast(column, options=micros).cast(pa.int64()))
        except pa.ArrowInvalid:
            hint = f"Times here are {unit(column.type)}."
            raise DataError(where, "holds a time that is beyond the year 294246", hint) from None
    if pa.types.is_integer(column.type) or pa.types.is_floating(column.type):
        return _scaled(np.asarray(column), where)
    raise DataError(where, f"expected a time, got a column of type {column.type}", HINT)


def _scaled(numbers: Array, where: str) -> I64:
    bad = np.flatnonzero(~np.isfinite(numbers))
    if len(bad):
        raise DataError(where, f"row {bad[0] + 1} holds '{numbers[bad[0]]}', which is no time", HINT)
    largest = max(abs(float(numbers.max())), abs(float(numbers.min()))) if len(numbers) else 0.0
    times, divided = next((times, divided) for size, times, divided in UNITS if largest < size)
    if numbers.dtype.kind == "f":
        return np.rint(numbers * (times / divided)).astype(np.int64)
    return numbers.astype(np.int64) * times // divided


def _parsed(column: pa.ChunkedArray, where: str) -> pa.ChunkedArray:
    """Text as numbers or as timestamps, as its first value has it."""
    if len(column) == 0:
        return column.cast(pa.int64())
    first = column[0].as_py()
    types = [pa.float64()] if NUMBER.match(first) else [pa.timestamp("us"), pa.timestamp("us", "UTC")]
    kind = next((kind for kind in types if _casts(column.slice(0, 1), kind)), None)
    if kind is None:
        raise DataError(where, f"row 1 holds '{first}', which is no time", HINT)
    if not _casts(column, kind):
        row = bisect_left(range(len(column)), True, key=lambda row: not _casts(column.slice(0, row + 1), kind))
        raise DataError(where, f"row {row + 1} holds '{column[row].as_py()}', which is no time", HINT)
    return pc.cast(column, kind)


def _casts(column: pa.ChunkedArray, kind: pa.DataType) -> bool:
    try:
        pc.cast(column, kind)
    except pa.ArrowInvalid:
        return False
    return True
