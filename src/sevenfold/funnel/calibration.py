"""From a learner's score to the probability that it stands for, and from there to a decision.

Down-sampled negatives raise every probability: with a share `keep` of them left, the odds are 1 / keep too high, and are
put right exactly (Elkan 2001; He et al. 2014, section 6.3). What is wrong beyond that is mended on validation by two
numbers, as Platt (1999) does: the log-odds times `slope` plus `shift`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sevenfold.nouns import F32, F64, Array

LEAST = 1e-7  # no probability is nearer to 0 or 1


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """The log-odds of a score put right: logit p = slope · logit(score) + shift."""

    slope: float = 1.0
    shift: float = 0.0

    def __call__(self, scores: Array) -> F32:
        """[n] probabilities."""
        logits = self.slope * logit(scores) + self.shift
        return (0.5 + 0.5 * np.tanh(0.5 * logits)).astype(np.float32)


def logit(scores: Array) -> F64:
    """[n] log-odds of probabilities, finite."""
    clipped = np.clip(np.asarray(scores, dtype=np.float64), LEAST, 1 - LEAST)
    return np.log(clipped / (1 - clipped))


def then(first: Calibration, second: Calibration) -> Calibration:
    """Both, one after the other."""
    return Calibration(slope=second.slope * first.slope, shift=second.slope * first.shift + second.shift)


def of_sample(keep: float) -> Calibration:
    """What undoes keeping the share `keep` of the negatives."""
    return Calibration(shift=float(np.log(keep)))


def fitted(scores: Array, label: Array) -> Calibration:
    """Slope and shift with the least cross entropy on validation, found by Newton's method with steps that descend.

    As it was where one class is missing.
    """
    label = np.asarray(label, dtype=np.float64)
    if label.min() == label.max():
        return Calibration()
    inputs, start = np.column_stack([logit(scores), np.ones(len(label))]), np.array([1.0, 0.0])
    ridge = np.array([1e-3, 1e-9])  # holds the slope near 1 where the scores tell nothing, or tell all

    def cost(weights: F64) -> float:
        logits = inputs @ weights
        return float((np.logaddexp(0, logits) - label * logits).sum() + (ridge * (weights - start) ** 2).sum() / 2)

    weights = np.array([0.0, logit(label.mean())])  # where the surface is curved, however sure the scores are
    for _ in range(50):
        chance = 0.5 + 0.5 * np.tanh(0.5 * inputs @ weights)
        step = np.linalg.solve((inputs * (chance * (1 - chance))[:, None]).T @ inputs + np.diag(ridge),
                               inputs.T @ (label - chance) - ridge * (weights - start))
        while cost(weights + step) > cost(weights) and np.abs(step).max() > 1e-9:
            step = step / 2
        weights = weights + step
        if np.abs(step).max() < 1e-9:
            break
    return Calibration(slope=float(weights[0]), shift=float(weights[1]))


def threshold_at_precision(scores: Array, label: Array, precision: float) -> float:
    """The lowest score from which on at least this share of the rows is positive; infinite where none is."""
    order = np.argsort(-np.asarray(scores), kind="stable")
    ranked, hits = np.asarray(scores)[order], np.cumsum(np.asarray(label)[order] > 0)
    whole = np.append(np.diff(ranked) != 0, True)  # rows of one score are accepted together
    good = np.flatnonzero(whole & (hits >= precision * np.arange(1, len(ranked) + 1)))
    return float(ranked[good[-1]]) if len(good) else float("inf")


def threshold_at_recall(scores: Array, label: Array, recall: float) -> float:
    """The highest score from which on at least this share of the positive rows is found."""
    found = np.sort(np.asarray(scores)[np.asarray(label) > 0])[::-1]
    return float(found[min(int(np.ceil(recall * len(found))), len(found)) - 1]) if len(found) else float("inf")


def threshold_of_costs(false_positive: float, false_negative: float) -> float:
    """The probability from which on acting costs less than not acting (Elkan 2001, section 2)."""
    return false_positive / (false_positive + false_negative)
