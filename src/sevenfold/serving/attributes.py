"""What is told of users and items while they are served: checked, kept in the store's log, and laid over the bundle's tables.

A client's values become those that the table's reader would have made of them (`said`), as an entry of the log (`entry`).
`Attributes` follows the log: who came later stands behind the others in both tables, as in every process that reads this log.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa

from sevenfold.data.entities import ALWAYS
from sevenfold.data.posted import Told, add
from sevenfold.data.times import microseconds
from sevenfold.data.unclocked import NEVER
from sevenfold.errors import DataError, nearest
from sevenfold.nouns import Array, Data, Entities
from sevenfold.serving.arrivals import Entry
from sevenfold.serving.asked import Attribute, Fault, Refusal, fits
from sevenfold.serving.memory import Memory


def tables(memory: Memory, of: str) -> tuple[Entities, str, str | None]:
    """The bundle's users or items, the column of their ids, and that of their births."""
    data, events = memory.design.data, memory.design.data.events
    declared = data.users if of == "users" else data.items
    if of == "users" and events.query is not None:
        declared = data.queries
    entities = memory.base.users if of == "users" else memory.base.items
    key = declared.key if declared else next(iter(entities.table.column_names), "")  # of nobody there is no column
    return entities, key, declared.born if declared else None


def entry(memory: Memory, of: str, told: Attribute, moment: int, where: str = "body") -> Entry:
    """What is told of a user or an item, as the log keeps it; `Refusal` where the design's table cannot hold it."""
    entities, key, born = tables(memory, of)
    known = {field.name: field.type for field in entities.table.schema if field.name != key}
    if entities.ids.dtype.kind == "i" and not _whole(str(told.id)):
        raise Refusal(f"{where}.id", f"expected a whole number, got '{str(told.id)[:60]}'", f"Ids of {of} are whole numbers.")
    values = {}
    for name, value in told.values.items():
        if name not in known:
            raise Refusal(f"{where}.values.{name:.60}", f"no column of {of} is called that", nearest(name, known))
        values[name] = _said(value, known[name], f"{where}.values.{name}")
        if name == born and value is not None:
            _moment(values[name], known[name], f"{where}.values.{name}")
    return {"of": of, "id": str(told.id), "time": moment, "values": values}


def sorted_out(memory: Memory, of: str, sent: Sequence[Attribute], moment: int,
               single: bool) -> tuple[list[Entry], dict[int, Fault]]:
    """Entries of the log, and by their place why others are refused; `Refusal` of a single one, and where there are no such."""
    if not memory.clocked:
        raise Refusal(of, "the data of this design have no clock, so nothing is told later", "Run the design again.", 501)
    if of == "items" and (memory.links or "item" not in memory.roles):
        raise Refusal(of, "the items of this design are its users" if memory.links else "this design has no items",
                      "Tell of users: POST /v1/users.")
    if of == "users" and "user" not in memory.roles:
        raise Refusal(of, "this design has no users", "Tell of items: POST /v1/items.")
    entries: list[Entry] = []
    refused: dict[int, Fault] = {}
    for place, told in enumerate(sent):
        try:
            entries.append(entry(memory, of, told, moment))
        except Refusal as error:
            if single:
                raise
            refused[place] = Fault(error.where.replace("body", f"body.{of}[{place}]", 1), error.problem, error.hint)
    return entries, refused


def _whole(text: str) -> bool:
    digits = text.removeprefix("-")
    return digits.isascii() and digits.isdecimal() and str(int(text)) == text and -2**63 <= int(text) < 2**63


def _said(value: Any, kind: pa.DataType, where: str) -> Any:
    """A value as JSON keeps it, of a column's kind; a text is a list where the column holds lists: `Drama|War`."""
    if value is None:
        return None
    try:
        if pa.types.is_temporal(kind):
            moment = pa.scalar(_moment(value, pa.string() if isinstance(value, str) else pa.int64(), where), pa.timestamp("us"))
            return moment.cast(pa.timestamp("us", getattr(kind, "tz", None))).cast(kind, safe=False).value
        if pa.types.is_list(kind):
            value = value.split("|") if isinstance(value, str) else value
            if not isinstance(value, list) or not all(fits(one, kind.value_type) for one in value):
                raise ValueError
        elif isinstance(value, list) or not fits(value, kind):
            raise ValueError
        return pa.scalar(value, kind).as_py()
    except (pa.ArrowException, ValueError, TypeError, OverflowError):
        raise Refusal(where, f"expected {kind}, got {str(value)[:60]!r}", "Send the kind of value that the table has.") from None


def _moment(value: Any, kind: pa.DataType, where: str) -> int:
    try:
        return int(microseconds(pa.chunked_array([pa.array([value], kind)]), where=where)[0])
    except (DataError, pa.ArrowException) as error:
        raise Refusal(where, f"expected a time, got '{str(value)[:60]}'",
                      "Write a number since 1970 or ISO 8601, such as 2026-01-31T12:00:00.") from error


