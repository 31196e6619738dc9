"""Events that arrive after a run: each row is taken as the run's own log would hold it, or refused with its reason.

A source comes in chunks. A run of rows is read at once; where that fails it is halved, until the rows that fail stand
alone: a good file costs little more than its reader does, and a bad row is judged by that reader. A row of text is one
line, so a quoted field ends where its line does.
"""

from __future__ import annotations

import csv
import json
import os
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import json as arrow_json
from pyarrow import parquet

from sevenfold.data.formats import BLOCK, FORMATS, JSON, PARQUET, TEXT, Format, header_of, no_nan, opened, read_delimited, reason
from sevenfold.data.sources import refuse_twins
from sevenfold.data.times import UNITS, latest, microseconds, shown, unit
from sevenfold.errors import DataError, nearest
from sevenfold.nouns import I64

LONGEST = 1 << 20  # bytes of a line
UNREADABLE = (ValueError, pa.ArrowException, DataError)
WORDS: list[tuple[Callable[[pa.DataType], bool], str]] = [
    (pa.types.is_integer, "a whole number"), (pa.types.is_floating, "a number"), (pa.types.is_boolean, "true or false"),
    (pa.types.is_temporal, "a time"), (pa.types.is_string, "text")]
Types = Mapping[str, pa.DataType]


@dataclass(frozen=True)
class Refused:
    """A row that is no event of this log."""

    row: int  # from 1: of text the line, of Parquet the row
    reason: str
    raw: str  # as it came; a line that is too long is cut
    column: str = ""  # the one at fault, where it is one
    hint: str = ""


@dataclass(frozen=True, kw_only=True)
class Arrived:
    """One chunk, sorted out: every row is in `rows` or in `refused`, each in rising order."""

    table: pa.Table  # [n] the log's columns by name and type; null where a row has none
    times: Mapping[str, I64]  # column → [n] µs since 1970
    rows: I64  # [n] the numbers of the rows taken
    refused: tuple[Refused, ...]
    unknown: tuple[str, ...]  # columns that the log has not; each is told once and read by nobody


_Taken = tuple[I64, pa.Table, dict[str, I64]]  # a run of rows: their numbers, their table and their times


class _Unfit(ValueError):
    def __init__(self, column: str, problem: str, hint: str = "") -> None:
        super().__init__(f"column '{column}'{problem}")
        self.column, self.hint = column, hint


class _Ahead(ValueError):
    """A moment beyond the latest."""


@dataclass(frozen=True)
class _Wanted:
    columns: Types
    needed: Sequence[str]
    times: Sequence[str]
    latest: Callable[[], int]


@dataclass(frozen=True)
class _Chunk:
    rows: Sequence[int]
    names: Sequence[str]  # the columns it has
    read: Callable[[int, int, Types], pa.Table]  # of the rows from the first to before the last, columns of these types
    shown: Callable[[int], Mapping[str, str]]  # what stands in one row; `ValueError` says why that cannot be told
    raw: Callable[[int], str]


def arriving(source: Path | BinaryIO, *, columns: Types, needed: Sequence[str], times: Sequence[str] = (),
             kind: str | None = None, chunk: int = 10_000, latest: Callable[[], int] = latest) -> Iterator[Arrived]:
    """The events of a file, or of a stream of a `kind` (jsonl, csv, …), at most `chunk` rows at a time.

    `columns` are those of the run's log; a row must hold the `needed` ones and those in `times`, which are read as
    `data.times` reads them and lie before the `latest` moment. `DataError` where the source cannot be read on, or its
    header lacks a needed column.
    """
    name = source.name if isinstance(source, Path) else "standard input"
    where = f"events ({name})"
    suffix = Path(name.removesuffix(".gz")).suffix.lower() if kind is None else f".{kind}"
    if suffix not in FORMATS:
        raise DataError(where, f"no reader for '{suffix or name}' files", f"Known kinds: {', '.join(FORMATS)}.")
    wanted = _Wanted(columns, [*needed, *times], times, latest)
    told = set(columns)
    try:
        with opened(source) if isinstance(source, Path) else nullcontext(source) as file:
            for each in CHUNKS[FORMATS[suffix]](file, suffix, chunk):
                if FORMATS[suffix] is not JSON:  # whose rows have names of their own
                    _check_header(each.names, wanted.needed, where)
                yield _sorted_out(each, wanted, tuple(name for name in each.names if name not in told))
                told.update(each.names)
    except (OSError, EOFError, zlib.error, pa.ArrowException, ValueError) as error:
        raise DataError(where, f"cannot be read: {reason(error)}",
                        "Check that the file is whole and of the kind that its ending says.") from error


