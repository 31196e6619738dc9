"""Intervals by resampling users, and the interval of a quantile.

A user's requests resemble one another, so users are drawn, not requests (cluster bootstrap: Davison & Hinkley 1997,
section 3.8): a resample's mean is the sum over drawn users of their values over the sum of their requests. Where a
solution was fitted with several seeds, each resample also draws the seed, because one seed is what ships.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from sevenfold.nouns import F64, Array
from sevenfold.record import Estimate

RESAMPLES = 2_000
LEVEL = 0.95
BLOCK = 1_000_000  # users drawn at a time: bounds the memory


def interval(values: Array, clusters: Array, *, seed: int = 0, resamples: int = RESAMPLES,
             level: float = LEVEL) -> Estimate:
    """The mean of `values` ([B], or [seeds, B]) over requests, whose users are `clusters` [B], and its interval."""
    found = intervals({"mean": values}, clusters, seed=seed, resamples=resamples, level=level)
    if not found:
        raise ValueError("expected a value for some request, got none")
    return found["mean"]


def intervals(values: Mapping[str, Array], clusters: Array, *, seed: int = 0, resamples: int = RESAMPLES,
              level: float = LEVEL) -> dict[str, Estimate]:
    """The same for several measures of the same requests, from the same draws.

    A NaN is a request without a value, which does not count; a measure without any value is left out.
    """
    tables = {name: _per_cluster(rows, clusters) for name, rows in values.items()}
    tables = {name: table for name, table in tables.items() if table[1].any()}
    if not tables:
        return {}
    present = np.any([counts > 0 for _, counts in tables.values()], axis=0)  # a slice's users are few: draw only those
    tables = {name: (sums[present], counts[present]) for name, (sums, counts) in tables.items()}
    drawn = {name: np.empty(resamples) for name in tables}
    for block, weights, luck in draws(np.random.default_rng(seed), int(present.sum()), resamples):
        for name, (sums, counts) in tables.items():
            drawn[name][block] = _ratio(_pick(luck[:, 0], weights @ sums), weights @ counts)
    return {name: _estimate(float(sums.mean(axis=1).sum() / counts.sum()), drawn[name], level, int(counts.sum()))
            for name, (sums, counts) in tables.items()}


def paired(a: Array, b: Array, clusters: Array, *, seed: int = 0, resamples: int = RESAMPLES,
           level: float = LEVEL) -> Estimate:
    """How much more `a` scores than `b` on the same requests; each ([B], or [seeds, B]) draws its own seed."""
    sums_a, counts = _per_cluster(a, clusters)
    sums_b, also = _per_cluster(b, clusters)
    if not np.array_equal(counts, also):
        raise ValueError("expected values of the same requests on both sides")
    drawn = np.empty(resamples)
    for block, weights, luck in draws(np.random.default_rng(seed), len(counts), resamples):
        gain = _pick(luck[:, 0], weights @ sums_a) - _pick(luck[:, 1], weights @ sums_b)
        drawn[block] = _ratio(gain, weights @ counts)
    value = float((sums_a.mean(axis=1) - sums_b.mean(axis=1)).sum() / counts.sum())
    return _estimate(value, drawn, level, int(counts.sum()))


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
    """The sum of each user's values [users, seeds], and how many of the user's requests have one [users]."""
    rows = np.atleast_2d(np.asarray(values, dtype=np.float64))
    if rows.shape[1] != len(clusters):
        raise ValueError(f"expected a value for each of {len(clusters)} clusters, got {rows.shape[1]}")
    names, codes = np.unique(clusters, return_inverse=True)
    valued = np.isfinite(rows).all(axis=0)
    sums = np.zeros((len(names), len(rows)))
    np.add.at(sums, codes[valued], rows.T[valued])
    return sums, np.bincount(codes[valued], minlength=len(names)).astype(np.float64)


def draws(rng: np.random.Generator, users: int, resamples: int, width: int | None = None) -> Iterator[tuple[slice, F64, F64]]:
    """Block by block: which resamples, how often each draws each user, and the luck that picks their seeds.

    `width`: how many numbers the caller makes of one resample, where these are more than the users.
    """
    step = max(1, BLOCK // (width or users))
    for start in range(0, resamples, step):
        rows = min(step, resamples - start)
        drawn = rng.integers(users, size=(rows, users)) + users * np.arange(rows)[:, None]
        counts = np.bincount(drawn.ravel(), minlength=rows * users).reshape(rows, users)
        yield slice(start, start + rows), counts.astype(np.float64), rng.random((rows, 2))


def _pick(luck: F64, sums: F64) -> F64:
    """One seed's column for each resample."""
    return np.asarray(sums[np.arange(len(sums)), (luck * sums.shape[1]).astype(np.int64)])


def _ratio(sums: F64, counts: F64) -> F64:
    """Means; NaN for a resample that drew no user with a value, which only tiny slices know."""
    result: F64 = np.divide(sums, counts, out=np.full(len(sums), np.nan), where=counts > 0)
    return result


def _estimate(value: float, drawn: F64, level: float, requests: int) -> Estimate:
    low, high = np.nanquantile(drawn, [(1 - level) / 2, (1 + level) / 2])
    return Estimate(value=value, low=float(low), high=float(high), requests=requests)
