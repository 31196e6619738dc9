"""Logistic regression against scikit-learn on inputs scaled by hand; crosses against a table of rates."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sevenfold.errors import ModelError
from sevenfold.models._inputs import scale
from sevenfold.models.logistic import LENGTH, Logistic
from sevenfold.nouns import Rows
from sevenfold.testing import toy_rows, toy_texts


def test_against_scikit_learn_by_hand() -> None:
    from sklearn.linear_model import LogisticRegression

    rows = toy_rows(1)
    learner = Logistic(regularisation=2.0)
    learner.fit(rows, rows, seed=0)
    values = rows.values.astype(np.float64)
    missing = np.isnan(values[:, 1])
    values[missing, 1] = values[~missing, 1].mean()
    filled = np.delete(values, 2, axis=1)  # a constant column can only be 0
    filled = filled - filled.mean(axis=0)
    deviation = np.sqrt(np.array([filled[:, 0].var(), values[~missing, 1].var(), filled[:, 2].var()]))
    inputs = np.column_stack([filled / deviation, missing])
    model = LogisticRegression(C=0.5, tol=1e-10, max_iter=1000).fit(inputs, rows.label)
    np.testing.assert_allclose(learner.scores(rows), model.predict_proba(inputs)[:, 1], atol=1e-4)


def test_weights_name_what_matters() -> None:
    learner = Logistic()
    learner.fit(toy_rows(1), toy_rows(2), seed=0)
    weights = learner.weights()
    assert max(weights, key=weights.__getitem__) == "good"
    assert weights["same"] == 0.0


def pairs() -> Rows:
    """Whether a user and an item go together follows neither alone; names as features give them."""
    rng = np.random.default_rng(4)
    n, items = 4000, 6
    user, item = rng.integers(0, 8, n).astype(np.int32), rng.integers(0, items, n).astype(np.int32)
    kind = np.eye(2, dtype=np.float32)[item % 2]
    label = (rng.random(n) < np.where((user + item) % 2 == 0, 0.9, 0.1)).astype(np.float32)
    return Rows(values=kind, names=("item.kind=even", "item.kind=odd"), request=np.arange(n, dtype=np.int32), user=user,
                item=item, history=np.full((n, 1), -1, np.int32), items=items, label=label)


@pytest.mark.parametrize("part", ["item", "kind", "item.kind"])
def test_a_cross_learns_the_rate_of_each_combination(part: str) -> None:
    rows = pairs()
    plain, crossed = Logistic(), Logistic(regularisation=0.01, crosses=(("user", part),))
    for learner in (plain, crossed):
        learner.fit(rows, rows, seed=0)
    assert np.ptp(plain.scores(rows)) < 0.1
    cell = rows.user * 10 + (rows.item if part == "item" else rows.item % 2)
    for code in np.unique(cell):
        there = cell == code
        assert crossed.scores(rows)[there].mean() == pytest.approx(rows.label[there].mean(), abs=0.02)
    assert crossed.weights()[f"user × {part}"] > 1.0


def test_a_cross_of_something_unknown_is_refused() -> None:
    rows = pairs()
    with pytest.raises(ModelError, match=r"logistic\.crosses: no column is called 'itm'\n.*Did you mean 'item'\?"):
        Logistic(crosses=(("user", "itm"),)).fit(rows, rows, seed=0)


def test_labels_that_are_all_above_zero_are_refused() -> None:
    rows = toy_rows(1)
    rows = replace(rows, label=rows.label + 1)
    with pytest.raises(ModelError, match=rf"logistic: all {len(rows)} labels are above 0, expected some that are 0"):
        Logistic().fit(rows, rows, seed=0)


def test_the_scale_keeps_infinities_and_far_values_within_bounds() -> None:
    values = np.array([[1.0, 5.0, np.nan], [2.0, 5.0, 1.0], [3.0, 5.0, 3.0]], np.float32)
    scaled = scale(values)
    np.testing.assert_array_equal(scaled.flagged, [2])
    np.testing.assert_allclose(scaled(values)[:, 0], np.array([-1, 0, 1]) * np.sqrt(1.5))
    far = scaled(np.array([[np.inf, -np.inf, np.nan], [1e30, 5.0, np.nan]], np.float32))
    np.testing.assert_array_equal(far, [[8, -8, 0, 1], [8, 0, 0, 1]])


def test_words_beside_features_against_scikit_learn() -> None:
    from sklearn.linear_model import LogisticRegression

    texts = toy_texts(1)
    mine = np.random.default_rng(0).normal(size=(len(texts), 1)).astype(np.float32)
    rows = replace(texts, values=mine, names=("good",))
    learner = Logistic(regularisation=2.0)
    learner.fit(rows, rows, seed=0)
    inputs = np.hstack([(mine - mine.mean()) / mine.std(), LENGTH * rows.words.toarray()])
    model = LogisticRegression(C=0.5, tol=1e-8, max_iter=5000).fit(inputs, rows.label)
    np.testing.assert_allclose(learner.scores(rows), model.predict_proba(inputs)[:, 1], atol=2e-3)
    assert list(learner.weights()) == ["good", *rows.word_names]
    assert learner.explain(rows).shape == (len(rows), 9)
    turned = replace(rows, words=rows.words[:, np.arange(8)[::-1]], word_names=rows.word_names[::-1])
    np.testing.assert_allclose(learner.scores(turned), learner.scores(rows), atol=1e-6)


def test_words_are_kept(tmp_path: Path) -> None:
    rows = toy_texts(1)
    learner = Logistic()
    learner.fit(rows, rows, seed=0)
    learner.save(tmp_path)
    np.testing.assert_array_equal(Logistic.load(tmp_path).scores(rows), learner.scores(rows))
