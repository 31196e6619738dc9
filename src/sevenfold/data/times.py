"""Moments as int64 microseconds since 1970 (UTC), whatever the source writes."""

from __future__ import annotations

import re
from bisect import bisect_left

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sevenfold.errors import DataError
from sevenfold.nouns import I64, Array

# numbers below this size, multiplied by, divided by
UNITS: list[tuple[float, int, int]] = [(1e11, 1_000_000, 1), (1e14, 1_000, 1), (1e17, 1, 1), (np.inf, 1, 1_000)]
NUMBER = re.compile(r"\s*-?\d+(\.\d*)?\s*$")
HINT = "Write numbers since 1970 (seconds, ms, µs or ns) or ISO 8601, such as 2026-01-31T12:00:00."


def microseconds(column: pa.ChunkedArray, *, where: str) -> I64:
    """The times of a column without nulls.

    Numbers count from 1970, and their magnitude tells the unit: seconds below 1e11 (the year 5138), then milliseconds
    below 1e14, microseconds below 1e17, nanoseconds above. Text is ISO 8601; without an offset it is UTC. Raises
    `DataError` with the first value that is no time and its row, counted from 1 without a header.
    """
    if pa.types.is_string(column.type):
        column = _parsed(column, where)
    if pa.types.is_timestamp(column.type) or pa.types.is_date(column.type):
        return np.asarray(column.cast(pa.timestamp("us", getattr(column.type, "tz", None)), safe=False).cast(pa.int64()))
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
