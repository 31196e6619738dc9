"""Answers that say a number: [B, 2] per seed, the number and whether it was taken for a yes.

A metric is a function of weights: how often each request counts, [R, B] for R resamples, gives [R] values. With weights
of 1 it is the metric itself; with the counts of a bootstrap over clusters it is its distribution, whether or not it
is a mean over requests (an area under a curve is none). A seed is drawn for each resample, for one is what ships.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from sevenfold.evaluation.lists import both_ways
from sevenfold.evaluation.slices import SLICES, Truth
from sevenfold.nouns import F64, I64, Array
from sevenfold.record import Estimate
from sevenfold.statistics import bootstrap

RESAMPLES = 500
LEAST = 1e-7  # no probability is nearer to 0 or 1
BINS = 15  # of equal size, in which a calibration error is measured
LOWER = ("log_loss", "normalized_entropy", "rmse", "mae", "calibration_error", "false_positive_rate")
Metric = Callable[[F64], F64]  # [R, B] weights → [R]


@dataclass(frozen=True)
class Answered:
    """One seed's answers beside the truth."""

    score: F64  # [B]
    yes: F64  # [B] 1 where the answer was taken for a yes
    label: F64  # [B]


def ranked(one: Answered) -> tuple[I64, I64, I64]:
    """The order from the highest score, and of each place the first and the last place of its score."""
    order = np.argsort(-one.score, kind="stable")
    _, group = np.unique(-one.score[order], return_inverse=True)
    return order, np.searchsorted(group, group, "left"), np.searchsorted(group, group, "right") - 1


def roc_auc(one: Answered) -> Metric:
    """The chance that a positive row scores above a negative one, ties counting half (Hanley and McNeil 1982)."""
    order, first, last = ranked(one)
    positive = one.label[order] > 0

    def measure(weights: F64) -> F64:
        mine = weights[:, order]
        negatives = np.cumsum(mine * ~positive, axis=1)
        total = negatives[:, -1:]
        below = total - (negatives[:, last] + np.where(first > 0, negatives[:, np.maximum(first - 1, 0)], 0.0)) / 2
        hits = mine * positive
        return _ratio((hits * below).sum(axis=1), hits.sum(axis=1) * total[:, 0])

    return measure


def pr_auc(one: Answered) -> Metric:
    """Average precision: the mean over positive rows of the precision at their score (Boyd et al. 2013)."""
    order, _, last = ranked(one)
    positive = one.label[order] > 0

    def measure(weights: F64) -> F64:
        mine = weights[:, order]
        hits = mine * positive
        precision = _ratio(np.cumsum(hits, axis=1)[:, last], np.cumsum(mine, axis=1)[:, last])
        return _ratio((hits * precision).sum(axis=1), hits.sum(axis=1))

    return measure


def mean_of(loss: Callable[[Answered], F64]) -> Callable[[Answered], Metric]:
    """The metric that is the mean of a loss of each row."""
    def of(one: Answered) -> Metric:
        each = loss(one)
        return lambda weights: _ratio(weights @ each, weights.sum(axis=1))

    return of


def entropy(one: Answered) -> F64:
    """[B] the cross entropy of each row, in nats."""
    chance = np.clip(one.score, LEAST, 1 - LEAST)
    return -np.where(one.label > 0, np.log(chance), np.log1p(-chance))


def normalized_entropy(one: Answered) -> Metric:
    """Cross entropy over that of always saying the rate of positives (He et al. 2014); below 1 something was learnt."""
    losses, positive = entropy(one), (one.label > 0).astype(np.float64)

    def measure(weights: F64) -> F64:
        n = weights.sum(axis=1)
        rate = np.clip(_ratio(weights @ positive, n), LEAST, 1 - LEAST)
        return _ratio(weights @ losses, -n * (rate * np.log(rate) + (1 - rate) * np.log1p(-rate)))

    return measure


def calibration_error(one: Answered) -> Metric:
    """Mean distance between said and seen rate over 15 bins of equal size, as a share of the rate of positives."""
    bins = np.empty(len(one.score), dtype=np.int64)
    bins[np.argsort(one.score, kind="stable")] = np.arange(len(bins)) * BINS // max(len(bins), 1)
    inside = np.equal.outer(bins, np.arange(BINS)).astype(np.float64)  # [B, bins]
    gap = one.score - (one.label > 0)

    def measure(weights: F64) -> F64:
        return _ratio(np.abs((weights * gap) @ inside).sum(axis=1), weights @ (one.label > 0).astype(np.float64))

    return measure


def r2(one: Answered) -> Metric:
    """1 less the squared error over that of always saying the mean."""
    squares = (one.score - one.label) ** 2

    def measure(weights: F64) -> F64:
        n = weights.sum(axis=1)
        spread = _ratio(weights @ one.label**2, n) - _ratio(weights @ one.label, n) ** 2
        return 1 - _ratio(_ratio(weights @ squares, n), spread)

    return measure


def rmse(one: Answered) -> Metric:
    """The root of the mean squared error."""
    squares = mean_of(lambda each: (each.score - each.label) ** 2)(one)
    return lambda weights: np.sqrt(squares(weights))


def counted(top: Callable[[Answered], F64], bottom: Callable[[Answered], F64], one: Answered) -> Metric:
    """The rows that `top` marks over those that `bottom` marks."""
    above, below = top(one), bottom(one)
    return lambda weights: _ratio(weights @ above, weights @ below)


def _hit(one: Answered) -> F64:
    return one.yes * (one.label > 0)


def f1(one: Answered) -> Metric:
    """The harmonic mean of precision and recall."""
    return counted(lambda each: 2 * _hit(each), lambda each: each.yes + (each.label > 0), one)


