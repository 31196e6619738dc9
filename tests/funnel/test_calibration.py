"""Probabilities put right, and where yes begins."""

from __future__ import annotations

import numpy as np
import pytest

from sevenfold.funnel.calibration import (
    KINDS,
    Calibration,
    chosen,
    cross_entropy,
    fitted,
    isotonic,
    logit,
    of_sample,
    temperature,
    then,
    threshold_at_precision,
    threshold_at_recall,
    threshold_of_costs,
)


def test_keeping_a_share_of_the_negatives_is_undone_exactly() -> None:
    true = np.array([0.001, 0.02, 0.3, 0.9])
    for keep in (0.01, 0.1, 1.0):
        sampled = true / (true + (1 - true) * keep)  # what a learner of the sample would say
        assert of_sample(keep)(sampled) == pytest.approx(true, rel=1e-5)


def test_slope_and_shift_are_found_again() -> None:
    rng = np.random.default_rng(0)
    chance = rng.uniform(0.02, 0.9, 100_000)
    label = rng.random(len(chance)) < chance
    said = Calibration(slope=2.0, shift=0.7)(chance)  # too sure, and too high
    found = fitted(said, label)
    assert found.slope == pytest.approx(0.5, abs=0.02)
    assert found.shift == pytest.approx(-0.35, abs=0.03)
    assert abs(found(said) - chance).max() < 0.02


def test_one_class_alone_changes_nothing() -> None:
    assert fitted(np.array([0.2, 0.4]), np.zeros(2)) == Calibration()
    assert chosen(np.array([0.2, 0.4]), np.ones(2)) == Calibration()


def world(seed: int, n: int = 40_000) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    chance = rng.uniform(0.02, 0.9, n)
    return chance, (rng.random(n) < chance).astype(float)


def test_a_temperature_is_found_again_and_preferred_where_it_is_enough() -> None:
    chance, label = world(1)
    found = temperature(Calibration(slope=2.0)(chance), label)
    assert (found.slope, found.shift) == (pytest.approx(0.5, abs=0.02), 0.0)
    assert chosen(Calibration(slope=2.0)(chance), label).shift == pytest.approx(0.0, abs=0.05)


def test_rising_steps_mend_what_no_slope_does_and_are_chosen_then() -> None:
    chance, label = world(2)
    bent = np.where(chance < 0.5, chance / 4, 0.5 + chance / 2)  # rises, but along no slope and shift
    found = chosen(bent, label)
    assert found.said
    assert np.abs(found(bent) - chance).mean() < 0.02 < np.abs(fitted(bent, label)(bent) - chance).mean()
    assert (np.diff(found(np.sort(bent))) >= 0).all(), "the order stays"


def test_what_is_chosen_is_the_best_on_rows_that_it_did_not_see() -> None:
    for seed, bend in enumerate((lambda p: Calibration(slope=1.7)(p), lambda p: Calibration(slope=0.6, shift=1.0)(p), np.sqrt)):
        (chance, label), (later, truth) = world(seed), world(seed + 10)
        losses = {name: cross_entropy(kind(bend(chance), label)(bend(later)), truth).sum() for name, kind in KINDS.items()}
        assert cross_entropy(chosen(bend(chance), label)(bend(later)), truth).sum() < min(losses.values()) * 1.001


def test_what_is_right_is_left_as_it_is() -> None:
    chance, label = world(3)
    assert chosen(chance, label) == Calibration()


def test_steps_are_never_certain() -> None:
    found = isotonic(np.array([0.1, 0.2, 0.8, 0.9]), np.array([0, 0, 1, 1]))
    assert 0.1 < found(np.array([0.0, 1.0])).min() < found(np.array([0.0, 1.0])).max() < 0.9


def test_two_after_one_another_are_one() -> None:
    first, second, scores = Calibration(slope=0.5, shift=1.0), Calibration(slope=3.0, shift=-0.2), np.array([0.1, 0.5, 0.99])
    assert then(first, second)(scores) == pytest.approx(second(first(scores)), rel=1e-4)


def test_certain_scores_stay_finite() -> None:
    assert np.isfinite(logit(np.array([0.0, 1.0]))).all()


def test_the_threshold_at_a_precision_is_the_lowest_that_keeps_it() -> None:
    scores, label = np.array([0.9, 0.8, 0.8, 0.6, 0.5, 0.4]), np.array([1, 1, 0, 1, 1, 0])
    assert threshold_at_precision(scores, label, 1.0) == 0.9
    assert threshold_at_precision(scores, label, 0.8) == 0.5
    assert threshold_at_precision(scores, label, 0.6) == 0.4
    assert threshold_at_precision(scores, np.zeros(6), 0.5) == float("inf")


def test_the_threshold_at_a_recall_is_the_highest_that_reaches_it() -> None:
    scores, label = np.array([0.9, 0.8, 0.7, 0.6]), np.array([1, 0, 1, 1])
    assert threshold_at_recall(scores, label, 0.5) == 0.7
    assert threshold_at_recall(scores, label, 1.0) == 0.6


def test_a_wrong_yes_that_costs_twenty_needs_twenty_to_one() -> None:
    assert threshold_of_costs(20.0, 1.0) == pytest.approx(20 / 21)