def quarantine(path: Path, refused: Iterable[Refused]) -> None:
    """Append refused rows as JSON lines (row, reason, raw); they are on disk when this returns."""
    with path.open("a", encoding="utf-8") as file:
        file.writelines(json.dumps(asdict(row), ensure_ascii=False) + "\n" for row in refused)
        file.flush()
        os.fsync(file.fileno())


def _check_header(names: Sequence[str], needed: Sequence[str], where: str) -> None:
    for name in needed:
        if name not in names:
            raise DataError(where, f"no column is called '{name}'", nearest(name, names))
    refuse_twins(names, where)


def _sorted_out(chunk: _Chunk, wanted: _Wanted, unknown: tuple[str, ...]) -> Arrived:
    none, refused = np.empty(0, np.int64), []
    taken: list[_Taken] = [(none, pa.schema(list(wanted.columns.items())).empty_table(), dict.fromkeys(wanted.times, none))]
    for piece in _pieces(chunk, 0, len(chunk.rows), wanted):
        if isinstance(piece, Refused):
            refused.append(piece)
        else:
            taken.append(piece)
    rows, tables, times = zip(*taken)
    return Arrived(table=pa.concat_tables(tables), rows=np.concatenate(rows), refused=tuple(refused), unknown=unknown,
                   times={name: np.concatenate([one[name] for one in times]) for name in wanted.times})


def _pieces(chunk: _Chunk, first: int, last: int, wanted: _Wanted) -> Iterator[_Taken | Refused]:
    """Runs of rows in order, each with its table and times; or one row with the reason why it has none."""
    try:
        yield _taken(chunk, first, last, wanted)
    except UNREADABLE as error:
        if last - first == 1:
            yield _refused(chunk, first, _fault(chunk, first, wanted, error))
            return
        middle = (first + last) // 2
        yield from _pieces(chunk, first, middle, wanted)
        yield from _pieces(chunk, middle, last, wanted)


def _taken(chunk: _Chunk, first: int, last: int, wanted: _Wanted) -> _Taken:
    kinds = {name: kind for name, kind in wanted.columns.items() if not pa.types.is_null(kind)}  # those tell nothing
    table = _read(chunk, first, last, kinds)
    found = {name: _finite(table.column(name), name) for name in table.column_names}
    for name in wanted.needed:
        if name not in found or found[name].null_count:
            raise _Unfit(name, " is empty")
    times = {name: _moments(found[name].drop_null()) for name in wanted.times}
    last_moment = max((int(one.max()) for one in times.values() if len(one)), default=0)
    if last_moment > wanted.latest():
        raise _Ahead(shown(last_moment))
    full = [_as_kind(found[name], kind) if name in found else pa.nulls(last - first, kind)
            for name, kind in wanted.columns.items()]
    return np.array(chunk.rows[first:last], np.int64), pa.table(full, schema=pa.schema(list(wanted.columns.items()))), times


def _read(chunk: _Chunk, first: int, last: int, kinds: Types) -> pa.Table:
    """Columns of these types; but moments that are not written as their type has them stay text."""
    moments = [name for name, kind in kinds.items() if _is_moment(kind)]
    try:
        table = chunk.read(first, last, kinds)
    except UNREADABLE:
        if not moments:
            raise
        table = chunk.read(first, last, {**kinds, **dict.fromkeys(moments, pa.string())})
    if table.num_rows != last - first:
        raise ValueError("is not one row")
    return table


def _is_moment(kind: pa.DataType) -> bool:
    return bool(pa.types.is_timestamp(kind) or pa.types.is_date(kind))


def _finite(column: pa.ChunkedArray, name: str) -> pa.ChunkedArray:
    if pa.types.is_floating(column.type) and pc.any(pc.is_inf(column)).as_py():
        raise ValueError(f"column '{name}': expected a number, got an infinite one")
    return no_nan(column)


