"""What flows through Sevenfold: batches of NumPy and Arrow columns, frozen, without behaviour of their own.

Times are int64 microseconds since 1970 (UTC). Users and items are int32 *codes*: positions in `Entities.ids`, which is
sorted, so that a tie broken by code is a tie broken by id. A code of -1 is an entity nobody has seen.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

I32 = npt.NDArray[np.int32]
I64 = npt.NDArray[np.int64]
F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Array = npt.NDArray[Any]

NOBODY = -1
SECOND = 1_000_000
DAY = 86_400 * SECOND


@dataclass(frozen=True, kw_only=True)
class Entities:
    """All users, or all items: their ids in rising order and one row of attributes each (nulls where unknown)."""

    ids: Array
    table: pa.Table
    born: I64 | None = None  # since when an item can be shown; None: always

    def __len__(self) -> int:
        return len(self.ids)

    def codes(self, ids: Array) -> I32:
        """The code of each id; -1 for an id that is not known."""
        if len(self.ids) == 0:
            return np.full(len(ids), NOBODY, dtype=np.int32)
        ids = np.asarray(ids).astype(self.ids.dtype if self.ids.dtype.kind != "U" else str)
        at = np.minimum(np.searchsorted(self.ids, ids), len(self.ids) - 1)
        return np.where(self.ids[at] == ids, at, NOBODY).astype(np.int32)


@dataclass(frozen=True, kw_only=True)
class Log:
    """Events in order of time (ties in order of arrival): a row's number is its offset."""

    time: I64  # [n] when it happened
    available: I64  # [n] when a feature may read it: never before `time`
    user: I32  # [n]
    item: I32  # [n]
    positive: Bools  # [n] the event satisfies the label's expression
    table: pa.Table  # [n] the source's columns, under the source's names

    def __len__(self) -> int:
        return len(self.time)

    def take(self, rows: Array) -> Log:
        """The events at `rows`, a mask or positions."""
        if rows.dtype == np.bool_:
            rows = np.flatnonzero(rows)
        return Log(time=self.time[rows], available=self.available[rows], user=self.user[rows], item=self.item[rows],
                   positive=self.positive[rows], table=self.table.take(pa.array(rows)))

    def before(self, time: int) -> Log:
        """What was available strictly before `time`."""
        return self.take(self.available < time)


@dataclass(frozen=True, kw_only=True)
class Data:
    """A design's data, loaded: the log and the entities in it. `fingerprint` names its content."""

    log: Log
    users: Entities
    items: Entities
    label_wait: int = 0  # µs from an event to the moment its label is known: window + delay
    impressions: bool = False  # the log holds what was shown, not only what was done
    phases: tuple[int, int] | None = None  # without a clock: the moments at which validation and test begin
    fingerprint: str = ""


@dataclass(frozen=True, kw_only=True)
class Requests:
    """A batch of B questions: who asks, when, in which context, and, where one is asked about, which item."""

    time: I64  # [B] the moment of the question; only what was available strictly before it may be read
    user: I32  # [B]; of a search: the query
    context: Mapping[str, Array] = field(default_factory=dict)  # column → [B]
    item: I32 | None = None  # [B] asked about, -1 of none; None: items are to be found
    likes: I32 | None = None  # [B, L] items that the user says to like, padded with -1: a history before there is one

    def __len__(self) -> int:
        return len(self.time)

    def take(self, rows: Array) -> Requests:
        """The questions at `rows`."""
        context = {name: column[rows] for name, column in self.context.items()}
        return Requests(time=self.time[rows], user=self.user[rows], context=context,
                        item=None if self.item is None else self.item[rows],
                        likes=None if self.likes is None else self.likes[rows])


@dataclass(frozen=True, kw_only=True)
class Visits:
    """What a retriever may know of a batch of B requests."""

    time: I64  # [B]
    user: I32  # [B]
    history: I32  # [B, H] the items of the last H positive events, newest first, padded with -1
    text: Array | None = None  # [B] what was typed, where requests carry text


@dataclass(frozen=True, kw_only=True)
class Interactions:
    """What a retriever learns from: the positive events before a cut, in order of time."""

    user: I32  # [n]
    item: I32  # [n]
    time: I64  # [n]
    users: int  # how many users and items there are
    items: int
    cut: int  # the moment up to which events were taken
    content: F32  # [items, d] what is known of each item besides who chose it (encoders frozen at the cut)
    documents: Mapping[str, Array] = field(default_factory=dict)  # field → [items] its text, empty where there is none
    queries: Array | None = None  # [users] the text of each, of a search
    grade: F32 | None = None  # [n] how relevant, where labels are graded


@dataclass(frozen=True, kw_only=True)
class Candidates:
    """Proposals for a batch of requests, flat: n rows in rising order of request and item."""

    request: I32  # [n]
    item: I32  # [n]
    sources: Mapping[str, F32]  # retriever → [n] its score of the item; NaN where it has none
    ranks: Mapping[str, F32]  # retriever → [n] the item's place in its list, from 0; NaN where it did not propose it

    def __len__(self) -> int:
        return len(self.item)

    def take(self, rows: Array) -> Candidates:
        """The candidates at `rows`, which keep their requests' numbers."""
        return Candidates(request=self.request[rows], item=self.item[rows],
                          sources={k: v[rows] for k, v in self.sources.items()},
                          ranks={k: v[rows] for k, v in self.ranks.items()})


@dataclass(frozen=True, kw_only=True)
class Rows:
    """What a learner scores: n (request, item) pairs with their features."""

    values: F32  # [n, F]; NaN where a value is missing
    names: tuple[str, ...]  # [F]
    request: I32  # [n] rising: rows of one request stand together
    user: I32  # [n]
    item: I32  # [n]
    history: I32  # [requests, H] newest first, padded with -1; row r belongs to the rows whose `request` is r
    items: int  # how many item codes there are
    label: F32 | None = None  # [n] when the rows are examples
    actions: Mapping[str, F32] | None = None  # action → [n] whether it followed, where several are labelled
    text: Array | None = None  # [requests] what a request's text says
    words: Any = None  # [n, W] CSR of the features of text, under `word_names`
    word_names: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.item)

    @cached_property
    def groups(self) -> I64:
        """How many rows each request has, in order."""
        return np.diff(np.flatnonzero(np.diff(self.request, prepend=-1, append=-2))).astype(np.int64)


@dataclass(frozen=True, kw_only=True)
class Answers:
    """Answers to a batch of B requests, k places each."""

    items: I32  # [B, k], padded with -1
    scores: F32  # [B, k], NaN where padded
    candidates: Candidates | None = None  # everything proposed, and what each stage thought of it, when traced
    # stage → [n] score of each candidate, NaN once dropped; "chance": with which a shown one was drawn, NaN where none was
    stages: Mapping[str, F32] = field(default_factory=dict)
