"""From a learner's score to the probability that it stands for, and from there to a decision.

Down-sampled negatives raise every probability: with a share `keep` of them left, the odds are 1 / keep too high, and are
put right exactly (Elkan 2001; He et al. 2014, section 6.3). What is wrong beyond that, if anything, is mended on validation: by a
temperature, the log-odds times `slope` (Guo et al. 2017); as Platt (1999) does, by `slope` and `shift`; or by the rising steps
nearest to what was seen (Zadrozny and Elkan 2002): the simplest that no other surely beats on held-out parts of validation.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sevenfold.nouns import F32, F64, Array

LEAST = 1e-7  # no probability is nearer to 0 or 1
FOLDS = 5  # parts of validation, each held out once when a kind is chosen
SURE = 2.0  # standard errors


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """The log-odds of a score put right: logit p = slope · logit(score) + shift; then along rising lines, where there are any."""

    slope: float = 1.0
    shift: float = 0.0
    said: tuple[float, ...] = ()  # corners of the line: what was said, and
    seen: tuple[float, ...] = ()  # what is true there

    def __call__(self, scores: Array) -> F32:
        """[n] probabilities."""
        chance = 0.5 + 0.5 * np.tanh(0.5 * (self.slope * logit(scores) + self.shift))
        return (np.interp(chance, self.said, self.seen) if self.said else chance).astype(np.float32)


def logit(scores: Array) -> F64:
    """[n] log-odds of probabilities, finite."""
    clipped = np.clip(np.asarray(scores, dtype=np.float64), LEAST, 1 - LEAST)
    return np.log(clipped / (1 - clipped))


def then(first: Calibration, second: Calibration) -> Calibration:
    """Both, one after the other; the first without a line."""
    return Calibration(slope=second.slope * first.slope, shift=second.slope * first.shift + second.shift, said=second.said,
                       seen=second.seen)


def of_sample(keep: float) -> Calibration:
    """What undoes keeping the share `keep` of the negatives."""
    return Calibration(shift=float(np.log(keep)))


def chosen(scores: Array, label: Array) -> Calibration:
    """The simplest of `KINDS`, fitted to all of validation, that no other foretells held-out fifths of it surely better than.

    Surely: its cross entropy is lower by more than two standard errors of the difference. As it was where one class is missing.
    """
    scores, positive = np.asarray(scores), np.asarray(label) > 0
    if positive.all() or not positive.any():
        return Calibration()
    fold = np.random.default_rng(0).permutation(len(scores)) % FOLDS
    best, least = as_it_is, np.full(len(scores), np.inf)
    for kind in KINDS.values():
        losses = np.empty(len(scores))
        for held in range(FOLDS):
            inside = fold == held
            losses[inside] = cross_entropy(kind(scores[~inside], positive[~inside])(scores[inside]), positive[inside])
        gain = least - losses
        if np.isinf(gain[0]) or gain.mean() > SURE * gain.std() / np.sqrt(len(gain)):
            best, least = kind, losses
    return best(scores, positive)


def cross_entropy(chance: Array, positive: Array) -> F64:
    """[n] in nats."""
    said = np.clip(chance.astype(np.float64), LEAST, 1 - LEAST)
    return -np.where(positive, np.log(said), np.log1p(-said))


def as_it_is(scores: Array, label: Array) -> Calibration:
    """Nothing is wrong with the scores."""
    return Calibration()


def temperature(scores: Array, label: Array) -> Calibration:
    """The slope alone, with the least cross entropy."""
    from scipy.optimize import minimize_scalar

    best = minimize_scalar(lambda slope: cross_entropy(Calibration(slope=float(np.exp(slope)))(scores), label).sum(),
                           bounds=(-3, 3), method="bounded")
    return Calibration(slope=float(np.exp(best.x)))


def isotonic(scores: Array, label: Array) -> Calibration:
    """The rising steps nearest to the labels, joined by lines; no nearer to 0 or 1 than so many rows can tell."""
    from sklearn.isotonic import IsotonicRegression

    least = 1 / (len(scores) + 2)
    steps = IsotonicRegression(y_min=least, y_max=1 - least).fit(np.clip(scores, LEAST, 1 - LEAST), label)
    return Calibration(said=tuple(map(float, steps.X_thresholds_)), seen=tuple(map(float, steps.y_thresholds_)))


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


KINDS = {"none": as_it_is, "temperature": temperature, "platt": fitted, "isotonic": isotonic}  # the simplest first


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
