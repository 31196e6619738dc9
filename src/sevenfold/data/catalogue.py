"""Public data sets: where each lies, under which terms, and how its files become tables.

The facts stand in `catalogue.json`. A data set is a folder of the publisher's own files in the folder that
`SEVENFOLD_DATA` names, else in the user's cache; `fetch` puts it there, whole or not at all.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa

from sevenfold.data.formats import PARQUET, Format, read_delimited, reason
from sevenfold.data.movielens import STEPS
from sevenfold.errors import DataError, nearest

TYPES = {"int64": pa.int64(), "string": pa.string()}


@dataclass(frozen=True, kw_only=True)
class TableFile:
    """A table of a data set: the first of these files that is there, and how it reads."""

    files: Sequence[str]
    separator: str = ""
    columns: Mapping[str, str]
    steps: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True)
class DataSet:
    """A public data set as its publisher offers it."""

    name: str
    title: str
    page: str
    url: str | None
    sha256: str | None  # of the archive
    terms: str
    note: str
    files: Mapping[str, str | None]  # the files we need → sha256, where it is known
    tables: Mapping[str, TableFile]


@cache
def data_sets() -> Mapping[str, DataSet]:
    """Every data set of the catalogue by its name."""
    facts = json.loads((Path(__file__).parent / "catalogue.json").read_text(encoding="utf-8"))
    return {name: _data_set(name, entry) for name, entry in facts.items()}


def root() -> Path:
    """The folder that holds the data sets: `SEVENFOLD_DATA`, else the user's cache."""
    named = os.environ.get("SEVENFOLD_DATA")
    if named:
        return Path(named).expanduser()
    import pooch

    return Path(pooch.os_cache("sevenfold"))


def find(name: str, *, where: str) -> DataSet:
    """The data set of that name."""
    if name not in data_sets():
        raise DataError(where, f"no data set is called '{name}'", nearest(name, data_sets()))
    return data_sets()[name]


def present(entry: DataSet) -> bool:
    """Whether all its files are here."""
    return all((root() / entry.name / file).is_file() for file in entry.files)


def table(path: str, *, where: str) -> tuple[Path, Format]:
    """The file behind `name:table` and how it is read; `DataError` when it is unknown or not on this machine."""
    name, _, wanted = path.partition(":")
    entry = find(name, where=where)
    if wanted not in entry.tables:
        raise DataError(where, f"the data set '{name}' has no table '{wanted}'", nearest(wanted, entry.tables))
    shape = entry.tables[wanted]
    files = [root() / name / file for file in shape.files]
    file = next((file for file in files if file.is_file()), None)
    if file is None:
        raise DataError(where, f"'{path}' is not on this machine: there is no file '{files[-1]}'", _how(entry))
    return file, _format(shape)


def fetch(name: str, *, progress: Any = False) -> Path:
    """The folder of a data set, fetched from its publisher unless it is here.

    The archive's and each file's sha256 are compared where they are known; nothing is put in place before. `progress`
    is what pooch takes: True for tqdm, or an object with `total`, `update`, `reset` and `close`.
    """
    entry = find(name, where="data get")
    where = f"data get {name}"
    if present(entry):
        return root() / name
    if entry.url is None:
        raise DataError(where, "its publisher gives no address to fetch it from", _how(entry))
    folder = root() / name
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder) as scratch:
            archive = _download(entry, Path(scratch), progress)
            for file in _unpack(entry, archive, where):
                os.replace(file, folder / file.name)
    except (OSError, zipfile.BadZipFile) as error:
        raise DataError(where, f"cannot be fetched from {entry.url}: {reason(error)}",
                        "Check network and disk, or fetch it by hand: SEVENFOLD_DATA names its folder.") from None
    finally:
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()
    return folder


def _download(entry: DataSet, scratch: Path, progress: Any) -> Path:
    import pooch

    known = f"sha256:{entry.sha256}" if entry.sha256 else None
    downloader = pooch.HTTPDownloader(progressbar=progress)
    pooch.get_logger().setLevel("WARNING" if known else "INFO")  # without a known hash it prints the one it found
    try:
        return Path(pooch.retrieve(entry.url, known, fname="archive.zip", path=scratch, downloader=downloader))
    except ValueError:
        raise DataError(f"data get {entry.name}", f"the archive at {entry.url} has not the sha256 {entry.sha256}",
                        "It was damaged on its way, or has changed; nothing was kept. Try again.") from None


def _unpack(entry: DataSet, archive: Path, where: str) -> list[Path]:
    """The files we need, beside the archive; only their bare names are used, so none can land elsewhere."""
    files = []
    with zipfile.ZipFile(archive) as zipped:
        inside = {Path(member).name: member for member in zipped.namelist()}
        for name, known in entry.files.items():
            if name not in inside:
                raise DataError(where, f"the archive holds no file '{name}'", nearest(name, inside))
            content = zipped.read(inside[name])
            if known is not None and hashlib.sha256(content).hexdigest() != known:
                raise DataError(where, f"the file '{name}' has not the sha256 {known}",
                                "The publisher has changed it, or it was damaged; nothing was kept.")
            file = archive.parent / name
            file.write_bytes(content)
            files.append(file)
    return files


def _data_set(name: str, entry: dict[str, Any]) -> DataSet:
    tables = {key: TableFile(**{"columns": {}, **shape}) for key, shape in entry.pop("tables").items()}
    return DataSet(name=name, tables=tables, **entry)


def _how(entry: DataSet) -> str:
    if entry.url is None:
        return f"Fetch it by hand from {entry.page} ({entry.note}), and name its parent folder in SEVENFOLD_DATA."
    return f"Fetch it with: sevenfold data get {entry.name}; or SEVENFOLD_DATA names a folder with '{entry.name}'."


def _format(shape: TableFile) -> Format:
    def read(file: Path, columns: Sequence[str]) -> pa.Table:
        result = _read(file, shape, columns if columns and not shape.steps else ())
        for step in shape.steps:
            result = STEPS[step](result)
        return result.select(list(columns)) if columns else result

    def names(file: Path) -> list[str]:
        if file.suffix == ".parquet" and not shape.columns:
            return PARQUET.names(file)
        return list(read(file, ()).column_names) if shape.steps else list(shape.columns)

    return Format(names, read)


def _read(file: Path, shape: TableFile, columns: Sequence[str]) -> pa.Table:
    names = list(shape.columns)
    if file.suffix == ".parquet":  # its columns are ours in another's words
        return PARQUET.read(file, PARQUET.names(file)).rename_columns(names) if names else PARQUET.read(file, columns)
    # the files are in Latin-1, and a reader of text takes one byte between fields
    text = file.read_bytes().decode("latin-1").replace(shape.separator, "\x1f")
    return read_delimited(pa.BufferReader(text.encode()), separator="\x1f", columns=columns or names, names=names,
                          types={name: TYPES[kind] for name, kind in shape.columns.items()})