class Attributes:
    """The bundle's users and items with all that the log tells of them, as far as it was read."""

    def __init__(self, memory: Memory) -> None:
        self.memory = memory
        self._told: dict[str, dict[str, Told]] = {"users": {}, "items": {}}
        self._read: dict[str, int] = {}  # user → offset of the last entry

    def take(self, entries: Sequence[Mapping[str, Any]]) -> None:
        """Let entries of the log count."""
        for one in entries:
            told, user = self._told[one["of"]], one["of"] == "users"
            if tables(self.memory, one["of"])[0].ids.dtype.kind == "i" and not _whole(one["id"]):
                continue  # told under a bundle whose ids were text
            if user and self._read.get(one["id"], -1) < self.memory.gone.of(one["id"])[0]:
                told.pop(one["id"], None)  # of who was deleted since, nothing from before
            if user:
                self._read[one["id"]] = one["offset"]
            add(told, {**one, "values": self._fitting(one)})

    def _fitting(self, entry: Entry) -> dict[str, Any]:
        """The values that this bundle's table can hold: an earlier one may have had other columns."""
        schema, values = tables(self.memory, entry["of"])[0].table.schema, {}
        for name, value in entry["values"].items():
            try:
                pa.scalar(value, schema.field(name).type)
            except (KeyError, pa.ArrowException, TypeError, ValueError, OverflowError):
                logging.getLogger(__name__).warning("no column of %s holds the %s that was told of one", entry["of"], name)
            else:
                values[name] = value
        return values

    def data(self) -> tuple[Data, dict[str, dict[str, int]]]:
        """The bundle's data with the tables as they are now, and the codes of who came later, as `Memory.told` has them."""
        memory, base, known = self.memory, self.memory.base, dict(self.memory.later)  # which grows as the log is read
        held = {user: told for user, told in self._told["users"].items() if self._read[user] >= memory.gone.of(user)[0]}
        later = known if memory.links else {
            user: len(base.users) + place for place, user in enumerate(one for one in held if memory.code(one) < 0)}
        users = self._grown("users", held, memory.code, later)
        items = users if memory.links else self._grown("items", self._told["items"], memory.base_item, known)
        of_items = held if memory.links else self._told["items"]
        return replace(base, users=users, items=items), {"users": {one: later[one] for one in held if one in later},
                                                         "items": {one: known[one] for one in of_items if one in known}}

    def _grown(self, of: str, told: Mapping[str, Told], code: Any, later: Mapping[str, int]) -> Entities:
        """A table with later values in their rows, and behind it who came later, with empty rows where nobody told of them."""
        entities, key, born = tables(self.memory, of)
        size = max([len(entities), *(place + 1 for place in later.values())])
        names = {place: one for one, place in later.items()}
        ids: list[Any] = [names.get(place, "") for place in range(len(entities), size)]
        ids = [int(one or -1) for one in ids] if entities.ids.dtype.kind == "i" else ids
        rows: dict[int, dict[str, Any]] = {len(entities) + row: {key: one} for row, one in enumerate(ids)}
        places = {one: place for one in told if (place := later.get(one, -1) if code(one) < 0 else code(one)) >= 0}
        held = [place for place in places.values() if place < len(entities)]
        rows |= dict(zip(held, entities.table.take(pa.array(held, pa.int64())).to_pylist(), strict=True))
        for one, place in places.items():
            rows[place] |= told[one].values
        fresh = pa.Table.from_pylist([*rows.values()], schema=entities.table.schema)
        index = np.append(np.arange(len(entities)), np.zeros(size - len(entities), dtype=np.int64))
        index[[*rows]] = len(entities) + np.arange(len(rows))
        table = pa.concat_tables([entities.table, fresh]).take(pa.array(index)).combine_chunks()
        grown = np.append(entities.ids, np.array(ids, dtype=np.int64 if entities.ids.dtype.kind == "i" else np.str_))
        return Entities(ids=grown, table=table, born=self._born(entities, size, places, told, born))

    def _born(self, entities: Entities, size: int, places: Mapping[str, int], told: Mapping[str, Told],
              column: str | None) -> Array | None:
        """Since when each can be shown: who came later and was not told of, never; nothing where all could be shown always."""
        if entities.born is None and size == len(entities):
            return None
        since = np.full(size, NEVER, dtype=np.int64)
        since[:len(entities)] = ALWAYS if entities.born is None else entities.born
        kind = None if column is None else entities.table.schema.field(column).type
        for one, place in places.items():
            said = None if column is None else told[one].values.get(column)
            if said is not None or place >= len(entities):
                since[place] = told[one].since if said is None else _moment(said, kind, str(column))
        return since
