"""What the decision rests on: every solution's answers to the same requests, as estimates with intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from sevenfold.evaluation import metrics, slices
from sevenfold.nouns import F64, I32, I64, Bools, Log
from sevenfold.record import Estimate
from sevenfold.statistics import bootstrap


@dataclass(frozen=True, kw_only=True)
class Truth(slices.Context):
    """What is known about the test requests: made once per run, the same for every solution; users are the clusters."""

    alive: int  # items that could have been shown
    seed: int = 0


def truth(log: Log, cut: int, user: I32, offsets: I64, relevant: I32, *, users: int, items: int, alive: int,
          seed: int = 0) -> Truth:
    """The requests of `user` [B] with their relevant items, and the counts of what was available before `cut`."""
    known = log.available < cut
    return Truth(user=user, offsets=offsets, relevant=relevant, alive=alive, seed=seed,
                 user_events=np.bincount(log.user[known & (log.user >= 0)], minlength=users).astype(np.int64),
                 item_events=np.bincount(log.item[known & (log.item >= 0)], minlength=items).astype(np.int64))


def values(lists: Sequence[I32], truth: Truth) -> dict[str, F64]:
    """Each metric's value for each request [seeds, B], from one list [B, k] per seed; NaN where it has none."""
    k = lists[0].shape[1]
    one = [metrics.per_request(items, truth.offsets, truth.relevant, k)
           | {f"novelty@{k}": metrics.novelty(items, truth.item_events)} for items in lists]
    return {name: np.stack([rows[name] for rows in one]) for name in one[0]}


def estimates(lists: Sequence[I32], truth: Truth) -> dict[str, Estimate]:
    """Every metric over all requests; `coverage` is the mean over seeds and has no interval."""
    shown = float(np.mean([metrics.coverage(items, truth.alive) for items in lists]))
    return bootstrap.intervals(values(lists, truth), truth.user, seed=truth.seed) \
        | {f"coverage@{lists[0].shape[1]}": Estimate(value=shown)}


def spread(rows: F64) -> tuple[float, ...]:
    """The mean for each seed, over the requests that have a value."""
    return tuple(float(value) for value in np.nanmean(rows, axis=1))


def paired(solutions: Mapping[str, F64], truth: Truth, *,
           higher_is_better: bool = True) -> dict[str, dict[str, Estimate]]:
    """Each solution's gain over each other, on the same requests; positive is better, whatever the metric."""
    gains: dict[str, dict[str, Estimate]] = {name: {} for name in solutions}
    sign = 1 if higher_is_better else -1
    for a, b in combinations(solutions, 2):
        found = bootstrap.paired(sign * solutions[a], sign * solutions[b], truth.user, seed=truth.seed)
        low, high = (-end if end is not None else None for end in (found.high, found.low))
        gains[a][b] = found
        gains[b][a] = Estimate(value=-found.value, low=low, high=high, requests=found.requests)
    return gains


def by_slice(lists: Sequence[I32], truth: Truth, names: Sequence[str]) -> dict[str, dict[str, Estimate]]:
    """Every metric on each named slice, without those that no request falls into."""
    found = {name: _slice(lists, truth, slices.SLICES[name](truth)) for name in names}
    return {name: one for name, one in found.items() if one}


def _slice(lists: Sequence[I32], truth: Truth, entries: Bools) -> dict[str, Estimate]:
    offsets, relevant = slices.restrict(truth.offsets, truth.relevant, entries)
    one = [metrics.per_request(items, offsets, relevant, items.shape[1]) for items in lists]
    return bootstrap.intervals({name: np.stack([rows[name] for rows in one]) for name in one[0]}, truth.user,
                               seed=truth.seed)
