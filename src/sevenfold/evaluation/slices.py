"""Named parts of the test requests on which a solution may do worse than on the whole.

A slice says of each relevant entry of each request whether it belongs; a request without one left is not in the slice.
"Known" means: with an event available strictly before the training cut.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from sevenfold.nouns import F32, I32, I64, Bools

HEAVY = 0.10  # the share of known users, by events, that counts as heavy


@dataclass(frozen=True, kw_only=True)
class Context:
    """What slices are made from: the truth of B requests and the events known before the training cut."""

    user: I32  # [B] who asks; -1 where nobody has seen them
    offsets: I64  # [B + 1]
    relevant: I32  # [entries]
    user_events: I64  # [users] events known before the cut
    item_events: I64  # [items]
    grade: F32  # [entries] how relevant; where an item was asked about, what there was to predict


@dataclass(frozen=True, kw_only=True)
class Truth(Context):
    """What is known about the test requests: made once per run, the same for every solution."""

    cluster: I64  # [B] whose requests resemble one another: the user, else the question itself
    alive: int  # items that could have been shown
    classes: bool = False  # of what is predicted: yes or no, not a number
    seed: int = 0


def new_users(context: Context) -> Bools:
    """Requests of users without any known event."""
    return _entries(context, ~_known(context))


def new_items(context: Context) -> Bools:
    """Relevant items without any known event, alone: can the pipeline bring up what nobody has chosen yet?"""
    item = context.relevant
    known = np.zeros(len(item), dtype=np.bool_)
    known[item >= 0] = context.item_events[item[item >= 0]] > 0
    return ~known


def heavy_users(context: Context) -> Bools:
    """Requests of the tenth of known users with the most known events, ties at the edge included."""
    counts = np.sort(context.user_events[context.user_events > 0])[::-1]
    if len(counts) == 0:
        return np.zeros(len(context.relevant), dtype=np.bool_)
    least = counts[int(np.ceil(HEAVY * len(counts))) - 1]
    return _entries(context, _known(context) & (context.user_events[context.user] >= least))


SLICES: dict[str, Callable[[Context], Bools]] = {
    "new_users": new_users, "new_items": new_items, "heavy_users": heavy_users,
}


def restrict(context: Context, entries: Bools) -> tuple[I64, I32, F32]:
    """Offsets, items and grades of only the marked `entries`; requests keep their numbers, some become empty."""
    kept = np.concatenate([[0], np.cumsum(entries)])
    return kept[context.offsets].astype(np.int64), context.relevant[entries], context.grade[entries]


def _known(context: Context) -> Bools:
    if len(context.user_events) == 0:
        return np.zeros(len(context.user), dtype=np.bool_)
    known: Bools = (context.user >= 0) & (context.user_events[context.user] > 0)
    return known


def _entries(context: Context, requests: Bools) -> Bools:
    return np.repeat(requests, np.diff(context.offsets))
