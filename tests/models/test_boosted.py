"""Boosted trees: how many rounds are kept, which grades fit, and what a damaged file says."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sevenfold.errors import BundleError, ModelError
from sevenfold.models.boosted import Boosted
from sevenfold.testing import toy_rows


def test_it_stops_where_validation_is_best_and_keeps_those_rounds() -> None:
    learner = Boosted(loss="logistic", learning_rate=0.5)
    learner.fit(toy_rows(1), toy_rows(2), seed=0)
    assert 1 <= learner.trained_rounds < 40
    fixed = Boosted(loss="logistic", rounds=3)
    fixed.fit(toy_rows(1), toy_rows(2), seed=0)
    assert fixed.kept() == {"rounds": 3}
    assert fixed._booster.num_boosted_rounds() == 3


def test_gains_are_shares_and_name_what_matters() -> None:
    learner = Boosted(rounds=5)
    learner.fit(toy_rows(1), toy_rows(2), seed=0)
    weights = learner.weights()
    assert sum(weights.values()) == pytest.approx(1.0)
    assert weights["good"] > 0.5
    assert weights["same"] == 0.0


def test_squared_estimates_a_number_and_logistic_a_probability() -> None:
    rows = toy_rows(1)
    number = Boosted(loss="squared", rounds=50, depth=6, leaf_weight=1.0)
    number.fit(replace(rows, label=10 * rows.label + 5), rows, seed=0)
    assert number.scores(rows)[rows.label == 1].mean() == pytest.approx(15, abs=1.5)
    chance = Boosted(loss="logistic", rounds=5)
    chance.fit(rows, rows, seed=0)
    assert 0 < chance.scores(rows).min() < chance.scores(rows).max() < 1


def test_large_grades_are_weighed_and_negative_ones_refused() -> None:
    rows = toy_rows(1)
    learner = Boosted(rounds=5)
    learner.fit(replace(rows, label=40 * rows.label), rows, seed=0)
    scores = learner.scores(rows)
    assert scores[rows.label > 0].mean() > scores[rows.label == 0].mean()
    with pytest.raises(ModelError, match=r"boosted: lambdarank needs grades from 0 on, got -1\n.*loss: squared"):
        Boosted().fit(replace(rows, label=-rows.label), rows, seed=0)


def test_damaged_trees_are_refused(tmp_path: Path) -> None:
    learner = Boosted(rounds=1)
    learner.fit(toy_rows(1), toy_rows(2), seed=0)
    learner.save(tmp_path)
    (tmp_path / "trees.json").write_text("{", encoding="utf-8")
    with pytest.raises(BundleError, match=r"trees\.json: holds no trees that this XGBoost can read"):
        Boosted.load(tmp_path)


def test_column_order_at_validation_does_not_matter() -> None:
    rows, validate = toy_rows(1), toy_rows(2)
    turned = replace(validate, values=np.ascontiguousarray(validate.values[:, ::-1]), names=validate.names[::-1])
    learners = [Boosted(), Boosted()]
    for learner, held_out in zip(learners, (validate, turned), strict=True):
        learner.fit(rows, held_out, seed=0)
    assert learners[0].kept() == learners[1].kept()
