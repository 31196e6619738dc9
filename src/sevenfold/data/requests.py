"""Rows to learn from and to be judged by: who asked when, and what turned out to be relevant."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import pyarrow as pa

from sevenfold.data.labels import actions, judged, label_columns, targets, weak_columns
from sevenfold.design.sections import Design
from sevenfold.design.vocabulary import PREDICTION
from sevenfold.nouns import F32, I32, I64, SECOND, Array, Data, Log, Requests


@dataclass(frozen=True, kw_only=True)
class Labelled:
    """B requests in order of time, and the items relevant to each: `relevant[offsets[b]:offsets[b + 1]]`, rising.

    Where requests ask about an item, `relevant` is that item and `grade` what is to be predicted of it.
    """

    requests: Requests
    offsets: I64  # [B + 1]
    relevant: I32
    grade: F32  # of each of `relevant`: how much so
    shown: tuple[I64, I32] | None = None  # offsets and items in the same way: what the request's own events showed
    actions: Mapping[str, F32] = field(default_factory=dict)  # action → of each item shown, whether it followed
    dropped: int = 0  # requests without a relevant item, which cannot be ranked

    def __len__(self) -> int:
        return len(self.requests)

    def part(self, start: int, stop: int) -> Labelled:
        """The requests from `start` on, before `stop`."""
        stop = min(stop, len(self))
        mine = slice(self.offsets[start], self.offsets[stop])
        shown, actions = None, {}
        if self.shown is not None:
            offsets, items = self.shown
            of_shown = slice(offsets[start], offsets[stop])
            shown = offsets[start:stop + 1] - offsets[start], items[of_shown]
            actions = {name: values[of_shown] for name, values in self.actions.items()}
        return Labelled(requests=self.requests.take(np.arange(start, stop)), relevant=self.relevant[mine], grade=self.grade[mine],
                        offsets=self.offsets[start:stop + 1] - self.offsets[start], shown=shown, actions=actions)


def labelled(data: Data, design: Design, start: int, end: int, *, limit: int, seed: int, learn: bool = False) -> Labelled:
    """The requests with start ≤ time < end, and what followed each; to `learn` from, of the weak label where there is one.

    More than `limit` requests: a sample of that size, drawn with `seed`, in order of time.
    """
    ask = _about if design.framing.task in PREDICTION else _open
    return ask(data, design, start, end, limit, seed, learn)


def _about(data: Data, design: Design, start: int, end: int, limit: int, seed: int, learn: bool) -> Labelled:
    """Every event is a request about its own item, at its own moment; what nobody has judged is left out."""
    log = data.log
    rows = np.flatnonzero((log.time > start) & (log.time <= end))
    rows = rows[judged(design, log.table.take(pa.array(rows)), learn)]
    if len(rows) > limit:
        rows = np.sort(np.random.default_rng(seed).choice(rows, limit, replace=False))
    requests = Requests(time=log.time[rows], user=log.user[rows], context=_context(log.table, design, rows), item=log.item[rows])
    return Labelled(requests=requests, offsets=np.arange(len(rows) + 1), relevant=log.item[rows],
                    grade=targets(design, log.table.take(pa.array(rows)), learn))


def _open(data: Data, design: Design, start: int, end: int, limit: int, seed: int, learn: bool) -> Labelled:
    """Requests to which items are to be found.

    Where impressions are logged a request is one value of `events.request` for one user, at its earliest event; else
    it is each positive event. It stands 1 µs before that event, so that the event itself follows it. Relevant are the
    items of the user's positive events in (t, t + within]; of an `own` label, those of the request's own events.
    """
    log, label = data.log, design.framing.label
    groups = _groups(log, design.data.events.request)
    asked, first = np.unique(groups, return_index=True)
    first = np.sort(first[(asked >= 0) & (log.time[first] > start) & (log.time[first] <= end)])
    within = max(round((label.within or 0.0) * SECOND), 1)
    positive = np.flatnonzero(log.positive)
    rows, low, high = _of_group(positive, groups, first) if label.own else _of_window(log, first, within)
    kept = np.flatnonzero(high > low)
    dropped = len(first) - len(kept)
    if len(kept) > limit:
        kept = np.sort(np.random.default_rng(seed).choice(kept, limit, replace=False))
    first = first[kept]
    offsets, relevant, at = _distinct(log.item[rows], low[kept], high[kept])
    requests = Requests(time=log.time[first] - 1, user=log.user[first], context=_context(log.table, design, first))
    found = Labelled(requests=requests, offsets=offsets, relevant=relevant, dropped=dropped,
                     grade=np.maximum(targets(design, log.table.take(pa.array(rows[at])), learn), 0))
    return _with_shown(found, log, design, groups, first) if data.impressions else found


def _with_shown(asked: Labelled, log: Log, design: Design, groups: I64, first: Array) -> Labelled:
    """The same with what the requests' own events showed, and which actions followed."""
    rows, low, high = _of_group(np.arange(len(log)), groups, first)
    offsets, items, at = _distinct(log.item[rows], low, high)
    table = log.table.take(pa.array(rows[at]))
    return replace(asked, shown=(offsets, items), actions=actions(design, table) if design.framing.label.also else {})


