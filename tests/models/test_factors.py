"""Factors: each half sweep against the posterior by hand, taste found where there is some, and cold users answered."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse

from sevenfold.models.biases import Biases
from sevenfold.models.factors import Factors, _Model, _regressed
from sevenfold.nouns import Rows

USERS, ITEMS = 60, 40


def tastes(seed: int, share: float = 0.4) -> Rows:
    """Ratings by two clubs, each of which likes its own half of the items, as it chooses them."""
    rng = np.random.default_rng(seed)
    user, item = (each.ravel() for each in np.meshgrid(np.arange(USERS), np.arange(ITEMS), indexing="ij"))
    own = user % 2 == item % 2
    kept = rng.random(len(user)) < np.where(own, 1.5, 0.5) * share
    label = 3.0 + np.where(own, 1.0, -1.0) + 0.5 * np.sin(user) + 0.3 * rng.normal(size=len(user))
    n = int(kept.sum())
    return Rows(values=np.zeros((n, 0), np.float32), names=(), request=np.arange(n, dtype=np.int32), items=ITEMS,
                user=user[kept].astype(np.int32), item=item[kept].astype(np.int32), history=np.full((n, 4), -1, np.int32),
                label=label[kept].astype(np.float32))


def error(learner: Factors | Biases, rows: Rows) -> float:
    return float(np.sqrt(np.mean((learner.scores(rows) - rows.label) ** 2)))


def test_half_a_sweep_is_the_posterior_by_hand() -> None:
    rows, rng = tastes(1), np.random.default_rng(2)
    rest = rows.label.astype(np.float64) - rows.label.mean(dtype=np.float64)
    model = _Model.begin((rows.user.astype(np.int64), rows.item.astype(np.int64)), rest, (USERS + 1, ITEMS + 1), 2, 5.0, rng)
    users, items = model.believed
    found, misfit = model._solved(model.sides[0], users, items)
    for user in (0, 7):
        mine = rows.user == user
        design = np.column_stack([items.mean[rows.item[mine], :2], np.ones(mine.sum())])
        covariance = np.linalg.inv(design.T @ design / model.noise + np.diag(1 / users.spread))
        mean = covariance @ (design.T @ (rest[mine] - items.mean[rows.item[mine], 2]) / model.noise)
        np.testing.assert_allclose(found.mean[user], mean, atol=1e-10)
    x = found.mean[rows.user]
    z = items.mean[rows.item]
    said = (x[:, :2] * z[:, :2]).sum(axis=1) + x[:, 2] + z[:, 2]
    assert misfit + rest @ rest > ((rest - said) ** 2).sum()  # what is not known for certain adds to the error


def test_the_regression_on_who_chose_what() -> None:
    rng = np.random.default_rng(3)
    chosen = sparse.random_array((30, 12), density=0.4, rng=rng, format="csr")
    target = rng.normal(size=(30, 3))
    found = np.zeros((12, 3))
    for _ in range(5):
        found = _regressed(chosen, target, found, 0.5)
    expected = np.linalg.solve((chosen.T @ chosen).toarray() + 0.5 * np.eye(12), chosen.T @ target)
    np.testing.assert_allclose(found, expected, atol=1e-9)


def test_it_finds_a_taste_that_biases_cannot_tell() -> None:
    train, validate, test = tastes(1), tastes(2), tastes(3)
    learner, plain = Factors(dimensions=4), Biases()
    for one in (learner, plain):
        one.fit(train, validate, seed=0)
    assert error(learner, test) < 0.45 < 0.8 < error(plain, test)
    weights = learner.weights()
    assert weights["user × item"] > max(weights["user"], weights["item"])
    np.testing.assert_allclose(learner.explain(test).sum(axis=1) + learner._range[1], learner.scores(test), atol=0.5)


@pytest.mark.parametrize(("liked", "better"), [((0, 2, 4, 6), 0), ((1, 3, 5, 7), 1)])
def test_a_new_user_is_answered_by_the_history(liked: tuple[int, ...], better: int) -> None:
    learner = Factors(dimensions=4)
    learner.fit(tastes(1), tastes(2), seed=0)
    rows = replace(tastes(3), user=np.full(2, USERS + 5, np.int32), item=np.array([20, 21], np.int32), label=None,
                   request=np.zeros(2, np.int32), values=np.zeros((2, 0), np.float32), history=np.array([liked], np.int32))
    assert np.argmax(learner.scores(rows)) == better
    nobody = learner.scores(replace(rows, history=np.full((1, 4), -1, np.int32), item=np.array([-1, ITEMS + 1], np.int32)))
    np.testing.assert_allclose(nobody, learner._range[1], atol=1e-6)
