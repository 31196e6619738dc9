"""Intervals by resampling users, and the interval of a quantile.

A user's requests resemble one another, so users are drawn, not requests (cluster bootstrap: Davison & Hinkley 1997,
section 3.8): a resample's mean is the sum over drawn users of their values over the sum of their requests. Where a
solution was fitted with several seeds, each resample also draws the seed, because one seed is what ships.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from sevenfold.nouns import F64, Array
from sevenfold.record import Estimate

RESAMPLES = 2_000
LEVEL = 0.95
BLOCK = 1_000_000  # users drawn at a time: bounds the memory


def interval(values: Array, clusters: Array, *, seed: int = 0, resamples: int = RESAMPLES,
             level: float = LEVEL) -> Estimate:
    """The mean of `values` ([B], or [seeds, B]) over requests, whose users are `clusters` [B], and its interval."""
    sums, counts = _per_cluster(values, clusters)
    rng = np.random.default_rng(seed)
    drawn = np.empty(resamples)
    for block, weights in _draws(rng, len(counts), resamples):
        drawn[block] = _pick(rng, weights @ sums) / (weights @ counts)
    return _estimate(float(np.mean(values)), drawn, level, len(clusters))


def paired(a: Array, b: Array, clusters: Array, *, seed: int = 0, resamples: int = RESAMPLES,
           level: float = LEVEL) -> Estimate:
    """How much more `a` scores than `b` on the same requests; each ([B], or [seeds, B]) draws its own seed."""
    sums_a, counts = _per_cluster(a, clusters)
    sums_b, _ = _per_cluster(b, clusters)
    rng = np.random.default_rng(seed)
    drawn = np.empty(resamples)
    for block, weights in _draws(rng, len(counts), resamples):
        gain = _pick(rng, weights @ sums_a) - _pick(rng, weights @ sums_b)
        drawn[block] = gain / (weights @ counts)
    return _estimate(float(np.mean(a) - np.mean(b)), drawn, level, len(clusters))


def quantile(values: Array, share: float, *, level: float = LEVEL) -> Estimate:
    """The `share` quantile of independent `values`, with the order statistics that enclose it with `level` certainty.

    The number of values below the true quantile is binomial, so the interval assumes no distribution (Conover 1999,
    section 3.2). Where too few values lie beyond an order statistic, that end is None: 368 values are the least for
    an upper end of a p99 at 95 %.
    """
    from scipy.special import bdtr

    ordered = np.sort(np.asarray(values, dtype=np.float64))
    n, tail = len(ordered), (1 - level) / 2
    below = bdtr(np.arange(n), n, share)  # P(at most k values lie below the quantile)
    low = int(np.searchsorted(below, tail, side="right"))
    high = int(np.searchsorted(below, 1 - tail))
    return Estimate(value=float(np.quantile(ordered, share)), low=float(ordered[low - 1]) if low > 0 else None,
                    high=float(ordered[high]) if high < n else None, requests=n)


def _per_cluster(values: Array, clusters: Array) -> tuple[F64, F64]:
    """The sum of each user's values [users, seeds], and how many requests each user has [users]."""
    rows = np.atleast_2d(np.asarray(values, dtype=np.float64))
    if rows.shape[1] == 0 or rows.shape[1] != len(clusters):
        raise ValueError(f"expected a value for each of {len(clusters)} clusters, got {rows.shape[1]}")
    names, codes = np.unique(clusters, return_inverse=True)
    sums = np.zeros((len(names), len(rows)))
    np.add.at(sums, codes, rows.T)
    return sums, np.bincount(codes).astype(np.float64)


def _draws(rng: np.random.Generator, users: int, resamples: int) -> Iterator[tuple[slice, F64]]:
    """How often each user is drawn, block by block: the rows of a block are resamples."""
    step = max(1, BLOCK // users)
    for start in range(0, resamples, step):
        rows = min(step, resamples - start)
        drawn = rng.integers(users, size=(rows, users)) + users * np.arange(rows)[:, None]
        counts = np.bincount(drawn.ravel(), minlength=rows * users).reshape(rows, users)
        yield slice(start, start + rows), counts.astype(np.float64)


def _pick(rng: np.random.Generator, sums: F64) -> F64:
    """One seed's column for each resample."""
    return np.asarray(sums[np.arange(len(sums)), rng.integers(sums.shape[1], size=len(sums))])


def _estimate(value: float, drawn: F64, level: float, requests: int) -> Estimate:
    low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2])
    return Estimate(value=value, low=float(low), high=float(high), requests=requests)
