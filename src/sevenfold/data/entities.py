"""Users and items: from the ids that a source writes to codes, and one row of attributes for each."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sevenfold.data import sources
from sevenfold.data.sources import Source
from sevenfold.data.times import microseconds
from sevenfold.design.sections import Table
from sevenfold.errors import DataError
from sevenfold.nouns import I32, I64, Array, Entities

ALWAYS = np.iinfo(np.int64).min  # an item without a date of birth could always be shown
LISTED = 0.05  # from this share of values with a '|' on, a text column is a list


def entities(used: pa.ChunkedArray, name: str, table: Table | None, source: Source | None) -> tuple[Entities, I32]:
    """Everyone in the log or in the table, and the code of each row of the log.

    `used` is the log's column of ids, `name` what it is called there; ids are whole numbers, or text where either side
    writes text.
    """
    rows = pa.table({name: pa.nulls(0, used.type)}) if source is None else _attributes(table, source)
    key = rows.column(0 if table is None or source is None else table.key)
    if table is not None and source is not None:
        _refuse_bad_keys(key, source.place("key"))
    used, key = _plain(used), _plain(key)
    told = f"the log's '{name}' holds {_example(used)}, its own '{table.key}' holds {_example(key)}" if table else ""
    used, key = _alike(used, key)
    seen = used.dictionary_encode().combine_chunks()
    ids, codes = _codes(seen.dictionary, key)
    if len(key) and not len(np.intersect1d(codes[:len(seen.dictionary)], codes[len(seen.dictionary):])):
        assert source is not None
        raise DataError(source.place("key"), f"no id of the log is in it: {told}",
                        "Write the ids the same way in both, or name the column that holds the log's ids.")
    of_log, of_table = codes[:len(seen.dictionary)], codes[len(seen.dictionary):]
    aligned = _aligned(rows, key.type, of_table, ids, key_name=name if table is None else table.key)
    born = _born(aligned, table.born, source) if table and source and table.born else None
    return Entities(ids=ids, table=aligned, born=born), of_log[seen.indices.to_numpy()]


def _attributes(table: Table | None, source: Source) -> pa.Table:
    assert table is not None
    sources.check_columns(source, [("key", table.key), ("born", table.born), *(("text", name) for name in table.text)])
    rows = sources.read(source, source.columns)
    for number, field in enumerate(rows.schema):
        if pa.types.is_string(field.type) and field.name not in (table.key, *table.text):
            rows = rows.set_column(number, field.name, _listed(rows.column(number)))
    return rows


def _listed(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """`Drama|War` as a list: where at least a twentieth of the values hold a '|', and none sets it off with blanks."""
    held = pc.sum(pc.match_substring(column, "|")).as_py() or 0
    if held < LISTED * max(len(column) - column.null_count, 1):
        return column
    blanks = pc.any(pc.match_substring_regex(column, r"\s\||\|\s")).as_py()
    return column if blanks else pc.split_pattern(column, "|")


def _refuse_bad_keys(key: pa.ChunkedArray, where: str) -> None:
    if key.null_count:
        raise DataError(where, f"{key.null_count} rows have no key, the first is row {_first_null(key) + 1}",
                        "Give every row a key, or leave the row out.")
    encoded = key.dictionary_encode().combine_chunks()
    codes = encoded.indices.to_numpy()
    counts = np.bincount(codes, minlength=len(encoded.dictionary))
    if (counts > 1).any():
        twice = int(np.argmax(counts > 1))
        rows = ", ".join(str(row + 1) for row in np.flatnonzero(codes == twice)[:5])
        key_value = encoded.dictionary[twice].as_py()
        raise DataError(where, f"key '{key_value}' occurs {counts[twice]} times, in rows {rows}",
                        f"Keep one row for each key ({int((counts > 1).sum())} keys occur more than once).")


def _first_null(column: pa.ChunkedArray) -> int:
    return int(pc.index(pc.is_null(column), True).as_py())


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Ids as int64 or as text; floats may be whole numbers, and a number too large for int64 is text."""
    number = pa.types.is_integer(column.type) or pa.types.is_floating(column.type) or pa.types.is_null(column.type)
    try:
        return column.cast(pa.int64() if number else pa.string())
    except pa.ArrowInvalid:
        return column.cast(pa.string())


def _alike(used: pa.ChunkedArray, key: pa.ChunkedArray) -> tuple[pa.ChunkedArray, pa.ChunkedArray]:
    if used.type == key.type:
        return used, key
    return used.cast(pa.string()), key.cast(pa.string())


def _codes(seen: pa.Array, key: pa.ChunkedArray) -> tuple[Array, I32]:
    """All ids in rising order, and the codes of those in the log and then of those in the table."""
    both = [np.asarray(part.to_numpy(zero_copy_only=False)) for part in (seen, key.combine_chunks())]
    kind: type = np.int64 if pa.types.is_integer(seen.type) else np.str_
    ids, codes = np.unique(np.concatenate([part.astype(kind) for part in both]), return_inverse=True)
    return ids, codes.astype(np.int32)


def _aligned(rows: pa.Table, kind: pa.DataType, codes: I32, ids: Array, *, key_name: str) -> pa.Table:
    """One row for each id, in the order of the ids; an id that has none gets nulls."""
    at = np.full(len(ids), -1, dtype=np.int64)
    at[codes] = np.arange(len(codes))
    aligned = rows.take(pa.array(at, mask=at < 0))
    number = aligned.column_names.index(key_name)
    return aligned.set_column(number, key_name, pa.array(ids, kind)).combine_chunks()


def _born(table: pa.Table, name: str, source: Source) -> I64:
    column = table.column(name)
    known = column.is_valid().to_numpy()
    born = np.full(len(column), ALWAYS, dtype=np.int64)
    born[known] = microseconds(column.drop_null(), where=source.place("born"))
    return born


def _example(column: pa.ChunkedArray) -> str:
    return f"{'numbers' if pa.types.is_integer(column.type) else 'text'} such as '{column[0].as_py()}'"
