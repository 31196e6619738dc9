"""Rows to learn from and to be judged by: who asked when, and what turned out to be relevant."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from sevenfold.data.labels import label_columns
from sevenfold.design.sections import Design
from sevenfold.nouns import I32, I64, SECOND, Array, Data, Log, Requests


@dataclass(frozen=True, kw_only=True)
class Labelled:
    """B requests in order of time, and the items relevant to each: `relevant[offsets[b]:offsets[b + 1]]`, rising."""

    requests: Requests
    offsets: I64  # [B + 1]
    relevant: I32
    shown: tuple[I64, I32] | None = None  # offsets and items in the same way: what the request's own events showed
    dropped: int = 0  # requests without a relevant item, which cannot be ranked

    def __len__(self) -> int:
        return len(self.requests)


def labelled(data: Data, design: Design, start: int, end: int, *, limit: int, seed: int) -> Labelled:
    """The requests with start ≤ time < end, and what followed each.

    Where impressions are logged a request is one value of `events.request` for one user, at its earliest event; else
    it is each positive event. It stands 1 µs before that event, so that the event itself follows it. Relevant are the
    items of the user's positive events in (t, t + within]; of an `own` label, those of the request's own events.
    More than `limit` requests: a sample of that size, drawn with `seed`, in order of time.
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
    offsets, relevant = _distinct(log.item[rows], low[kept], high[kept])
    requests = Requests(time=log.time[first] - 1, user=log.user[first], context=_context(log.table, design, first))
    shown = None
    if data.impressions:
        rows, low, high = _of_group(np.arange(len(log)), groups, first)
        shown = _distinct(log.item[rows], low, high)
    return Labelled(requests=requests, offsets=offsets, relevant=relevant, dropped=dropped, shown=shown)


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


def _distinct(items: I32, low: Array, high: Array) -> tuple[I64, I32]:
    """The items of each stretch, once each and rising: offsets and items."""
    counts = high - low
    ends = np.cumsum(counts)
    at = np.arange(ends[-1] if len(ends) else 0) + np.repeat(low - (ends - counts), counts)
    width = np.int64(items.max() + 1) if len(items) else np.int64(1)
    pairs = np.sort(np.repeat(np.arange(len(low)), counts) * width + items[at])
    pairs = pairs[np.diff(pairs, prepend=-1) != 0]
    return np.searchsorted(pairs, np.arange(len(low) + 1) * width), (pairs % width).astype(np.int32)


def _context(table: pa.Table, design: Design, rows: Array) -> dict[str, Array]:
    """What is known of a request besides who asks: its first event's columns, less the user, the item and the label."""
    events = design.data.events
    hidden = {events.user, events.item, *label_columns(design)}
    taken = table.select([name for name in table.column_names if name not in hidden]).take(pa.array(rows))
    return {name: np.asarray(column.to_numpy()) for name, column in zip(taken.column_names, taken.columns)}
