"""Files as tables: one reader for each ending, which reads only the columns it is asked for.

A reader raises `ValueError` (pyarrow's errors are of that kind) with a sentence on what is wrong; `sources` says where.
"""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sevenfold.nouns import Bools

BLOCK = 8 << 20  # bytes of text read at a time
PEEK = 200  # lines of JSON that tell which keys there are


@dataclass(frozen=True)
class Format:
    """How one kind of file is read."""

    names: Callable[[Path], list[str]]  # the columns it has
    read: Callable[[Path, Sequence[str]], pa.Table]  # those columns of it


def read_delimited(source: Any, *, separator: str, columns: Sequence[str],
                   types: dict[str, pa.DataType] | None = None, threads: bool = True) -> pa.Table:
    """Text with one row a line, from a path or bytes; in CSV alone (`,` and `;`) quotes mean anything.

    Text without a header needs the `types` of all its columns, by name.
    The first block's types are tried on the rest, block by block. Where a later block disagrees all is read at once,
    which takes as much memory as the file. To start threads costs more than to read a few lines.
    """
    from pyarrow import csv as reader

    options = {
        "read_options": reader.ReadOptions(column_names=types and list(types), block_size=BLOCK, use_threads=threads),
        "parse_options": reader.ParseOptions(delimiter=separator, quote_char='"' if separator in ",;" else False),
        "convert_options": reader.ConvertOptions(include_columns=list(columns), column_types=types)}
    try:
        table = reader.open_csv(source, **options).read_all()
    except pa.ArrowInvalid:
        if not isinstance(source, Path):
            raise
        table = reader.read_csv(source, **options)
    for number, column in enumerate(table.schema):
        if pa.types.is_binary(column.type):
            raise ValueError(f"column '{column.name}' is not UTF-8 text{_bad_line(source)}")
        if pa.types.is_string(column.type):
            table = table.set_column(number, column.name, _blanks_as_nulls(table.column(number)))
    return table


def reason(error: Exception) -> str:
    """A reader's error as the end of a sentence: its first line, in lower case unless it starts with an acronym."""
    line = str(error).splitlines()[0] if str(error) else type(error).__name__
    return (line[0].lower() + line[1:] if line[1:2].islower() else line).rstrip(".")


def lists(flags: Bools, names: Sequence[str]) -> pa.Array:
    """[n] the names whose flag is set in each row of [n, names]."""
    offsets = np.concatenate([[0], np.cumsum(flags.sum(axis=1))])
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), pa.array(np.array(names)[np.nonzero(flags)[1]]))


def header(path: Path) -> tuple[list[str], str]:
    """The first line's columns and what separates them: tabs in `.tsv`, else a comma, or `;` where no comma is."""
    with _open(path) as file:
        return header_of(file.readline(), Path(path.name.removesuffix(".gz")).suffix)


def header_of(first: bytes, suffix: str) -> tuple[list[str], str]:
    """The columns of a first line and what separates them, in a file whose name ends so; `ValueError` if it is no text."""
    try:
        line = first.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError("line 1 is not UTF-8 text") from None
    separator = "\t" if suffix in (".tsv", ".tab", ".dat") else ";" if ";" in line and "," not in line else ","
    return next(csv.reader([line], delimiter=separator), []), separator


def _read_text(path: Path, columns: Sequence[str]) -> pa.Table:
    return read_delimited(path, separator=header(path)[1], columns=columns)


def _read_parquet(path: Path, columns: Sequence[str]) -> pa.Table:
    from pyarrow import parquet

    return parquet.read_table(path, columns=list(columns)).replace_schema_metadata(None)


def _parquet_names(path: Path) -> list[str]:
    from pyarrow import parquet

    return list(parquet.read_schema(path).names)


def _read_json(path: Path, columns: Sequence[str]) -> pa.Table:
    from pyarrow import json as reader

    table = reader.read_json(path)
    return table.select([name for name in columns if name in table.column_names])


def _json_names(path: Path) -> list[str]:
    with _open(path) as file:
        try:
            objects = [json.loads(line) for line in islice(file, PEEK) if line.strip()]
            return list(dict.fromkeys(key for each in objects for key, _ in each.items()))
        except (AttributeError, ValueError):
            raise ValueError("the lines are not JSON objects in UTF-8") from None


def _open(path: Path) -> BinaryIO:
    return cast(BinaryIO, gzip.open(path)) if path.suffix == ".gz" else path.open("rb")


def _bad_line(source: Any) -> str:
    """Which line cannot be decoded, where the source can be read again."""
    if isinstance(source, Path):
        with _open(source) as file:
            for number, line in enumerate(file, start=1):
                try:
                    line.decode("utf-8")
                except UnicodeDecodeError:
                    return f" (line {number})"
    return ""


def _blanks_as_nulls(column: pa.ChunkedArray) -> pa.ChunkedArray:
    blank = pc.equal(column, "")
    return pc.if_else(blank, pa.scalar(None, column.type), column) if pc.any(blank).as_py() else column


TEXT = Format(lambda path: header(path)[0], _read_text)
JSON = Format(_json_names, _read_json)
PARQUET = Format(_parquet_names, _read_parquet)
FORMATS = {".parquet": PARQUET, ".pq": PARQUET, ".csv": TEXT, ".tsv": TEXT, ".tab": TEXT, ".dat": TEXT,
           ".jsonl": JSON, ".ndjson": JSON}
