"""A first design for a table of one's own: each column's role guessed and explained, what is uncertain marked `# ?`."""

from __future__ import annotations

import json
import os
import re
from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from string import Template

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sevenfold.data import sources
from sevenfold.data.times import microseconds
from sevenfold.design.expression import written as named_in
from sevenfold.errors import DataError
from sevenfold.nouns import DAY, I64, SECOND

YEARS = (631_152_000 * SECOND, 4_102_444_800 * SECOND)  # a time lies between 1990 and 2100
WORDS = {  # a role's usual words, the surest first
    "time": "timestamp time datetime date ts at when created occurred day",
    "user": "user customer member viewer visitor reader listener account client person uid",
    "item": "item product movie film video article book song track ad sku content post story recipe game course iid",
    "grade": "rating stars score grade",
    "done": "label target clicked click liked like purchased bought converted completed finished played watched saved",
    "request": "request impression pageview slate",
    "context": "device os platform browser country region city language locale referrer channel environment app",
}
WITHIN = (("7d", 7 * DAY), ("1d", DAY), ("1h", DAY // 24), ("10min", DAY // 144), ("1min", DAY // 1440), ("1s", SECOND))
CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
WORD = re.compile(r"[^\W\d]\w*")  # what can name a feature
DATED = re.compile(r"\s*\d{1,4}[./-]\d{1,2}[./-]\d{1,4}\b")  # a day, in whatever order
TIMES = "A time is 2026-01-31T12:00:00 (ISO 8601) or a number since 1970, and lies between 1990 and 2100."
REPEATED = 0.2  # share of the rows from which on people come back for the same
SAMPLE = 200  # values that show whether a column is meant to hold times
PLAIN = re.compile(r"[A-Za-z_][\w-]*")  # what YAML takes for text as it stands
NUMBERS = (pa.types.is_boolean, pa.types.is_integer, pa.types.is_floating)
LEVELS = 50  # a column of the context has at most so many
SCALE = 100_000  # users assumed where the table holds fewer


@dataclass(frozen=True)
class Guess:
    """A column for a role, why it was taken, and whether a person should look."""

    role: str
    column: str
    reason: str
    sure: bool

    def __str__(self) -> str:
        return f"{self.role}: {'' if self.sure else '? '}{self.reason}"


def draft(path: Path, *, folder: Path) -> str:
    """A design document for the events in a table, to be put into `folder`.

    It passes `check` as it stands: what step 1 needs is filled with assumptions marked `# ?`. Raises `DataError` where
    no column can be the time, the user or the item.
    """
    source = sources.find(path.name, folder=path.parent, where="from")
    table = sources.read(source, source.columns)
    time = _time(table, source.name)
    user = _entity(table, "user", {time.column}, source.name)
    item = _entity(table, "item", {time.column, user.column}, source.name)
    label, is_ = _label(table, {time.column, user.column, item.column}, item.column)
    taken = {guess.column for guess in (time, user, item, label)}
    request = _request(table, taken, user.column) if label.column != item.column else None
    roles = [time, user, item, *([request] if request else [])]
    moments = np.sort(microseconds(table.column(time.column).drop_null(), where=time.column))
    written, slug = os.path.relpath(path.resolve(), folder.resolve()), re.sub(r"[^a-z0-9]+", "-", path.name.split(".")[0].lower())
    template = Template((Path(__file__).parent / "draft.yaml").read_text(encoding="utf-8"))
    free = [name for name in table.column_names if name not in taken | {role.column for role in roles}]
    context = [name for name in free
               if _named([name], "context") and 1 < _distinct(table, name) <= LEVELS and WORD.fullmatch(name)]
    notes = list(map(str, roles))
    if left := [name for name in free if name not in context]:
        notes.append(f"? left out: {', '.join(left)}; each may be written after the label, or belong into data.items")
    return template.substitute(
        _counts(table, moments, user.column, item.column) | _again(table, user.column, item.column), file=path.name,
        name=slug.strip("-") or "draft",
        path=json.dumps(written), label=_quoted(is_) if "`" in is_ else is_,
        label_reason=str(label).removeprefix("label: "), within=_within(moments),
        negatives="shown" if request else "unseen", request=f", request: {_text(request.column)}" if request else "",
        **{role.role: _text(role.column) for role in (time, user, item)},
        notes="\n".join(f"  # {note}" for note in notes), context=_context(context, time.column, moments))


def _time(table: pa.Table, file: str) -> Guess:
    found = [name for name in table.column_names if _is_time(table.column(name))]
    if not found:
        raise _timeless(table, file)
    named = _named(found, "time")
    reason = "its name and values say so" if named else "its values say so"
    return Guess("time", named or found[0], reason, named is not None)


def _timeless(table: pa.Table, file: str) -> DataError:
    """The error that names the column whose values are times but for some, or dates that are not read."""
    for name in table.column_names:
        column = table.column(name)
        rows = np.flatnonzero(column.is_valid().to_numpy())
        sample = [column.slice(row, 1) for row in rows[np.linspace(0, len(rows) - 1, min(len(rows), SAMPLE)).astype(int)]]
        read, dated = (sum(map(holds, sample)) >= 0.9 * max(len(sample), 1) for holds in (_is_time, _is_dated))
        if read or dated:
            known = column.drop_null()
            row = int(rows[bisect_left(range(len(rows)), True, key=lambda last: not _is_time(known.slice(0, last + 1)))])
            hint = "Mend that row or leave it out" if read else "Times are not read as they are written there; rewrite them"
            return DataError(f"from {file}", f"no column holds times; '{name}' would be it, but row {row + 1} holds "
                             f"'{column[row].as_py()}'", f"{hint}. {TIMES}")
    return DataError(f"from {file}", f"no column holds times; its columns are {', '.join(table.column_names)}",
                     "Add a column with the moment of each event: seconds since 1970, or 2026-01-31T12:00:00.")


def _is_dated(value: pa.ChunkedArray) -> bool:
    return DATED.match(str(value[0].as_py())) is not None


def _is_time(column: pa.ChunkedArray) -> bool:
    if pa.types.is_boolean(column.type) or column.null_count == len(column):
        return False
    try:
        moments = microseconds(column.drop_null(), where="")
    except (DataError, pa.ArrowException):
        return False
    return bool(YEARS[0] <= moments.min() and moments.max() < YEARS[1])


def _entity(table: pa.Table, role: str, taken: set[str], file: str) -> Guess:
    free = [name for name in table.column_names if name not in taken and _is_id(table.column(name))]
    named = _named(free, role)
    if named is not None:
        return Guess(role, named, f"its name says so; {_distinct(table, named):,} of them", True)
    ids = [name for name in free if name.lower().endswith("id")] or free
    repeated = [name for name in ids if 1 < _distinct(table, name) < len(table)]
    if not repeated:
        columns = ", ".join(table.column_names)
        raise DataError(f"from {file}", f"no column looks like the {role}; its columns are {columns}",
                        f"Rename the column that says which {role} an event is of, for instance to '{role}_id'.")
    best = max(repeated, key=lambda name: _distinct(table, name))
    return Guess(role, best, f"no name says so; of those left it has most values, {_distinct(table, best):,}", False)


def _is_id(column: pa.ChunkedArray) -> bool:
    return bool(pa.types.is_integer(column.type) or pa.types.is_string(column.type)) and column.null_count < len(column)


def _label(table: pa.Table, taken: set[str], item: str) -> tuple[Guess, str]:
    """The label's column and its expression; without one, every event counts."""
    free = [name for name in table.column_names
            if name not in taken and "`" not in name and any(is_kind(table.column(name).type) for is_kind in NUMBERS)]
    named = _named(free, "grade") or _named(free, "done")
    values = sorted(map(float, table.column(named).drop_null().unique().to_pylist())) if named else []
    if named is None or len(values) < 2:
        return _every_event(table, item)
    if values == [0.0, 1.0]:
        return Guess("label", named, "it is 0 or 1, and its name says what was done", True), named_in(named)
    wanted = values[0] + 0.75 * (values[-1] - values[0])
    least = min(values, key=lambda value: abs(value - wanted)) if len(values) <= 20 else round(wanted, 2)
    share = float(pc.mean(pc.greater_equal(table.column(named), least)).as_py())
    reason = f"three quarters up its range {values[0]:g} to {values[-1]:g}; {share:.0%} of the events reach it"
    return Guess("label", named, reason, False), f"{named_in(named)} >= {least:g}"


def _every_event(table: pa.Table, item: str) -> tuple[Guess, str]:
    """A condition that always holds: a value that no item has."""
    if "`" in item:
        raise DataError(f"from the column '{item}'", "no column looks like a label, and no expression names this one",
                        "Rename it without the backtick.")
    column = table.column(item)
    value = str(min(pc.min(column).as_py(), 0) - 1) if pa.types.is_integer(column.type) else "''"
    reason = f"no column looks like a label, so every event counts: no {item} is {value}"
    return Guess("label", item, reason, False), f"{named_in(item)} != {value}"


def _request(table: pa.Table, taken: set[str], user: str) -> Guess | None:
    """A column that groups what one user was shown together."""
    free = [name for name in table.column_names if name not in taken and _is_id(table.column(name))]
    name = _named(free, "request")
    size = len(table) / _distinct(table, name) if name else 0
    if name is None or size < 1.5:
        return None
    pairs = table.select([name, user]).drop_null().group_by([name, user]).aggregate([])
    if len(pairs) > _distinct(table, name):
        return None
    return Guess("request", name, f"groups events of one user, {size:.1f} at a time: what was shown to him", False)


def _distinct(table: pa.Table, name: str) -> int:
    return int(pc.count_distinct(table.column(name), mode="only_valid").as_py())


def _named(names: Iterable[str], role: str) -> str | None:
    """The name with the surest of a role's words in it; `userId` and `users` have `user`."""
    parts = {name: set(re.split(r"[^a-z0-9]+", CAMEL.sub("_", name).lower())) for name in names}
    return next((name for word in WORDS[role].split() for name, known in parts.items()
                 if {word, f"{word}id", f"{word}s"} & known), None)


def _counts(table: pa.Table, moments: I64, user: str, item: str) -> dict[str, str]:
    users, days = _distinct(table, user), max(float(moments[-1] - moments[0]) / DAY, 1.0)
    scale = max(users, SCALE)
    daily = max(round(scale * min(len(table) / users / days, 0.5)), 1)
    return {"events": f"{len(table):,}", "users": f"{users:,}", "scale": str(scale), "daily": str(daily),
            "items": str(_distinct(table, item))}


def _again(table: pa.Table, user: str, item: str) -> dict[str, str]:
    """Whether an answer may hold what its reader had: where many rows repeat an item of their user."""
    pairs = table.select([user, item]).drop_null()
    share = 1 - len(pairs.group_by([user, item]).aggregate([])) / max(len(pairs), 1)
    if share < REPEATED:
        return {"again": "", "repeated": ""}
    return {"again": ", again: true", "repeated": f"; {share:.0%} of the rows repeat an item of their user, so it may come again"}


def _context(names: list[str], time: str, moments: I64) -> str:
    lines = [f"      {name}:   # ? known when the question is asked" for name in names]
    if (moments % DAY != 0).any():
        lines.append(f"      hour: {{hour: {_text(time)}}}")
    return "\n".join(["    context:", *lines]) if lines else "    # no context: no column for it, and times are days"


def _within(moments: I64) -> str:
    """The longest usual window of which two fit into the last tenth of the log and into the one before."""
    marks = moments[[int(share * (len(moments) - 1)) for share in (0.8, 0.9, 1.0)]]
    room = int(np.diff(marks).min()) // 2
    return next((name for name, length in WITHIN if length <= room), "1s")


def _text(name: str) -> str:
    """A column's name as YAML writes it."""
    reserved = name.lower() in {"none", "null", "true", "false", "yes", "no", "on", "off", "y", "n"}
    return name if PLAIN.fullmatch(name) and not reserved else _quoted(name)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
