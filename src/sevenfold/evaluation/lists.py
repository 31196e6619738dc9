"""Answers that choose: lists [B, k] per seed, padded with -1, judged request by request."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import combinations

import numpy as np

from sevenfold.evaluation import metrics
from sevenfold.evaluation.slices import SLICES, Truth, restrict
from sevenfold.nouns import F64, I32, Bools
from sevenfold.record import Estimate
from sevenfold.statistics import bootstrap


def values(answers: Sequence[I32], truth: Truth) -> dict[str, F64]:
    """Each metric's value for each request [seeds, B]; NaN where it has none."""
    k = answers[0].shape[1]
    one = [metrics.per_request(items, truth.offsets, truth.relevant, k, truth.grade)
           | {f"novelty@{k}": metrics.novelty(items, truth.item_events)} for items in answers]
    return {name: np.stack([rows[name] for rows in one]) for name in one[0]}


def estimates(answers: Sequence[I32], truth: Truth) -> dict[str, Estimate]:
    """Every metric over all requests; `coverage` is the mean over seeds and has no interval."""
    shown = float(np.mean([metrics.coverage(items, truth.alive) for items in answers]))
    return bootstrap.intervals(values(answers, truth), truth.cluster, seed=truth.seed) \
        | {f"coverage@{answers[0].shape[1]}": Estimate(value=shown)}


def spread(answers: Sequence[I32], truth: Truth) -> dict[str, tuple[float, ...]]:
    """Metric → its mean for each seed, over the requests that have a value."""
    return {name: tuple(float(value) for value in np.nanmean(rows, axis=1)) for name, rows in values(answers, truth).items()}


def paired(answers: Mapping[str, Sequence[I32]], truth: Truth, metric: str) -> dict[str, dict[str, Estimate]]:
    """Each solution's gain over each other, on the same requests."""
    measured = {name: values(one, truth)[metric] for name, one in answers.items()}
    return both_ways(list(answers), lambda a, b: bootstrap.paired(measured[a], measured[b], truth.cluster, seed=truth.seed))


def both_ways(names: Sequence[str], gain: Callable[[str, str], Estimate]) -> dict[str, dict[str, Estimate]]:
    """The gain of each over each other, from `gain(a, b)` of every pair once."""
    gains: dict[str, dict[str, Estimate]] = {name: {} for name in names}
    for a, b in combinations(names, 2):
        found = gain(a, b)
        low, high = (-end if end is not None else None for end in (found.high, found.low))
        gains[a][b] = found
        gains[b][a] = Estimate(value=-found.value, low=low, high=high, requests=found.requests)
    return gains


def by_slice(answers: Sequence[I32], truth: Truth, names: Sequence[str]) -> dict[str, dict[str, Estimate]]:
    """Every metric on each named slice, without those that no request falls into."""
    found = {name: _slice(answers, truth, SLICES[name](truth)) for name in names}
    return {name: one for name, one in found.items() if one}


def _slice(answers: Sequence[I32], truth: Truth, entries: Bools) -> dict[str, Estimate]:
    offsets, relevant, grade = restrict(truth, entries)
    one = [metrics.per_request(items, offsets, relevant, items.shape[1], grade) for items in answers]
    return bootstrap.intervals({name: np.stack([rows[name] for rows in one]) for name in one[0]}, truth.cluster, seed=truth.seed)
