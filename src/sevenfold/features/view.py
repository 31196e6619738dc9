"""A log read as of any moment: the features of candidates, histories, what was seen, what was alive."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from copy import copy
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any, TypeVar

import numpy as np

from sevenfold.design.sections import Part
from sevenfold.features.kernel import Asked, Moment, prefix
from sevenfold.features.kinds import Kind
from sevenfold.features.past import Fitted
from sevenfold.features.present import Lookup, Present, Reader
from sevenfold.nouns import F32, I32, I64, Array, Bools, Candidates, Requests, Rows, Visits

Given = TypeVar("Given")
Made = TypeVar("Made")
BLOCK = 1 << 17  # rows that are computed together: what bounds the memory besides the answer
PER_REQUEST = ("user", "context")
TEXT = "text"  # the group whose columns are words: many, and sparse


@dataclass(frozen=True, kw_only=True)
class Feature:
    """A feature of the document, fitted."""

    path: str  # `item.liked`: what the names of its columns begin with
    part: Part  # its definition
    kind: Kind
    fitted: Fitted

    @property
    def group(self) -> str:
        """`item`: whose feature it is."""
        return self.path.partition(".")[0]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of its columns."""
        return tuple(self.path + ending for ending in self.fitted.columns)


class View:
    """Fitted features over one log."""

    def __init__(self, features: tuple[Feature, ...], present: Present, history: int, asks: str | None = None,
                 withheld: str = "seen") -> None:
        self.texts = tuple(feature for feature in features if feature.group == TEXT)
        self.features = features = tuple(feature for feature in features if feature.group != TEXT)
        self.asks, self._withheld = asks, withheld
        self.data = present.data
        self.names = tuple(name for feature in features for name in feature.names)
        self._history = history
        self._present = present
        self._copies = None if present.alias is None else present.alias[:-1]
        self._groups = self._bind()
        self._positives = self._present.positives("user")
        self._seen = self._positives if self.data.impressions else self._present.window("user")

    def _bind(self) -> dict[str, tuple[slice, list[Reader]]]:
        """Of each group its columns and its readers."""
        def bind(group: str) -> list[Reader]:
            return [feature.kind.reader(group, feature.fitted.state, self._present) for feature in members[group]]

        groups = dict.fromkeys(feature.group for feature in self.features)
        members = {group: [feature for feature in self.features if feature.group == group] for group in groups}
        ends = np.cumsum([0, *(sum(len(each.names) for each in of_group) for of_group in members.values())]).tolist()
        bound = in_parallel(bind, list(groups), len(self.data.log))
        return {group: (slice(*place), readers) for group, place, readers in zip(groups, pairwise(ends), bound)}

    def of(self, present: Any) -> View:
        """The same features, their readers bound once, over what somebody else holds."""
        other = copy(self)
        other._present, other.data = present, present.data
        return other

    @property
    def act_wait(self) -> int:
        """µs from the arrival of a positive event to the moment at which it is known to be positive."""
        return self._present.waits.act

    @property
    def items(self) -> int:
        """How many items the catalogue has."""
        return len(self.data.items) if self._copies is None else len(self._copies)

    def rows(self, requests: Requests, candidates: Candidates) -> Rows:
        """The features of every candidate as of its request; what is missing is NaN, unknown ids are -1."""
        asked, size = Asked(requests), max(len(requests), len(candidates))
        values = np.empty((len(candidates), len(self.names)), dtype=np.float32)
        one_each = np.array_equal(candidates.request, np.arange(len(requests)))
        once = {group: values[:, columns] if one_each else np.empty((len(requests), columns.stop - columns.start), np.float32)
                for group, (columns, _) in self._groups.items() if group in PER_REQUEST}

        def read(task: tuple[str, Array]) -> None:
            group, rows = task
            if group in once:
                once[group][rows] = self._read(group, Moment(asked, self._present, rows))
            else:
                at = Moment(asked, self._present, candidates.request[rows], candidates.item[rows])
                values[rows, self._groups[group][0]] = self._read(group, at)

        def spread(block: slice) -> None:
            for group, found in once.items():
                values[block, self._groups[group][0]] = found if len(found) == 1 else found[candidates.request[block]]

        in_parallel(read, self._tasks(requests, candidates, size), size)
        in_parallel(spread, [] if one_each else _blocks(len(candidates)), size)
        return Rows(values=values, names=self.names, request=candidates.request, user=requests.user[candidates.request],
                    item=candidates.item, history=self.visits(requests, self._history).history, items=self.items,
                    **self._words(requests, candidates))

    def _words(self, requests: Requests, candidates: Candidates) -> dict[str, Any]:
        """What the requests' text says, and the features made of it."""
        text = self.text(requests)
        if text is None or not self.texts:
            return {"text": text}
        from scipy import sparse

        made = [feature.kind.vectors(text, feature.fitted.state) for feature in self.texts]  # type: ignore[attr-defined]
        return {"text": text, "words": sparse.hstack(made, format="csr")[candidates.request],
                "word_names": tuple(name for feature in self.texts for name in feature.names)}

    def text(self, requests: Requests) -> Array | None:
        """[B] what each request's text says, as it came or as the table of queries has it; empty where nothing is known."""
        if self.asks is None:
            return None
        if self.asks in requests.context:
            return np.array(["" if one is None else str(one) for one in requests.context[self.asks]], dtype=object)
        written = self._queries
        return written[np.where(requests.user < 0, len(written) - 1, requests.user)]

    @cached_property
    def _queries(self) -> Array:
        """[users + 1] the text of each query, and a last one of none."""
        table = self.data.users.table
        column = table[self.asks].to_pylist() if self.asks in table.column_names else [""] * len(table)
        return np.array([*(one or "" for one in column), ""], dtype=object)

    def _tasks(self, requests: Requests, candidates: Candidates, size: int) -> list[tuple[str, Array]]:
        """(group, rows) to be read together: users and items in the order of their index, the others as they come."""
        def order(group: str) -> I64:
            entity = requests.user if group in PER_REQUEST else candidates.item
            return self._present.order(group, entity) if group in ("user", "item") else np.arange(len(entity))

        orders = zip(self._groups, in_parallel(order, list(self._groups), size))
        return [(group, rows[block]) for group, rows in orders for block in _blocks(len(rows))]

    def _read(self, group: str, at: Moment) -> F32:
        """[m, columns] what a group's features are at a moment."""
        columns, readers = self._groups[group]
        values, end = np.empty((columns.stop - columns.start, len(at)), dtype=np.float32), 0
        for reader in readers:
            found = reader(at)
            start, end = end, end + (found.shape[1] if found.ndim > 1 else 1)
            values[start:end] = found.T
        return values.T

    def visits(self, requests: Requests, n: int) -> Visits:
        """The items of each user's last n positive events known before the request, newest first, padded with -1.

        What the user says to like counts as older than all of them.
        """
        history = np.empty((len(requests), n), dtype=np.int32)
        by_user, asked = self._present.order("user", requests.user) if n else np.arange(0), Asked(requests)

        def fill(block: slice) -> None:
            rows = self._positives.last(Moment(asked, self._present, by_user[block]), n)
            items = self.data.log.item[rows] if len(self.data.log) else rows
            history[by_user[block]] = self._catalogue(np.where(rows < 0, -1, items))

        in_parallel(fill, _blocks(len(by_user), BLOCK // max(n, 1) + 1), len(requests))
        if requests.likes is not None:
            history = _before(history, self._catalogue(requests.likes))
        return Visits(time=requests.time, user=requests.user, history=history, text=self.text(requests))

    def seen(self, requests: Requests) -> tuple[I64, I32]:
        """CSR of what is no answer: the items of each user's earlier events (of impressions: the positive ones), which may
        repeat; of a link also oneself; of a search nothing."""
        if self._withheld == "nothing":
            return np.zeros(len(requests) + 1, dtype=np.int64), np.zeros(0, dtype=np.int32)
        ends, rows = self._seen.every(Moment(Asked(requests), self._present, np.arange(len(requests))))
        items = self._catalogue(self.data.log.item[rows])
        if self._withheld == "linked":
            items, ends = np.insert(items, ends[1:], requests.user), ends + np.arange(len(ends))
        if requests.likes is not None:
            size = requests.likes.shape[1]
            items = np.insert(items, np.repeat(ends[1:], size), self._catalogue(requests.likes).ravel())
            ends = ends + size * np.arange(len(ends))
        return prefix(items >= 0)[ends], items[items >= 0]

    def _catalogue(self, items: Array) -> I32:
        """Codes of the log's items in this view's catalogue: of a copied item, its first copy; -1 of one that is not in it."""
        items = np.where(items < len(self.data.items), items, -1).astype(np.int32)
        return items if self._copies is None else self._first_copy[items]

    @cached_property
    def _first_copy(self) -> I32:
        assert self._copies is not None
        first = np.full(len(self.data.items) + 1, -1, dtype=np.int32)
        first[self._copies[::-1]] = np.arange(len(self._copies) - 1, -1, -1)
        return first

    def alive(self, time: I64) -> Bools:
        """[B, items] which items existed strictly before each time."""
        return np.ones((len(time), self.items), dtype=np.bool_) if self.born is None else self.born[None, :] < time[:, None]

    @cached_property
    def born(self) -> I64 | None:
        """[items] when each came to be (µs); None where nobody says."""
        born = self.data.items.born
        return born if born is None or self._copies is None else born[self._copies]

    @cached_property
    def content(self) -> F32:
        """[items, d] the items' attributes and embeddings, each row of length 1 or 0; d = 0 where none is declared."""
        fixed = [reader.scaled for reader in self._groups.get("item", (slice(0), []))[1] if isinstance(reader, Lookup)]
        content = np.concatenate([np.zeros((self.items, 0), dtype=np.float32), *fixed], axis=1)
        length = np.sqrt(np.einsum("ij,ij->i", content, content, dtype=np.float64))[:, None]
        return np.divide(content, length, out=np.zeros_like(content), where=length > 0, casting="same_kind")  # type: ignore[no-any-return]

    def grow(self, rows: I64) -> View:
        """The same view over a synthetic catalogue, whose item j copies item `rows[j]`; the log stays as it is."""
        return View((*self.features, *self.texts), self._present.copied(rows), self._history, self.asks, self._withheld)


def _before(history: I32, likes: I32) -> I32:
    """[B, n] the history, then what is liked in the places that it leaves."""
    joined = np.concatenate([history, likes], axis=1)
    order = np.argsort(joined < 0, axis=1, kind="stable")[:, :history.shape[1]]
    return np.take_along_axis(joined, order, axis=1)


def _blocks(n: int, size: int | None = None) -> list[slice]:
    size = size or BLOCK
    return [slice(start, start + size) for start in range(0, n, size)]


def in_parallel(work: Callable[[Given], Made], blocks: list[Given], rows: int) -> list[Made]:
    """The work on each block; in threads where there are many rows, since NumPy sorts outside the interpreter's lock."""
    if rows <= BLOCK:
        return [work(block) for block in blocks]
    with ThreadPoolExecutor(min(os.cpu_count() or 1, 8)) as pool:
        return list(pool.map(work, blocks))
