"""A design's sources, read, checked and joined into one log and its entities."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sevenfold.data import sources
from sevenfold.data.entities import entities
from sevenfold.data.labels import expression_mask, label_columns, label_expression, weak_columns
from sevenfold.data.posted import Later, Posted, joined
from sevenfold.data.sources import Source
from sevenfold.data.times import microseconds, refuse_future
from sevenfold.data.unclocked import GIVEN, Clock, arrange
from sevenfold.design.expression import written
from sevenfold.design.part import Part
from sevenfold.design.sections import Design, Table
from sevenfold.design.vocabulary import TASKS
from sevenfold.errors import DataError
from sevenfold.nouns import I32, I64, NOBODY, SECOND, Bools, Data, Entities, Log

SLICE = 1 << 20  # rows hashed at a time


def load(design: Design, posted: Posted | None = None) -> Data:
    """The data that a design names, and what was posted since: a log in order of time, its users and its items.

    Paths are relative to the design's own folder. Of the events only the columns that the document names are read.
    Exact duplicates are kept: the same thing may happen twice. Events of the same moment keep their order. An event is
    available at its `available` time, else `delay` after it happened, and never before it happened; an item is born
    before its first event. Of a search the queries stand for the users, of a link the users are the items. Events
    without a clock stand in the order of their split. A text column of a table of entities becomes a list where a '|'
    parts its values. Raises `DataError` for the first thing that is wrong.
    """
    folder = Path(design.source).parent
    source = sources.find(design.data.events.path, folder=folder, where="data.events")
    table = _events(source, design)
    clocked, later = design.data.events.time not in (None, "none"), None
    if clocked and posted is not None:
        later = posted.read(table.schema, _people(design), None if _joins_users(design) else design.data.events.item)
    table, clock = _clock(table, source, design, later) if clocked else (table, arrange(table, design))
    table, time, available = table.take(pa.array(clock.rows)), clock.time, clock.available
    if _joins_users(design):
        users, user, item = _linked(table, design, folder, later)
        items = users
    else:
        (users, user), (items, item) = (_entities(role, table, design, folder, later) for role in ("users", "items"))
    if items.born is not None:  # whatever the table says, an item was there before its first event
        shown, first = np.unique(item, return_index=True)
        items.born[shown] = np.minimum(items.born[shown], time[first] - 1)
    positive = _positive(table, source, design)
    log = Log(time=time, available=available, user=user, item=item, positive=positive, table=table)
    if design.data.events.symmetric:
        log = _both_ways(log)
    label = design.framing.label
    return Data(log=log, users=users, items=items, label_wait=round(((label.within or 0.0) + label.delay) * SECOND),
                impressions=design.data.events.request is not None, phases=clock.phases,
                fingerprint=_fingerprint(log, users.table, items.table))


def _people(design: Design) -> list[str]:
    """The columns that say whose an event is."""
    events = design.data.events
    ends = [events.query or events.user, events.item if _joins_users(design) else None]
    return [name for name in ends if name is not None]


def _clock(table: pa.Table, source: Source, design: Design, later: Later | None) -> tuple[pa.Table, Clock]:
    """The events, with those that came later, and their order by their own time."""
    column, where = table.column(design.data.events.time), source.place("time")
    time = microseconds(column, where=where)
    refuse_future(time, column.type, where)
    available = _available(table, time, source, design)
    if later is not None:
        table, time, available = joined(table, time, available, later, _people(design))
    rows = np.argsort(time, kind="stable")
    return table, Clock(rows=rows, time=time[rows], available=available[rows])


def _events(source: Source, design: Design) -> pa.Table:
    events = design.data.events
    roles = {"time": events.time, "user": events.user, "query": events.query, "item": events.item, "text": events.text,
             "request": events.request, "session": events.session, "available": events.available}
    needed = TASKS[design.framing.task].needs
    for role in needed:
        if roles[role] in (None, "none"):
            raise DataError(f"{source.where}.{role}", f"the task '{design.framing.task}' needs a column for the {role}",
                            f"Name one of the table's columns: {', '.join(source.columns)}.")
    label = label_columns(design) | weak_columns(design)
    roles = {role: name for role, name in roles.items() if name not in (None, "none")}
    sources.check_columns(source, roles.items())
    sources.check_columns(replace(source, where="framing.label", columns=tuple(map(written, source.columns))),
                          [("is", written(name)) for name in sorted(label)])
    found = {str(design.data.split.group), GIVEN, *events.outcomes} & set(source.columns)
    named = {str(name) for name in roles.values()}
    table = sources.read(source, named | label | found | _mentioned(design.data.features))
    for role in needed:
        _refuse_nulls(table.column(roles[role]), source.place(role), str(roles[role]))
    return table


def _joins_users(design: Design) -> bool:
    """Whether what is suggested to users are users."""
    return design.framing.answer.users is not None


def _linked(table: pa.Table, design: Design, folder: Path, later: Later | None) -> tuple[Entities, I32, I32]:
    """Everyone at either end of an event, and the codes of both ends."""
    events = design.data.events
    ends = pa.chunked_array([*table.column(events.user).chunks, *table.column(events.item).chunks])
    users, codes = _entities("users", pa.table({events.user: ends}), design, folder, later)
    one, other = np.split(codes, 2)
    return users, one, other


def _both_ways(log: Log) -> Log:
    """Each event as seen from both of its users, once at a moment, whoever the source wrote first."""
    rows = np.repeat(np.arange(len(log)), 2)
    swapped = np.arange(len(rows)) % 2 == 1
    user = np.where(swapped, log.item[rows], log.user[rows])
    item = np.where(swapped, log.user[rows], log.item[rows])
    pairs = np.stack([log.time[rows], user.astype(np.int64), item.astype(np.int64)])
    kept = np.sort(np.unique(pairs, axis=1, return_index=True)[1])
    return replace(log.take(rows[kept]), user=user[kept], item=item[kept])


def _mentioned(features: Mapping[str, Mapping[str, Part]]) -> set[str]:
    """Every word in the definitions of the features: whichever of them is a column will be needed."""
    return {word for group in features.values() for name, part in group.items()
            for word in (name, part.name, *_words(part.params))}


def _words(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        yield from _words([*value.keys(), *value.values()])
    elif isinstance(value, Iterable):
        for each in value:
            yield from _words(each)


def _refuse_nulls(column: pa.ChunkedArray, where: str, name: str) -> None:
    if column.null_count:
        row = pc.index(pc.is_null(column), True).as_py() + 1
        count = f"{column.null_count} of {len(column)}"
        raise DataError(where, f"column '{name}' is empty in {count} rows, first in row {row}",
                        "Fill them in or leave those rows out: an event needs a time, a user and an item.")


def _available(table: pa.Table, time: I64, source: Source, design: Design) -> I64:
    events = design.data.events
    if events.available is None:
        return time + round(events.delay * SECOND)
    column, where = table.column(events.available), source.place("available")
    _refuse_nulls(column, where, events.available)
    return np.maximum(time, microseconds(column, where=where))  # nothing is known before it happens


def _entities(section: str, table: pa.Table, design: Design, folder: Path, later: Later | None) -> tuple[Entities, I32]:
    events = design.data.events
    told = {"users": later.users, "items": later.items}[section] if later is not None else {}
    gone = later.gone if later is not None and section == "users" else frozenset[bytes]()
    if section == "users" and events.query is not None:
        section = "queries"
    column = {"users": events.user, "queries": events.query, "items": events.item}[section]
    if column is None:  # nobody: every row has the code of one whom nobody knows
        return Entities(ids=np.zeros(0, dtype=np.int64), table=pa.table({})), np.full(len(table), NOBODY, dtype=np.int32)
    declared: Table | None = getattr(design.data, section)
    source = None if declared is None else sources.find(declared.path, folder=folder, where=f"data.{section}")
    return entities(table.column(column), column, declared, source, told, gone)


def _positive(table: pa.Table, source: Source, design: Design) -> Bools:
    positive = expression_mask(label_expression(design), table)
    where = f"framing.label.is ({source.name})"
    if not positive.any():
        raise DataError(where, f"no event satisfies '{design.framing.label.is_}', so there is nothing to learn",
                        f"The label's columns hold {_examples(table, design)}; compare them with other values.")
    return positive


def _examples(table: pa.Table, design: Design) -> str:
    shown = {name: table.column(name).unique().slice(0, 3).to_pylist() for name in sorted(label_columns(design))}
    return "; ".join(f"{name}: {', '.join(map(repr, values))}" for name, values in shown.items()) or "nothing"


def _fingerprint(log: Log, *tables: pa.Table) -> str:
    """sha256 of everything loaded, whatever chunks it came in."""
    digest = hashlib.sha256()
    for array in (log.time, log.available, log.positive):
        digest.update(np.ascontiguousarray(array).tobytes())
    for table in (log.table, *tables):
        for field in table.schema:
            digest.update(f"{field.name}:{field.type};".encode())
            for start in range(0, table.num_rows, SLICE):
                part = table.column(field.name).slice(start, SLICE).combine_chunks()
                digest.update(pa.record_batch([part], names=[field.name]).serialize())
    return digest.hexdigest()
