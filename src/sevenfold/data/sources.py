"""A table by the path that a document gives: a file beside the document, or `name:table` of the catalogue."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from sevenfold.data import catalogue
from sevenfold.data.formats import FORMATS, Format, no_nan, reason
from sevenfold.errors import DataError, nearest

CATALOGUED = re.compile(r"[a-z0-9][a-z0-9-]+:[a-z0-9_]+")  # `ml-1m:ratings`


@dataclass(frozen=True, kw_only=True)
class Source:
    """A table that exists: what it is called, where its rows lie, how they are read, and which columns it has."""

    where: str  # its place in the document
    name: str  # the file's, or the catalogue's
    path: Path
    format: Format
    columns: tuple[str, ...]

    def place(self, key: str) -> str:
        """Where an error about one of its columns lies: `data.events.time (ratings.csv)`."""
        return f"{self.where}.{key} ({self.name})"


def find(path: str, *, folder: Path, where: str) -> Source:
    """The source at `path`, its header read; `DataError` when there is none, or it is empty or of an unknown kind."""
    if CATALOGUED.fullmatch(path):
        file, form = catalogue.table(path, where=f"{where}.path")
        name = path
    else:
        file = folder / path
        name = file.name
        form = _format(file, where=f"{where}.path")
    return Source(where=where, name=name, path=file, format=form, columns=_names(file, form, f"{where}.path ({name})"))


def read(source: Source, columns: Iterable[str]) -> pa.Table:
    """Those columns of a source, in its own order; NaN is a null, and an infinite number an error.

    The readers stream, and only these columns are converted and kept: a file far larger than memory is no trouble as
    long as the columns asked for fit.
    """
    wanted = set(columns)
    where = f"{source.where}.path ({source.name})"
    with _readable(where):
        table = source.format.read(source.path, [name for name in source.columns if name in wanted])
    if table.num_rows == 0:
        raise DataError(where, "holds no rows", "Give a file with at least one row below its header.")
    return _finite(_flat(table), source)


def check_columns(source: Source, roles: Iterable[tuple[str, str | None]]) -> None:
    """Each role's column must be there: `("time", "timestamp")`; a role without a column is left alone."""
    for role, name in roles:
        if name is not None and name not in source.columns:
            raise DataError(source.place(role), f"no column is called '{name}'", nearest(name, source.columns))


def _format(file: Path, *, where: str) -> Format:
    suffix = Path(file.name.removesuffix(".gz")).suffix.lower()
    if suffix not in FORMATS:
        raise DataError(where, f"no reader for '{suffix or file.name}' files",
                        f"Known endings: {', '.join(FORMATS)}; text may be compressed (.csv.gz).")
    if not file.is_file():
        beside = sorted(entry.name for entry in file.parent.iterdir()) if file.parent.is_dir() else []
        hint = nearest(file.name, beside) if beside else f"The folder '{file.parent}' is missing or empty."
        raise DataError(where, f"there is no file '{file}'", hint)
    if file.stat().st_size == 0:
        raise DataError(where, f"the file '{file.name}' is empty", "Give a file with a header and rows.")
    return FORMATS[suffix]


def _names(file: Path, form: Format, where: str) -> tuple[str, ...]:
    with _readable(where):
        names = form.names(file)
    refuse_twins(names, where)
    return tuple(names)


def refuse_twins(names: Sequence[str], where: str) -> None:
    """Each column must have a name of its own."""
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise DataError(where, f"two columns are called '{twice}'", "Rename one of them.")


@contextmanager
def _readable(where: str) -> Iterator[None]:
    try:
        yield
    except (ValueError, pa.ArrowException, OSError) as error:
        hint = "Check that the file is whole and of the kind that its ending says."
        if "UTF-8" in str(error) or "UTF8" in str(error):
            hint = "Save it as UTF-8, for instance: iconv -f latin1 -t utf8 old.csv > new.csv."
        raise DataError(where, f"cannot be read: {reason(error)}", hint) from None


def _flat(table: pa.Table) -> pa.Table:
    """Plain columns: values in place of a dictionary's codes, and one type each for text and for lists."""
    return table.cast(pa.schema([pa.field(column.name, _plain(column.type)) for column in table.schema]))


def _plain(kind: pa.DataType) -> pa.DataType:
    if pa.types.is_dictionary(kind):
        return _plain(kind.value_type)
    if pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return pa.string()
    lists = pa.types.is_list(kind) or pa.types.is_large_list(kind)
    return pa.list_(_plain(kind.value_type)) if lists else kind


def _finite(table: pa.Table, source: Source) -> pa.Table:
    for number, field in enumerate(table.schema):
        column = table.column(number)
        if pa.types.is_floating(field.type) and pc.any(pc.is_inf(column)).as_py():
            row = pc.index(pc.is_inf(column), True).as_py()
            raise DataError(f"{source.where} ({source.name})",
                            f"column '{field.name}' holds an infinite number in row {row + 1}",
                            "Replace it by a number, or leave the field empty: an empty field is a missing value.")
        if (known := no_nan(column)) is not column:
            table = table.set_column(number, field.name, known)
    return table
