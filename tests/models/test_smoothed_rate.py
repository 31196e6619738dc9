"""Rates by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from sevenfold.models.smoothed_rate import SmoothedRate
from sevenfold.testing import toy_ratings


def test_rates_are_drawn_to_that_of_all_by_the_prior() -> None:
    rows = toy_ratings(1)
    learner = SmoothedRate(prior=20.0)
    learner.fit(rows, rows, seed=0)
    mean = rows.label.mean(dtype=np.float64)
    mine = rows.label[rows.item == 3]
    expected = (mine.sum() + 20 * mean) / (len(mine) + 20)
    np.testing.assert_allclose(learner.scores(rows)[rows.item == 3], expected, rtol=1e-6)
    unknown = learner.scores(replace(rows, item=np.full_like(rows.item, -1)))
    np.testing.assert_allclose(unknown, mean, rtol=1e-6)


def test_without_a_prior_an_item_without_examples_has_the_rate_of_all() -> None:
    rows = replace(toy_ratings(1), items=40)
    learner = SmoothedRate(prior=0.0)
    learner.fit(rows, rows, seed=0)
    np.testing.assert_allclose(learner.scores(replace(rows, item=np.full_like(rows.item, 39))), rows.label.mean(), rtol=1e-6)
