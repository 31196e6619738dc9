"""Rows without a clock, put in the order of their split: what is learnt from, then validation, then the test.

A group's rows share a moment, and moments are a second apart, so that whatever cuts by time cuts between groups. Rows of
validation and test never become available: no feature and no retriever reads them before they are asked about.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sevenfold.design.sections import Design
from sevenfold.errors import DataError
from sevenfold.nouns import I64, SECOND, Array, Data

GIVEN = "split"  # the column that says which part of a given split a row belongs to
PARTS = {"train": 0, "validate": 1, "validation": 1, "dev": 1, "valid": 1, "test": 2}
NEVER = np.int64(2**62)  # far beyond every moment, with room for what is added to it
NEAR_DUPLICATES = "near_duplicates"
SEED = 0


@dataclass(frozen=True, kw_only=True)
class Clock:
    """In which order the rows of a table stand, and at which moments (µs)."""

    rows: I64  # [n] of the table, in order
    time: I64  # [n] rising
    available: I64  # [n]
    phases: tuple[int, int] | None = None  # the moments at which validation and test begin


def arrange(table: pa.Table, design: Design) -> Clock:
    """Rows group by group, groups drawn at random into the shares of the split, or as the table says."""
    group = _groups(table, design)
    count = int(group.max(initial=-1)) + 1
    part = _parts(table, group, count, design)
    turn = np.lexsort((np.random.default_rng(SEED).permutation(count), part))
    place = np.empty(count, dtype=np.int64)
    place[turn] = np.arange(count)
    rows = np.argsort(place[group], kind="stable")
    time = (place[group[rows]] + 1) * SECOND
    begin = [(int((part < one).sum()) + 1) * SECOND for one in (1, 2)]
    held_out = part[group[rows]] > 0
    return Clock(rows=rows, time=time, available=np.where(held_out, NEVER, time), phases=(begin[0], begin[1]))


def released(data: Data) -> Data:
    """The same data when all has been judged: what ships may learn from validation and test too."""
    return data if data.phases is None else replace(data, log=replace(data.log, available=data.log.time))


def _groups(table: pa.Table, design: Design) -> I64:
    """[n] the number of each row's group; without one every row stands for itself."""
    events, split = design.data.events, design.data.split
    if split.by == "group" and split.group == NEAR_DUPLICATES:
        if events.text is None:
            raise DataError("data.split.group", "near_duplicates needs a text to compare", "Name its column: data.events.text.")
        return _numbered(pa.chunked_array([near(table[events.text])]))
    column = {"query": events.query, "user": events.user}.get(split.group or "", split.group) if split.by == "group" else None
    column = column or events.query  # the judgements of a query are one question
    if column is None:
        return np.arange(len(table))
    if column not in table.column_names:
        raise DataError("data.split.group", f"no column is called '{column}'", f"The columns: {', '.join(table.column_names)}.")
    return _numbered(table[column])


def near(texts: pa.ChunkedArray) -> pa.Array:
    """What is left of texts when case, digits, signs and blanks no longer count: alike for near duplicates."""
    strip = re.compile(r"[\W_]+")
    return pa.array([strip.sub("", re.sub(r"\d", "0", text.lower())) if text else "" for text in texts.to_pylist()])


def _numbered(column: pa.ChunkedArray) -> I64:
    codes = column.dictionary_encode().combine_chunks().indices
    return np.asarray(pc.fill_null(codes, -1), dtype=np.int64) + (1 if codes.null_count else 0)


def _parts(table: pa.Table, group: I64, count: int, design: Design) -> I64:
    """[groups] 0 learnt from, 1 validation, 2 test."""
    split = design.data.split
    part = np.zeros(count, dtype=np.int64)
    open_ = np.ones(count, dtype=bool)  # groups that chance may still move
    for number, share in ((2, split.test), (1, split.validate)):
        if share == "given":
            mine = np.unique(group[_given(table) == number])
        else:
            free = np.flatnonzero(open_)
            drawn = np.random.default_rng([SEED, number]).permutation(free)
            mine = drawn[:max(round(float(share) * count), 1)]
        part[mine], open_[mine] = number, False
    return part


def _given(table: pa.Table) -> Array:
    if GIVEN not in table.column_names:
        raise DataError("data.split", f"the split is given, and no column is called '{GIVEN}'",
                        f"Add a column '{GIVEN}' that says train, validate or test, or write shares: test: 10%.")
    words = table[GIVEN].to_pylist()
    unknown = next((word for word in words if word not in PARTS), None)
    if unknown is not None:
        raise DataError("data.split", f"column '{GIVEN}' holds '{unknown}'", f"It may hold {', '.join(PARTS)}.")
    return np.array([PARTS[word] for word in words])