def _groups(log: Log, column: str | None) -> I64:
    """A number for each (request, user), or each positive (moment, user); -1 for an event that belongs to none."""
    if column is None:
        value = np.where(log.positive, np.cumsum(np.diff(log.time, prepend=log.time[:1]) != 0), -1)
    else:
        encoded = log.table.column(column).combine_chunks().dictionary_encode()
        value = encoded.indices.fill_null(-1).to_numpy().astype(np.int64)
    return np.where(value < 0, -1, value * (int(log.user.max(initial=0)) + 1) + log.user)


def _of_group(rows: Array, groups: I64, first: Array) -> tuple[Array, Array, Array]:
    """The rows in such an order that those of request b itself are `rows[low[b]:high[b]]`."""
    rows = rows[np.argsort(groups[rows], kind="stable")]
    low, high = (np.searchsorted(groups[rows], groups[first], side=side) for side in ("left", "right"))
    return rows, low, high


def _of_window(log: Log, first: Array, within: int) -> tuple[Array, Array, Array]:
    """Positive rows such that those of b's user in (t, t + within] are `rows[low[b]:high[b]]`."""
    last = log.time[first[-1:]] + within
    begin, until = np.searchsorted(log.time, np.append(log.time[first[:1]], last)) if len(first) else (0, 0)
    rows = begin + np.flatnonzero(log.positive[begin:until])
    rows = rows[np.argsort(log.user[rows], kind="stable")]  # by user, then by time
    moments = np.unique(log.time[rows])
    # one number orders (user, time): the user's turn among all moments
    turn = log.user[rows] * np.int64(len(moments)) + np.searchsorted(moments, log.time[rows])
    base = log.user[first] * np.int64(len(moments))
    low = np.searchsorted(turn, base + np.searchsorted(moments, log.time[first]))
    high = np.searchsorted(turn, base + np.searchsorted(moments, log.time[first] + (within - 1), side="right"))
    return rows, low, high


def _distinct(items: I32, low: Array, high: Array) -> tuple[I64, I32, I64]:
    """The items of each stretch, once each and rising: offsets, items, and the first place of each."""
    counts = high - low
    ends = np.cumsum(counts)
    at = np.arange(ends[-1] if len(ends) else 0) + np.repeat(low - (ends - counts), counts)
    width = np.int64(items.max() + 1) if len(items) else np.int64(1)
    pairs, first = np.unique(np.repeat(np.arange(len(low)), counts) * width + items[at], return_index=True)
    return np.searchsorted(pairs, np.arange(len(low) + 1) * width), (pairs % width).astype(np.int32), at[first]


def _context(table: pa.Table, design: Design, rows: Array) -> dict[str, Array]:
    """What is known of a request besides who asks: its first event's columns, less the user, the item and the label."""
    events = design.data.events
    hidden = {events.user, events.item, events.query, *label_columns(design), *weak_columns(design)} - {events.text}
    taken = table.select([name for name in table.column_names if name not in hidden]).take(pa.array(rows))
    return {name: np.asarray(column.to_numpy()) for name, column in zip(taken.column_names, taken.columns)}
