"""From a column to arrays: numbers, exact integers, words and levels, points on a circle."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable
from functools import cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sevenfold.errors import DataError
from sevenfold.features.window import RESOLUTION
from sevenfold.nouns import DAY, F32, F64, I64, Array, Bools

LARGEST = np.iinfo(np.int64).max / RESOLUTION
OTHER = "other"
MISSING = np.iinfo(np.int64).min  # of a whole number or the mark of a word
NUMERIC = (pa.types.is_integer, pa.types.is_floating, pa.types.is_boolean, pa.types.is_decimal)


def is_words(column: pa.ChunkedArray) -> bool:
    """Does a column hold words, or lists of words, and not numbers?"""
    return bool(pa.types.is_string(column.type.value_type if pa.types.is_list(column.type) else column.type))


def numbers(column: pa.ChunkedArray, where: str) -> F64:
    """A numeric, boolean or temporal column as floats; moments and dates in days since 1970, missing ones NaN."""
    kind = column.type
    if pa.types.is_null(kind):
        return np.full(len(column), np.nan)
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        days = column.cast(pa.timestamp("us")).cast(pa.int64()).cast(pa.float64(), safe=False)
        return _floats(days) / DAY
    if not any(test(kind) for test in NUMERIC):
        raise DataError(where, f"expected a column of numbers, got {kind}", "Name a numeric column, or convert it.")
    return _floats(column.cast(pa.int8() if pa.types.is_boolean(kind) else kind).cast(pa.float64(), safe=False))


def millionths(column: pa.ChunkedArray, where: str) -> tuple[I64, Bools]:
    """A numeric column as integers of 1e-6, and which of its values are known."""
    return fixed(numbers(column, where), where)


def fixed(numbers: F64, where: str = "") -> tuple[I64, Bools]:
    """Numbers as integers of 1e-6, and which of them are known."""
    values = numbers * RESOLUTION
    known = ~np.isnan(values)
    if not known.all():
        values[~known] = 0
    peak = max(values.max(initial=0), -values.min(initial=0)) / RESOLUTION
    if peak >= LARGEST:
        raise DataError(where, f"expected values below {LARGEST:.0e}, got {peak:g}",
                        "Sums are exact in millionths: bring the column to a larger unit.")
    return np.rint(values, out=values).astype(np.int64), known


def words(column: pa.ChunkedArray) -> tuple[I64, pa.Array]:
    """Every word in a column and the row in which it stands, each word once a row."""
    array = column.combine_chunks()
    if not pa.types.is_list(array.type):
        return np.flatnonzero(array.is_valid()), array.drop_null().cast(pa.string())
    found = pa.table({"row": pc.list_parent_indices(array).cast(pa.int64()), "word": pc.list_flatten(array).cast(pa.string())})
    found = found.drop_null().group_by(["row", "word"], use_threads=False).aggregate([])
    return found["row"].to_numpy(), found["word"].combine_chunks()


def frequent(column: pa.ChunkedArray, most: int) -> Array:
    """The `most` most frequent words of a column, sorted; ties go to the first in the alphabet."""
    counted = words(column)[1].value_counts().to_pylist()
    ranked = sorted(counted, key=lambda entry: (-entry["counts"], entry["values"]))[:most]
    return np.array(sorted(entry["values"] for entry in ranked if entry["values"] != OTHER), dtype=np.str_)


def coded(column: pa.ChunkedArray, levels: Array) -> tuple[I64, I64]:
    """(row, level) of every word of a column; a word that is no level has the code `len(levels)`."""
    rows, found = words(column)
    codes = pc.index_in(found, value_set=pa.array(levels.tolist(), pa.string())).fill_null(len(levels))
    return rows, np.asarray(codes, dtype=np.int64)


def multi_hot(column: pa.ChunkedArray, levels: Array) -> F32:
    """[n, levels + 1]: 1 where a row has the level, the last column for all other words."""
    rows, codes = coded(column, levels)
    hot = np.zeros((len(column), len(levels) + 1), dtype=np.float32)
    hot[rows, codes] = 1
    return hot


def codes_of(column: pa.ChunkedArray, where: str) -> I64:
    """A number for each different value of a column, -1 where it is missing."""
    if pa.types.is_list(column.type):
        raise DataError(where, "expected a column of single values, got lists", "Name a column with one value a row.")
    if pa.types.is_floating(column.type):
        column = pc.if_else(pc.is_nan(column), None, pc.add(column, 0.0))  # not a number is missing, and -0 is 0
    encoded = column.dictionary_encode().combine_chunks()
    return np.asarray(encoded.indices.fill_null(-1), dtype=np.int64)


def marks(values: Iterable[object]) -> I64:
    """[n] 64 bits for each value, hashed from its text so that every process has the same; `MISSING` for None."""
    def mark(value: object) -> int:
        if value is None:
            return int(MISSING)
        return int.from_bytes(hashlib.blake2b(str(value).encode(), digest_size=8).digest(), "little", signed=True)

    made: dict[object, int] = {}
    return np.array([made[value] if value in made else made.setdefault(value, mark(value)) for value in values],
                    dtype=np.int64)


def marked(column: pa.ChunkedArray, where: str) -> tuple[I64, I64]:
    """(row, mark) of every word of a column, or of every number."""
    if is_words(column):
        rows, found = words(column)
        return rows, marks(found.to_pylist())
    values = numbers(column, where)
    rows = np.flatnonzero(~np.isnan(values))
    return rows, marks(values[rows].tolist())


def hashed(rows: I64, marks: I64, n: int, buckets: int) -> F32:
    """[n, buckets] each row's marks added up, each in the bucket and with the sign that it tells.

    Weinberger et al., "Feature hashing for large scale multitask learning" (ICML 2009): with signs, what falls into
    the same bucket cancels on average.
    """
    sums = np.zeros((n, buckets), dtype=np.float32)
    np.add.at(sums, (rows, (marks.view(np.uint64) % np.uint64(buckets)).astype(np.int64)), np.where(marks < 0, -1, 1))
    return sums


def scale(values: F64) -> F64:
    """[2] centre and spread of the finite values."""
    values = values[np.isfinite(values)]
    return np.array([values.mean(), values.std() or 1.0] if len(values) else [0.0, 1.0])


def logarithm(values: F64) -> F64:
    """[m] log2(1 + |x|) with the sign of x, drawn as straight lines between the powers of two.

    That is exact arithmetic, so every machine and every batch gives the same bits.

    >>> logarithm(np.array([0, 1, 2, -3])).tolist()
    [0.0, 1.0, 1.5, -2.0]
    """
    mantissa, exponent = np.frexp(1 + np.abs(values))  # mantissa · 2^exponent, mantissa ≥ ½
    return np.copysign(2 * mantissa + (exponent - 2), values)  # type: ignore[no-any-return]


def cycle(step: I64, steps: int) -> F32:
    """[m, 2] sine and cosine of each step of a circle, read from a table so that every batch gives the same bits.

    >>> cycle(np.array([0, 6]), 24).tolist()
    [[0.0, 1.0], [1.0, 0.0]]
    """
    return _circle(steps)[step]


@cache
def _circle(steps: int) -> F32:
    turns = [2 * math.pi * i / steps for i in range(steps)]
    table = np.array([(math.sin(turn), math.cos(turn)) for turn in turns], dtype=np.float32)
    return np.where(np.abs(table) < 1e-6, 0, table)


def _floats(column: pa.ChunkedArray) -> F64:
    return np.asarray(column.fill_null(np.nan).to_numpy(), dtype=np.float64)
