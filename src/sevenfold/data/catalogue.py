"""Public data sets: where each lies, under which terms, and how its files become tables.

The facts stand in `catalogue.json`. A data set is a folder of the publisher's own files in the folder that
`SEVENFOLD_DATA` names, else in the user's cache; `fetch` puts it there, whole or not at all.
"""

from __future__ import annotations

import json
import os
import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import pyarrow as pa

from sevenfold.data.formats import PARQUET, Format, reason
from sevenfold.data.originals import READERS, STEPS, fields, packed
from sevenfold.errors import DataError, nearest


@dataclass(frozen=True, kw_only=True)
class TableFile:
    """A table of a data set: its file, and how that reads; one with neither columns nor a reader is Parquet.

    A text file may lie packed, its name followed by `.gz`.
    """

    file: str
    beside: Sequence[str] = ()  # further files that its reader needs
    reader: str = ""  # of `originals`, where lines are not rows
    separator: str = ""
    encoding: str = "utf-8"
    header: bool = False  # the first line names columns; ours stand in the same order
    columns: Mapping[str, str] = field(default_factory=dict)
    steps: Sequence[str] = ()

    @property
    def files(self) -> tuple[str, ...]:
        """All files that it needs."""
        return (self.file, *self.beside)


@dataclass(frozen=True, kw_only=True)
class DataSet:
    """A public data set as its publisher offers it."""

    name: str
    title: str
    page: str
    url: str | None
    sha256: str | None  # of the archive at `url`
    terms: str
    note: str
    tables: Mapping[str, TableFile]


@cache
def data_sets() -> Mapping[str, DataSet]:
    """Every data set of the catalogue by its name."""
    facts = json.loads((Path(__file__).parent / "catalogue.json").read_text(encoding="utf-8"))
    return {name: DataSet(name=name, **entry | {"tables": {key: TableFile(**shape) for key, shape in entry["tables"].items()}})
            for name, entry in facts.items()}


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
    return all(packed(root() / entry.name / file).is_file() for file in _files(entry))


def table(path: str, *, where: str) -> tuple[Path, Format]:
    """The file behind `name:table` and how it is read; `DataError` when it is unknown or not on this machine."""
    name, _, wanted = path.partition(":")
    entry = find(name, where=where)
    if wanted not in entry.tables:
        raise DataError(where, f"the data set '{name}' has no table '{wanted}'", nearest(wanted, entry.tables))
    files = [packed(root() / name / file) for file in entry.tables[wanted].files]
    missing = next((file for file in files if not file.is_file()), None)
    if missing is not None:
        raise DataError(where, f"'{path}' is not on this machine: there is no file '{missing}'", _how(entry))
    return files[0], _format(entry.tables[wanted])


def fetch(name: str, *, progress: bool = False) -> Path:
    """The folder of a data set, fetched from its publisher unless it is here; nothing of an archive with another sha256."""
    entry = find(name, where="data get")
    where, folder = f"data get {name}", root() / name
    if present(entry):
        return folder
    if entry.url is None:
        raise DataError(where, "its publisher gives no address to fetch it from", _how(entry))
    import pooch

    pooch.get_logger().setLevel("WARNING")
    try:
        root().mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=root()) as scratch:
            archive = pooch.retrieve(entry.url, f"sha256:{entry.sha256}", fname="archive.zip", path=scratch,
                                     progressbar=progress)
            files = _unpack(entry, Path(archive), where)
            folder.mkdir(exist_ok=True)
            for file in files:
                os.replace(file, folder / file.name)
    except (OSError, zipfile.BadZipFile) as error:
        raise DataError(where, f"cannot be fetched from {entry.url}: {reason(error)}",
                        "Check network and disk, or fetch it by hand: SEVENFOLD_DATA names its folder.") from None
    except ValueError:  # so pooch refuses an archive
        raise DataError(where, f"the archive at {entry.url} has not the sha256 {entry.sha256}",
                        "It was damaged on its way, or has changed; nothing was kept. Try again.") from None
    return folder


def _unpack(entry: DataSet, archive: Path, where: str) -> list[Path]:
    """The files we need, beside the archive; only their bare names are used, so none can land elsewhere.

    What is no archive but one packed file is kept as it is.
    """
    if str(entry.url).endswith(".gz"):
        return [archive.rename(archive.with_name(Path(str(entry.url)).name))]
    files = [archive.parent / file for file in _files(entry)]
    with zipfile.ZipFile(archive) as zipped:
        inside = {Path(member).name: member for member in zipped.namelist()}
        for file in files:
            if file.name not in inside:
                raise DataError(where, f"the archive holds no file '{file.name}'", nearest(file.name, inside))
            file.write_bytes(zipped.read(inside[file.name]))
    return files


def _files(entry: DataSet) -> list[str]:
    return list(dict.fromkeys(file for table in entry.tables.values() for file in table.files))


def _how(entry: DataSet) -> str:
    if entry.url is None:
        return f"{entry.note[:1].upper()}{entry.note[1:]}; from {entry.page}. SEVENFOLD_DATA names its parent folder."
    return f"Fetch it with: sevenfold data get {entry.name}; or SEVENFOLD_DATA names a folder with '{entry.name}'."


def _format(shape: TableFile) -> Format:
    if not shape.columns and not shape.reader:
        return PARQUET
    types = {name: pa.type_for_alias(kind) for name, kind in shape.columns.items()}

    def whole(file: Path) -> pa.Table:
        file = file.with_name(Path(shape.file).name)  # as the publisher calls it: a reader looks for its neighbours
        if shape.reader:
            return READERS[shape.reader](file)
        result = fields(file, types, separator=shape.separator, encoding=shape.encoding, header=shape.header)
        for step in shape.steps:
            result = STEPS[step](result)
        return result

    def read(file: Path, columns: Sequence[str]) -> pa.Table:
        return whole(file).select(list(columns)) if columns else whole(file)

    return Format(lambda file: list(whole(file).column_names) if shape.reader or shape.steps else list(types), read)