OF_CLASSES: dict[str, Callable[[Answered], Metric]] = {
    "roc_auc": roc_auc, "pr_auc": pr_auc, "log_loss": mean_of(entropy), "normalized_entropy": normalized_entropy,
    "calibration_error": calibration_error, "f1": f1,
    "precision": partial(counted, _hit, lambda one: one.yes),
    "recall": partial(counted, _hit, lambda one: (one.label > 0).astype(np.float64)),
    "accuracy": mean_of(lambda one: (one.yes == (one.label > 0)).astype(np.float64)),
    "false_positive_rate": partial(counted, lambda one: one.yes * (one.label <= 0),
                                   lambda one: (one.label <= 0).astype(np.float64)),
}
OF_NUMBERS: dict[str, Callable[[Answered], Metric]] = {
    "rmse": rmse, "mae": mean_of(lambda one: np.abs(one.score - one.label)), "r2": r2,
}


def estimates(answers: Sequence[F64], truth: Truth) -> dict[str, Estimate]:
    """Every metric that has a value, with its interval."""
    seeds, of = _answered(answers, truth), _family(truth)
    measures = {name: [of[name](one) for one in seeds] for name in of}
    values = {name: _value(each, len(truth.grade)) for name, each in measures.items()}
    known = [name for name, value in values.items() if np.isfinite(value)]
    drawn: dict[str, list[F64]] = {name: [] for name in known}
    for weights, luck in _draws(truth):
        for name in known:
            drawn[name].append(_drawn(measures[name], luck[:, 0], weights))
    return {name: _interval(values[name], np.concatenate(drawn[name]), len(truth.grade)) for name in known}


def spread(answers: Sequence[F64], truth: Truth) -> dict[str, tuple[float, ...]]:
    """Metric → its value for each seed."""
    ones, of = np.ones((1, len(truth.grade))), _family(truth)
    seeds = _answered(answers, truth)
    found = {name: tuple(float(of[name](one)(ones)[0]) for one in seeds) for name in of}
    return {name: values for name, values in found.items() if np.isfinite(values).all()}


def paired(answers: Mapping[str, Sequence[F64]], truth: Truth, metric: str) -> dict[str, dict[str, Estimate]]:
    """Each solution's gain over each other on the same resamples; positive is better, whatever the metric."""
    make, sign = _family(truth)[metric], -1.0 if metric in LOWER else 1.0
    measures = {name: [make(one) for one in _answered(each, truth)] for name, each in answers.items()}
    whole = {name: _value(each, len(truth.grade)) for name, each in measures.items()}

    def gain(a: str, b: str) -> Estimate:
        drawn = [_drawn(measures[a], luck[:, 0], weights) - _drawn(measures[b], luck[:, 1], weights)
                 for weights, luck in _draws(truth)]
        return _interval(sign * (whole[a] - whole[b]), sign * np.concatenate(drawn), len(truth.grade))

    return both_ways(list(answers), gain)


def by_slice(answers: Sequence[F64], truth: Truth, names: Sequence[str]) -> dict[str, dict[str, Estimate]]:
    """Every metric on each named slice, without those that no request falls into."""
    found = {}
    for name in names:
        rows = SLICES[name](truth)
        if rows.any():
            found[name] = estimates([one[rows] for one in answers], _restricted(truth, rows))
    return found


def _restricted(truth: Truth, rows: Array) -> Truth:
    return replace(truth, user=truth.user[rows], offsets=np.arange(int(rows.sum()) + 1), relevant=truth.relevant[rows],
                   grade=truth.grade[rows], cluster=truth.cluster[rows])


def _answered(answers: Sequence[F64], truth: Truth) -> list[Answered]:
    label = truth.grade.astype(np.float64)
    return [Answered(one[:, 0].astype(np.float64), one[:, 1].astype(np.float64), label) for one in answers]


def _family(truth: Truth) -> dict[str, Callable[[Answered], Metric]]:
    return OF_CLASSES if truth.classes else OF_NUMBERS


def _interval(value: float, drawn: F64, requests: int) -> Estimate:
    low, high = np.nanquantile(drawn, [(1 - bootstrap.LEVEL) / 2, (1 + bootstrap.LEVEL) / 2])
    return Estimate(value=value, low=float(low), high=float(high), requests=requests)


def _value(measures: Sequence[Metric], n: int) -> float:
    """The mean over seeds of the metric on all n requests."""
    ones = np.ones((1, n))
    return float(np.mean([measure(ones)[0] for measure in measures]))


def _drawn(measures: Sequence[Metric], luck: F64, weights: F64) -> F64:
    """[R] each resample's value, from the seed that its luck picks."""
    found, seed = np.empty(len(weights)), (luck * len(measures)).astype(np.int64)
    for number, measure in enumerate(measures):
        if (mine := seed == number).any():
            found[mine] = measure(weights[mine])
    return found


def _draws(truth: Truth) -> Iterator[tuple[F64, F64]]:
    """Block by block: how often each request counts in each resample [R, B], and the luck that picks seeds [R, 2]."""
    _, cluster = np.unique(truth.cluster, return_inverse=True)
    rng = np.random.default_rng(truth.seed)
    for _, counts, luck in bootstrap.draws(rng, int(cluster.max()) + 1, RESAMPLES, width=len(cluster)):
        yield counts[:, cluster], luck


def _ratio(above: F64, below: F64) -> F64:
    result: F64 = np.divide(above, below, out=np.full(np.broadcast(above, below).shape, np.nan), where=below > 0)
    return result
