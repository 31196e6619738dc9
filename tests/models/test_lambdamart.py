"""The gradient that the ranking loss follows, against Burges 2010 (section 7) pair by pair."""

from __future__ import annotations

import numpy as np
import pytest
import xgboost

from sevenfold.models.boosted import LOSSES

GRADES = np.array([0, 2, 1, 0, 3, 0, 1, 0, 1], np.float32)
SCORES = np.array([0.3, -0.2, 1.1, 0.8, 0.1, 2.0, 0.5, -1.0, 0.4])
GROUPS = (5, 4)


def by_hand(grades: np.ndarray, scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """First and second derivative of each row of one request: over all pairs, weighed by what a swap would do to nDCG.

    The weight of a pair is that of XGBoost's documentation: divided by how far the two scores are apart, and .01.
    """
    place = np.empty(len(grades), int)
    place[np.argsort(-scores)] = np.arange(len(grades))
    discount, gain = 1 / np.log2(place + 2), grades  # a grade is its own gain, as evaluation counts it
    best = (np.sort(gain)[::-1] / np.log2(np.arange(len(grades)) + 2)).sum()
    first, second = np.zeros(len(grades)), np.zeros(len(grades))
    for i in range(len(grades)):
        for j in range(len(grades)):
            if grades[i] > grades[j]:
                swapped = abs((gain[i] - gain[j]) * (discount[i] - discount[j])) / best
                weight = swapped / (abs(scores[i] - scores[j]) + 0.01)
                chance = 1 / (1 + np.exp(scores[i] - scores[j]))  # that j stands above i
                first[i] -= weight * chance
                first[j] += weight * chance
                second[[i, j]] += 2 * weight * chance * (1 - chance)
    return first, second


def steps(grades: np.ndarray, groups: tuple[int, ...]) -> np.ndarray:
    """How far one tree with a leaf for each row moves its score: - first / second derivative."""
    rows = xgboost.DMatrix(np.arange(len(grades), dtype=np.float32)[:, None], grades, base_margin=SCORES)
    rows.set_group(groups)
    alone = {"eta": 1.0, "lambda": 0.0, "max_depth": 8, "min_child_weight": 0.0, "tree_method": "exact"}
    return xgboost.train({**LOSSES["lambdarank"], **alone}, rows, 1).predict(rows) - SCORES


def test_a_step_is_newtons_along_the_gradient_of_all_pairs_of_a_request() -> None:
    expected, start = [], 0
    for size in GROUPS:
        first, second = by_hand(GRADES[start:start + size], SCORES[start:start + size])
        expected.append(-first / second)
        start += size
    assert steps(GRADES, GROUPS) == pytest.approx(np.concatenate(expected), rel=1e-3, abs=1e-4)


def test_what_is_better_is_raised_and_what_is_worse_is_lowered() -> None:
    moved = steps(GRADES, GROUPS)
    assert moved[4] > 0, "the best of its request, and not on top"
    assert (moved[[0, 3, 7]] < 0).all()
