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
from pyarrow import csv as arrow_csv
from pyarrow import json as arrow_json
from pyarrow import parquet

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
    options = {
        "read_options": arrow_csv.ReadOptions(column_names=types and list(types), block_size=BLOCK, use_threads=threads),
        "parse_options": arrow_csv.ParseOptions(delimiter=separator, quote_char='"' if separator in ",;" else False),
        "convert_options": arrow_csv.ConvertOptions(include_columns=list(columns), column_types=types)}
    try:
        table = arrow_csv.open_csv(source, **options).read_all()
    except pa.ArrowInvalid:
        if not isinstance(source, Path):
            raise
        table = arrow_csv.read_csv(source, **options)
    for number, column in enumerate(table.schema):
        if pa.types.is_binary(column.type):
            raise ValueError(f"column '{column.name}' is not UTF-8 text{_bad_line(source)}")
        if pa.types.is_string(column.type) and pc.any(blank := pc.equal(table.column(number), "")).as_py():
            table = table.set_column(number, column.name, pc.if_else(blank, pa.scalar(None, column.type), table.column(number)))
    return table


def reason(error: Exception) -> str:
    """A reader's error as the end of a sentence: its first line, in lower case unless it starts with an acronym."""
    line = str(error).splitlines()[0] if str(error) else type(error).__name__
    return (line[0].lower() + line[1:] if line[1:2].islower() else line).rstrip(".")


def no_nan(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """A column whose numbers are null where they were NaN."""
    if not (pa.types.is_floating(column.type) and pc.any(pc.is_nan(column)).as_py()):
        return column
    return pc.if_else(pc.is_nan(column), pa.scalar(None, column.type), column)


def lists(flags: Bools, names: Sequence[str]) -> pa.Array:
    """[n] the names whose flag is set in each row of [n, names]."""
    offsets = np.concatenate([[0], np.cumsum(flags.sum(axis=1))])
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), pa.array(np.array(names)[np.nonzero(flags)[1]]))


def header(path: Path) -> tuple[list[str], str]:
    """The first line's columns and what separates them: tabs in `.tsv`, else a comma, or tabs or `;` where no comma is."""
    with opened(path) as file:
        return header_of(file.readline(), Path(path.name.removesuffix(".gz")).suffix)


def header_of(first: bytes, suffix: str) -> tuple[list[str], str]:
    """The columns of a first line and what separates them, in a file whose name ends so; `ValueError` if it is no text."""
    try:
        line = first.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError("line 1 is not UTF-8 text") from None
    tabs = suffix in (".tsv", ".tab", ".dat")
    separator = "\t" if tabs else next((one for one in ",\t;" if one in line), ",")
    return next(csv.reader([line], delimiter=separator), []), separator


def _read_json(path: Path, columns: Sequence[str]) -> pa.Table:
    table = arrow_json.read_json(path)
    return table.select([name for name in columns if name in table.column_names])


def _json_names(path: Path) -> list[str]:
    with opened(path) as file:
        try:
            found = [json.loads(line) for line in islice(file, PEEK) if line.strip()]
            return list(dict.fromkeys(key for each in found for key, _ in each.items()))
        except (AttributeError, ValueError):
            raise ValueError("the lines are not JSON objects in UTF-8") from None


def opened(path: Path) -> BinaryIO:
    """The bytes of a file, unpacked where it is packed."""
    return cast(BinaryIO, gzip.open(path)) if path.suffix == ".gz" else path.open("rb")


def _bad_line(source: Any) -> str:
    """Which line cannot be decoded, where the source can be read again."""
    if isinstance(source, Path):
        with opened(source) as file:
            for number, line in enumerate(file, start=1):
                try:
                    line.decode("utf-8")
                except UnicodeDecodeError:
                    return f" (line {number})"
    return ""


TEXT = Format(lambda path: header(path)[0],
              lambda path, columns: read_delimited(path, separator=header(path)[1], columns=columns))
JSON = Format(_json_names, _read_json)
PARQUET = Format(lambda path: list(parquet.read_schema(path).names),
                 lambda path, columns: parquet.read_table(path, columns=list(columns)).replace_schema_metadata(None))
FORMATS = {".parquet": PARQUET, ".pq": PARQUET, ".csv": TEXT, ".tsv": TEXT, ".tab": TEXT, ".dat": TEXT,
           ".jsonl": JSON, ".ndjson": JSON}