def _as_kind(column: pa.ChunkedArray, kind: pa.DataType) -> pa.ChunkedArray:
    """Text as moments of a type, which may cut their fractions; other columns as they are."""
    if not (_is_moment(kind) and pa.types.is_string(column.type)):
        return column
    if column.null_count == len(column):
        return column.cast(kind)
    times = pa.chunked_array([pa.array(_moments(column.fill_null(column.drop_null()[0])))])
    stamps = times.cast(pa.timestamp("us", getattr(kind, "tz", None))).cast(kind, safe=False)
    return pc.if_else(column.is_valid(), stamps, pa.scalar(None, kind))


def _moments(column: pa.ChunkedArray) -> I64:
    """[n] µs, each value as it would be read alone: numbers of several units are not read together."""
    if pa.types.is_string(column.type):
        column = pc.replace_substring_regex(column, r"(\.\d{6})\d+", r"\1")
    try:
        numbers = np.abs(np.asarray(column.cast(pa.float64(), safe=False)))
    except pa.ArrowException:
        numbers = np.zeros(1)
    if len(np.unique(np.searchsorted([size for size, _, _ in UNITS], numbers, side="right"))) > 1:
        raise ValueError("times of several units")
    return microseconds(column, where="")


def _refused(chunk: _Chunk, row: int, fault: Exception) -> Refused:
    column, hint = (fault.column, fault.hint) if isinstance(fault, _Unfit) else ("", "")
    return Refused(chunk.rows[row], reason(fault), chunk.raw(row), column, hint)


def _fault(chunk: _Chunk, row: int, wanted: _Wanted, error: Exception) -> Exception:
    """Why a row stands alone: it cannot be split into values, one is not of its column's type, or a needed one is missing."""
    try:
        values = chunk.shown(row)
    except ValueError as problem:
        return problem
    for name in [name for name in values if not pa.types.is_null(wanted.columns.get(name, pa.null()))]:
        kind = wanted.columns[name]
        try:
            _taken(chunk, row, row + 1, _Wanted({name: kind}, (), [time for time in wanted.times if time == name], wanted.latest))
        except _Ahead as moment:
            return _Unfit(name, f": '{values[name]:.60}' reads as {moment}, more than a day from now",
                          f"Times here are {unit(kind)}.")
        except UNREADABLE:
            words = next((words for fits, words in WORDS if fits(kind)), "a value")
            words = f"a time in {unit(kind)}" if name in wanted.times else words
            return _Unfit(name, f": expected {words} ({kind}), got '{values[name]:.60}'")
    return error


def _line(file: BinaryIO) -> bytes:
    """The next line; of a long one the beginning."""
    line = rest = file.readline(LONGEST + 1)
    while rest and not rest.endswith(b"\n"):
        rest = file.readline(LONGEST + 1)
    return line


def _lines(file: BinaryIO, first: int, most: int) -> Iterator[list[tuple[int, bytes]]]:
    """Lines with their numbers, the first of which is given, so many at a time; blank ones are left out."""
    lines, size = [], 0
    for number, line in enumerate(iter(lambda: _line(file), b""), start=first):
        if line.strip(b"\r\n"):
            lines.append((number, line))
            size += len(line)
        if len(lines) == most or size >= BLOCK:
            yield lines
            lines, size = [], 0
    if lines:
        yield lines


def _split(line: bytes, split: Callable[[str], Mapping[str, Any]]) -> Mapping[str, Any] | ValueError:
    if len(line) > LONGEST:
        return ValueError(f"the line is longer than {LONGEST} bytes")
    try:
        return split(line.decode().rstrip("\r\n"))
    except UnicodeDecodeError:
        return ValueError("the line is not UTF-8 text")
    except (ValueError, csv.Error, RecursionError) as error:
        return ValueError(reason(error))


