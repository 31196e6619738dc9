"""A log read as of any moment: the features of candidates, histories, what was seen, what was alive."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

import numpy as np

from sevenfold.features.kernel import Moment, prefix
from sevenfold.features.kind import Kind
from sevenfold.features.lookup import Lookup
from sevenfold.features.past import State
from sevenfold.features.present import Present, Reader
from sevenfold.nouns import F32, I32, I64, Array, Bools, Candidates, Data, Requests, Rows, Visits

Block = TypeVar("Block")
BLOCK = 1 << 19  # rows that are computed together: what bounds the memory besides the answer
PER_REQUEST = ("user", "context")


@dataclass(frozen=True, kw_only=True)
class Feature:
    """A feature of the document, fitted."""

    group: str
    name: str
    kind: Kind
    state: State

    @property
    def path(self) -> str:
        """`item.liked`: what the names of its columns begin with."""
        return f"{self.group}.{self.name}"

    @property
    def names(self) -> tuple[str, ...]:
        """The names of its columns."""
        return tuple(self.path + ending for ending in self.kind.columns(self.state))


class View:
    """Fitted features over one log; item j of the catalogue copies item `rows[j]` of the log (None: itself)."""

    def __init__(self, features: tuple[Feature, ...], data: Data, *, history: int, label_is_own: bool,
                 rows: I64 | None = None) -> None:
        self.features = features
        self.data = data
        self.names = tuple(name for feature in features for name in feature.names)
        self._history = history
        self._label_is_own = label_is_own
        self._copies = rows
        alias = None if rows is None else np.append(rows, -1)
        self._present = Present(data, label_is_own, alias)
        self._readers = [feature.kind.reader(feature.group, feature.state, self._present) for feature in features]
        self._positives = self._present.positives("user")
        self._seen = self._positives if data.impressions else self._present.window("user")

    @property
    def items(self) -> int:
        """How many items the catalogue has."""
        return len(self.data.items) if self._copies is None else len(self._copies)

    def rows(self, requests: Requests, candidates: Candidates) -> Rows:
        """The features of every candidate as of its request; what is missing is NaN, unknown ids are -1."""
        values = np.empty((len(candidates), len(self.names)), dtype=np.float32)
        history = np.empty((len(requests), self._history), dtype=np.int32)

        def fill(block: tuple[slice, slice]) -> None:
            asked, rows = block
            once = Moment(requests.take(np.arange(asked.start, asked.stop)), self._present.entity)
            request = candidates.request[rows] - asked.start
            each = Moment(once.requests, self._present.entity, request, candidates.item[rows])
            history[asked] = self._last(once, self._history)
            for columns, feature, reader in self._columns():
                per_request = feature.group in PER_REQUEST
                found = reader(once if per_request else each)
                values[rows, columns] = (found[request] if per_request else found).reshape(len(request), -1)

        in_parallel(fill, list(_blocks(candidates.request, len(requests))))
        return Rows(values=values, names=self.names, request=candidates.request, user=requests.user[candidates.request],
                    item=candidates.item, history=history, items=self.items)

    def _columns(self) -> Iterator[tuple[slice, Feature, Reader]]:
        start = 0
        for feature, reader in zip(self.features, self._readers, strict=True):
            end = start + len(feature.names)
            yield slice(start, end), feature, reader
            start = end

    def visits(self, requests: Requests, n: int) -> Visits:
        """The items of each user's last n positive events known before the request, newest first, padded with -1."""
        history = np.empty((len(requests), n), dtype=np.int32)

        def fill(block: slice) -> None:
            part = requests.take(np.arange(block.start, block.stop))
            history[block] = self._last(Moment(part, self._present.entity), n)

        step = max(BLOCK // max(n, 1), 1)
        in_parallel(fill, [slice(at, min(at + step, len(requests))) for at in range(0, len(requests), step)])
        return Visits(time=requests.time, user=requests.user, history=history)

    def _last(self, at: Moment, n: int) -> I32:
        if n == 0:
            return np.empty((len(at), 0), dtype=np.int32)
        rows = self._positives.last(at, n)
        return self._catalogue(np.where(rows < 0, -1, self.data.log.item[rows] if len(self.data.log) else -1))

    def seen(self, requests: Requests) -> tuple[I64, I32]:
        """CSR of the items of each user's earlier events (of impressions: the positive ones); they may repeat."""
        window, at = self._seen, Moment(requests, self._present.entity)
        low, high = (at.restore("user", bound) for bound in window.bounds(at))
        ends = prefix(high - low)
        position = np.arange(ends[-1]) + np.repeat(low - ends[:-1], high - low)
        items = self._catalogue(self.data.log.item[window.stream.rows[window.index.places[position]]])
        return ends, items

    def _catalogue(self, items: Array) -> I32:
        """Codes of the log's items in this view's catalogue: of a copied item, its first copy."""
        return items.astype(np.int32) if self._copies is None else self._first_copy[items]

    @cached_property
    def _first_copy(self) -> I32:
        assert self._copies is not None
        first = np.full(len(self.data.items) + 1, -1, dtype=np.int32)
        first[self._copies[::-1]] = np.arange(len(self._copies) - 1, -1, -1)
        return first

    def alive(self, time: I64) -> Bools:
        """[B, items] which items existed strictly before each time."""
        born = self.data.items.born
        if born is None:
            return np.ones((len(time), self.items), dtype=np.bool_)
        return (born if self._copies is None else born[self._copies])[None, :] < time[:, None]

    @cached_property
    def content(self) -> F32:
        """[items, d] the items' attributes and embeddings, each row of length 1 or 0; d = 0 where none is declared."""
        fixed = [reader.scaled for reader in self._readers if isinstance(reader, Lookup) and reader.key == "item"]
        content = np.concatenate([np.zeros((self.items, 0), dtype=np.float32), *fixed], axis=1)
        length = np.sqrt(np.einsum("ij,ij->i", content, content, dtype=np.float64))[:, None]
        return np.divide(content, length, out=np.zeros_like(content), where=length > 0, casting="same_kind")  # type: ignore[no-any-return]

    def grow(self, rows: I64) -> View:
        """The same view over a synthetic catalogue, whose item j copies item `rows[j]`; the log stays as it is."""
        return View(self.features, self.data, history=self._history, label_is_own=self._label_is_own, rows=rows)


def _blocks(request: I32, requests: int) -> Iterator[tuple[slice, slice]]:
    """Requests and the rows that are theirs, about BLOCK rows at a time; a request is never split."""
    first = 0
    while first < requests:
        start = np.searchsorted(request, first)
        last = int(request[start + BLOCK]) if start + BLOCK < len(request) else requests
        last = min(max(last, first + 1), first + BLOCK)
        yield slice(first, last), slice(int(start), int(np.searchsorted(request, last)))
        first = last


def in_parallel(work: Callable[[Block], None], blocks: list[Block]) -> None:
    """Work on blocks that write to places of their own: NumPy sorts and searches outside the interpreter's lock."""
    if len(blocks) < 2:
        for block in blocks:
            work(block)
        return
    with ThreadPoolExecutor(min(len(blocks), os.cpu_count() or 1, 4)) as pool:
        list(pool.map(work, blocks))
