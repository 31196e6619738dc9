"""Users and items: from the ids that a source writes to codes, and one row of attributes for each."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sevenfold.data import sources
from sevenfold.data.posted import Attributes, name_of, staying
from sevenfold.data.sources import Source
from sevenfold.data.times import microseconds
from sevenfold.design.sections import Table
from sevenfold.errors import DataError
from sevenfold.nouns import I32, I64, Array, Entities

ALWAYS = np.iinfo(np.int64).min  # an item without a date of birth could always be shown
LISTED = 0.05  # from this share of values with a '|' on, a text column is a list


def entities(used: pa.ChunkedArray, name: str, table: Table | None, source: Source | None, told: Attributes | None = None,
             gone: frozenset[bytes] = frozenset()) -> tuple[Entities, I32]:
    """Everyone in the log or in the table, and the code of each row of the log.

    `used` is the log's column of ids, `name` what it is called there; ids are whole numbers, or text where either side
    writes text. What was `told` later stands before what the table says; who is `gone` is left out.
    """
    rows, key_name = pa.table({name: pa.nulls(0, used.type)}), name
    if table is not None and source is not None:
        rows, key_name = _attributes(table, source), table.key
        _refuse_bad_keys(rows.column(key_name), source.place("key"))
    rows, since = _later(rows, key_name, told or {}, gone)
    written = _plain(used), _plain(rows.column(key_name))
    used, key = written if written[0].type == written[1].type else (part.cast(pa.string()) for part in written)
    seen = used.dictionary_encode().combine_chunks()
    ids, codes = _codes(seen.dictionary, key)
    of_log, of_table = np.split(codes, [len(seen.dictionary)])
    if source is not None and not len(np.intersect1d(of_log, of_table)):
        raise DataError(source.place("key"), f"no id of the log is in it: the log's '{name}' holds {_example(written[0])}, "
                        f"its own '{key_name}' holds {_example(written[1])}",
                        "Write the ids the same way in both, or name the column that holds the log's ids.")
    born = None
    if table is not None and table.born is not None and source is not None:
        born = np.full(len(ids), ALWAYS, dtype=np.int64)
        said = _born(rows.column(table.born), source.place("born"))
        born[of_table] = np.where(said == ALWAYS, since, said)
    aligned = _aligned(rows, key.type, of_table, ids, key_name)
    return Entities(ids=ids, table=aligned, born=born), of_log[seen.indices.to_numpy()]


def _attributes(table: Table, source: Source) -> pa.Table:
    sources.check_columns(source, [("key", table.key), ("born", table.born), *(("text", name) for name in table.text)])
    rows = sources.read(source, source.columns)
    for number, field in enumerate(rows.schema):
        if pa.types.is_string(field.type) and field.name not in (table.key, *table.text):
            rows = rows.set_column(number, field.name, _listed(rows.column(number)))
    return rows


def _later(rows: pa.Table, key: str, told: Attributes, gone: frozenset[bytes]) -> tuple[pa.Table, I64]:
    """A table with what was told later, who is new in it at its end; and [rows] since when those are known."""
    rows = rows.filter(pa.array(staying(rows.column(key), gone)))
    at = {name_of(one): row for row, one in enumerate(rows.column(key).to_pylist())} if told else {}
    changed = [at[one] for one in told if one in at]
    before = {name_of(row[key]): row for row in rows.take(pa.array(changed, pa.int64())).to_pylist()}
    kept = rows.filter(pa.array(~np.isin(np.arange(len(rows)), changed)))
    order = sorted(told, key=lambda one: one not in at)
    number = pa.types.is_integer(rows.schema.field(key).type) or pa.types.is_floating(rows.schema.field(key).type)
    try:
        said = [{**before.get(one, {key: int(one) if number else one}), **told[one].values} for one in order]
        found = pa.concat_tables([kept, pa.Table.from_pylist(said, schema=rows.schema)])
    except (pa.ArrowException, ValueError, TypeError, OverflowError) as error:
        raise DataError(key, f"what was told later does not fit its table: {error}",
                        "Bring the table's columns to the kinds that they had when that was told.") from error
    since = np.full(len(found), ALWAYS, dtype=np.int64)
    since[len(rows):] = [told[one].since for one in order if one not in at]
    return found, since


def _listed(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """`Drama|War` as a list: where at least a twentieth of the values hold a '|', and none sets it off with blanks."""
    held = pc.sum(pc.match_substring(column, "|")).as_py() or 0
    if held < LISTED * max(len(column) - column.null_count, 1):
        return column
    blanks = pc.any(pc.match_substring_regex(column, r"\s\||\|\s")).as_py()
    return column if blanks else pc.split_pattern(column, "|")


def _refuse_bad_keys(key: pa.ChunkedArray, where: str) -> None:
    if key.null_count:
        first = pc.index(pc.is_null(key), True).as_py() + 1
        raise DataError(where, f"{key.null_count} rows have no key, the first is row {first}",
                        "Give every row a key, or leave the row out.")
    counts = key.value_counts()
    repeated = counts.filter(pc.greater(counts.field("counts"), 1))
    if len(repeated):
        twice, count = repeated[0].values()
        rows = ", ".join(str(row + 1) for row in np.flatnonzero(pc.equal(key, twice))[:5])
        raise DataError(where, f"key '{twice}' occurs {count} times, in rows {rows}",
                        f"Keep one row for each key ({len(repeated)} keys occur more than once).")


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Ids as int64 or as text; floats may be whole numbers, and a number too large for int64 is text."""
    number = pa.types.is_integer(column.type) or pa.types.is_floating(column.type) or pa.types.is_null(column.type)
    try:
        return column.cast(pa.int64() if number else pa.string())
    except pa.ArrowInvalid:
        return column.cast(pa.string())


def _codes(seen: pa.Array, key: pa.ChunkedArray) -> tuple[Array, I32]:
    """All ids in rising order, and the codes of those in the log and then of those in the table."""
    both = [np.asarray(part.to_numpy(zero_copy_only=False)) for part in (seen, key.combine_chunks())]
    kind: type = np.int64 if pa.types.is_integer(seen.type) else np.str_
    ids, codes = np.unique(np.concatenate([part.astype(kind) for part in both]), return_inverse=True)
    return ids, codes.astype(np.int32)


def _aligned(rows: pa.Table, kind: pa.DataType, codes: I32, ids: Array, key_name: str) -> pa.Table:
    """One row for each id, in the order of the ids; an id that has none gets nulls."""
    at = np.full(len(ids), -1, dtype=np.int64)
    at[codes] = np.arange(len(codes))
    aligned = rows.take(pa.array(at, mask=at < 0))
    number = aligned.column_names.index(key_name)
    return aligned.set_column(number, key_name, pa.array(ids, kind)).combine_chunks()


def _born(column: pa.ChunkedArray, where: str) -> I64:
    known = column.is_valid().to_numpy()
    if not known.any():
        return np.full(len(column), ALWAYS, dtype=np.int64)
    # filled, not dropped: an error names the row
    return np.where(known, microseconds(column.fill_null(column.drop_null()[0]), where=where), ALWAYS)


def _example(column: pa.ChunkedArray) -> str:
    return f"{'numbers' if pa.types.is_integer(column.type) else 'text'} such as '{column[0].as_py()}'"