def _text_chunk(lines: Sequence[tuple[int, bytes]], names: Sequence[str] | None, split: Callable[[str], Mapping[str, Any]],
                read: Callable[[bytes, Types], pa.Table], show: Callable[[Any], str]) -> _Chunk:
    rows = [_split(line, split) for _, line in lines]

    def together(first: int, last: int, kinds: Types) -> pa.Table:
        for row in rows[first:last]:
            if isinstance(row, ValueError):
                raise row
        return read(b"".join(line for _, line in lines[first:last]), kinds)

    def shown(row: int) -> Mapping[str, str]:
        found = rows[row]
        if isinstance(found, ValueError):
            raise found
        return {name: show(value) for name, value in found.items()}

    keys = dict.fromkeys(key for row in rows if not isinstance(row, ValueError) for key in row) if names is None else names
    return _Chunk([number for number, _ in lines], list(keys), together, shown,
                  lambda row: lines[row][1].decode(errors="backslashreplace").rstrip("\r\n"))


def _delimited_chunks(file: BinaryIO, suffix: str, most: int) -> Iterator[_Chunk]:
    names, separator = header_of(file.readline(), suffix)

    def split(text: str) -> Mapping[str, Any]:
        fields = text.split("\t") if separator == "\t" else next(csv.reader([text], delimiter=separator, strict=True))
        if len(fields) != len(names):
            raise ValueError(f"expected {len(names)} fields, got {len(fields)}")
        return dict(zip(names, fields))

    def read(text: bytes, kinds: Types) -> pa.Table:
        return read_delimited(pa.BufferReader(text), separator=separator, columns=[name for name in names if name in kinds],
                              types={name: kinds.get(name, pa.string()) for name in names}, threads=False)

    for lines in _lines(file, 2, most):
        yield _text_chunk(lines, names, split, read, str)


def _json_chunks(file: BinaryIO, _: str, most: int) -> Iterator[_Chunk]:
    for lines in _lines(file, 1, most):
        yield _text_chunk(lines, None, _object, _read_objects, lambda value: json.dumps(value, ensure_ascii=False))


def _object(text: str) -> Mapping[str, Any]:
    try:
        found = json.loads(text, object_pairs_hook=_once)
    except json.JSONDecodeError as error:
        raise ValueError(f"is no JSON: {error.msg.lower()} at column {error.colno}") from None
    if not isinstance(found, dict):
        raise ValueError("is no JSON object")
    return found


def _once(pairs: list[tuple[str, Any]]) -> Mapping[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key stands twice in one object")
    return found


def _read_objects(text: bytes, kinds: Types) -> pa.Table:
    return arrow_json.read_json(
        BytesIO(text), read_options=arrow_json.ReadOptions(use_threads=False, block_size=len(text) + 1),
        parse_options=arrow_json.ParseOptions(explicit_schema=pa.schema(list(kinds.items())), unexpected_field_behavior="ignore"))


def _parquet_chunks(file: BinaryIO, _: str, most: int) -> Iterator[_Chunk]:
    number = 1
    for batch in parquet.ParquetFile(file).iter_batches(batch_size=most):
        yield _table_chunk(pa.Table.from_batches([batch]), number)
        number += batch.num_rows


def _table_chunk(table: pa.Table, number: int) -> _Chunk:
    def read(first: int, last: int, kinds: Types) -> pa.Table:
        found = table.slice(first, last - first)
        return pa.table({name: _cast(found.column(name), kind) for name, kind in kinds.items() if name in table.column_names})

    def shown(row: int) -> Mapping[str, str]:
        return {name: _as_text(table.column(name).slice(row, 1)) for name in table.column_names}

    return _Chunk(range(number, number + table.num_rows), table.column_names, read, shown,
                  lambda row: json.dumps(shown(row), ensure_ascii=False))


def _as_text(value: pa.ChunkedArray) -> str:
    try:
        return str(pc.cast(value, pa.string()).fill_null("")[0].as_py())
    except pa.ArrowException:  # a list, a structure
        return json.dumps(value[0].as_py(), ensure_ascii=False, default=str)


def _cast(column: pa.ChunkedArray, kind: pa.DataType) -> pa.ChunkedArray:
    """A column as another type, where each value can be that; a number is no time and no truth by itself."""
    column = no_nan(column)
    if any(is_kind(column.type) != is_kind(kind) for is_kind in (pa.types.is_temporal, pa.types.is_boolean)):
        column = pc.cast(column, pa.string())
    return pc.cast(column, kind)


CHUNKS: dict[Format, Callable[[BinaryIO, str, int], Iterator[_Chunk]]] = {
    TEXT: _delimited_chunks, JSON: _json_chunks, PARQUET: _parquet_chunks}
