"""Metrics of numbers, held against scikit-learn, and against themselves under weights."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as oracle

from sevenfold.evaluation import predictions
from sevenfold.evaluation.predictions import OF_CLASSES, OF_NUMBERS, Answered
from sevenfold.evaluation.slices import Truth

ORACLES = {
    "roc_auc": lambda one, weight: oracle.roc_auc_score(one.label, one.score, sample_weight=weight),
    "pr_auc": lambda one, weight: oracle.average_precision_score(one.label, one.score, sample_weight=weight),
    "log_loss": lambda one, weight: oracle.log_loss(one.label, one.score, sample_weight=weight),
    "f1": lambda one, weight: oracle.f1_score(one.label, one.yes, sample_weight=weight),
    "precision": lambda one, weight: oracle.precision_score(one.label, one.yes, sample_weight=weight),
    "recall": lambda one, weight: oracle.recall_score(one.label, one.yes, sample_weight=weight),
    "accuracy": lambda one, weight: oracle.accuracy_score(one.label, one.yes, sample_weight=weight),
    "rmse": lambda one, weight: oracle.root_mean_squared_error(one.label, one.score, sample_weight=weight),
    "mae": lambda one, weight: oracle.mean_absolute_error(one.label, one.score, sample_weight=weight),
    "r2": lambda one, weight: oracle.r2_score(one.label, one.score, sample_weight=weight),
}


def answered(seed: int, n: int = 60, levels: int = 9) -> Answered:
    """Scores with ties, and labels that follow them."""
    rng = np.random.default_rng(seed)
    score = rng.integers(1, levels, n) / levels
    label = (rng.random(n) < score).astype(np.float64)
    label[:2] = 0.0, 1.0
    yes = (score > 0.4).astype(np.float64)
    yes[:2] = 0.0, 1.0
    return Answered(score, yes, label)


@given(st.sampled_from(sorted(ORACLES)), st.integers(0, 10_000))
def test_a_metric_under_weights_is_the_oracles(name: str, seed: int) -> None:
    one = answered(seed)
    weights = np.random.default_rng(seed + 1).integers(0, 3, (2, len(one.score))).astype(np.float64)
    weights[:, :2] = 1.0  # both classes stay
    found = (OF_CLASSES | OF_NUMBERS)[name](one)(weights)
    assert found == pytest.approx([ORACLES[name](one, each) for each in weights])


def test_normalised_entropy_is_one_for_who_always_says_the_rate() -> None:
    label = np.repeat([1.0, 0.0], [30, 70])
    whole = np.ones((1, 100))
    assert OF_CLASSES["normalized_entropy"](Answered(np.full(100, 0.3), label, label))(whole)[0] == pytest.approx(1.0)
    assert OF_CLASSES["normalized_entropy"](Answered(np.where(label > 0, 0.9, 0.1), label, label))(whole)[0] < 0.5


def test_the_calibration_error_of_true_chances_is_small_and_of_doubled_ones_about_the_rate() -> None:
    rng = np.random.default_rng(0)
    chance = rng.uniform(0.01, 0.1, 200_000)
    label = (rng.random(len(chance)) < chance).astype(np.float64)
    whole = np.ones((1, len(label)))
    assert OF_CLASSES["calibration_error"](Answered(chance, label, label))(whole)[0] < 0.05
    assert OF_CLASSES["calibration_error"](Answered(2 * chance, label, label))(whole)[0] == pytest.approx(1.0, abs=0.05)


def truth(one: Answered, users: int = 20, classes: bool = True) -> Truth:
    n = len(one.score)
    user = (np.arange(n) % users).astype(np.int32)
    return Truth(user=user, offsets=np.arange(n + 1), relevant=np.zeros(n, dtype=np.int32), grade=one.label.astype(np.float32),
                 user_events=np.arange(users), item_events=np.ones(1, dtype=np.int64), cluster=user.astype(np.int64), alive=1,
                 classes=classes)


def columns(one: Answered, noise: float = 0.0, seed: int = 0) -> np.ndarray:
    score = np.clip(one.score + noise * np.random.default_rng(seed).normal(size=len(one.score)), 0.001, 0.999)
    return np.column_stack([score, one.yes])


def test_estimates_hold_the_value_inside_its_interval() -> None:
    one = answered(3, 4_000)
    found = predictions.estimates([columns(one), columns(one, 0.2)], truth(one))
    assert set(found) == set(OF_CLASSES)
    for estimate in found.values():
        assert estimate.low <= estimate.value <= estimate.high
    assert found["roc_auc"].low < found["roc_auc"].high
    assert set(predictions.estimates([columns(one)], truth(one, classes=False))) == set(OF_NUMBERS)


def test_a_gain_is_positive_for_the_better_whichever_way_the_metric_goes() -> None:
    one = answered(4, 4_000)
    answers = {"good": [columns(one)], "bad": [columns(one, 0.5)]}
    for metric in ("roc_auc", "log_loss"):
        gains = predictions.paired(answers, truth(one), metric)
        assert gains["good"]["bad"].low > 0
        assert gains["bad"]["good"].value == pytest.approx(-gains["good"]["bad"].value)


def test_a_slice_is_measured_alone() -> None:
    one = answered(5, 2_000)
    found = predictions.by_slice([columns(one)], truth(one), ("new_users", "new_items"))
    assert set(found) == {"new_users"}  # user 0 has no event, every item has one
    assert found["new_users"]["roc_auc"].requests == 100


def test_spread_is_each_seeds_value() -> None:
    one = answered(6, 500)
    first, second = predictions.spread([columns(one), columns(one, 0.5)], truth(one))["roc_auc"]
    assert first == pytest.approx(oracle.roc_auc_score(one.label, one.score))
    assert second < first
