"""Biases against the ridge regression that they solve, and what is said of strangers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from sevenfold.models.biases import Biases
from sevenfold.testing import toy_ratings


def test_it_is_the_ridge_regression_on_users_and_items() -> None:
    rows = toy_ratings(1)
    rows = replace(rows, label=10 * rows.label + rows.user)
    learner = Biases(prior=3.0)
    learner.fit(rows, rows, seed=0)
    inputs = np.hstack([np.eye(20)[rows.user], np.eye(rows.items)[rows.item]])
    rest = rows.label.astype(np.float64) - rows.label.mean(dtype=np.float64)
    solved = np.linalg.solve(inputs.T @ inputs + 3.0 * np.eye(inputs.shape[1]), inputs.T @ rest)
    inside = np.clip(inputs @ solved + rows.label.mean(), rows.label.min(), rows.label.max())
    np.testing.assert_allclose(learner.scores(rows), inside, atol=1e-3)


def test_strangers_get_the_mean_and_what_is_known_of_the_other() -> None:
    rows = toy_ratings(1)
    learner = Biases()
    learner.fit(rows, rows, seed=0)
    one = replace(rows, user=np.full_like(rows.user, -1), item=np.full_like(rows.item, rows.items))
    np.testing.assert_allclose(learner.scores(one), rows.label.mean(), atol=1e-6)
    user, item = learner.explain(replace(rows, item=one.item)).T
    assert not item.any()
    assert user.any()
    assert learner.scores(replace(rows, user=one.user)).std() > 0


def test_numbers_stay_within_the_range_of_the_labels() -> None:
    rows = toy_ratings(1)
    learner = Biases(prior=0.0)
    learner.fit(replace(rows, label=4 * rows.label + 1), rows, seed=0)
    assert 1.0 <= learner.scores(rows).min() < learner.scores(rows).max() <= 5.0
