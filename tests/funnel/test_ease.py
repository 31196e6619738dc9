from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from sevenfold.errors import ModelError
from sevenfold.funnel.retrievers.ease import ACTIVITY, Ease
from sevenfold.nouns import Visits
from sevenfold.testing import toy


def test_weights_solve_each_column_as_a_ridge_regression_without_the_item_itself():
    """EASE's closed form against the problem that it solves: regress an item on all others."""
    interactions, visits, _ = toy()
    chosen = np.zeros((interactions.users, interactions.items))
    chosen[interactions.user, interactions.item] = 1
    weights = np.zeros((interactions.items, interactions.items))
    for item in range(interactions.items):
        others = np.delete(np.arange(interactions.items), item)
        left = chosen[:, others]
        weights[others, item] = np.linalg.solve(left.T @ left + 7.0 * np.eye(len(others)), left.T @ chosen[:, item])
    ease = Ease(regularisation=7.0, dropout=0.0, content=0.0, popularity=0.0)  # users of the toy are all as active
    ease.fit(interactions, seed=0)
    users = interactions.users
    assert ease.scores(visits)[:users] == pytest.approx(chosen @ weights, abs=1e-5)


def test_dropout_is_the_mean_over_all_that_could_be_hidden():
    """The closed form against each row repeated for every way to hide its items, likely ones weighing more."""
    random, hidden = np.random.default_rng(4), 0.3
    chosen = np.maximum(random.integers(0, 2, (9, 5)), np.eye(5)[np.arange(9) % 5])
    user, item = np.nonzero(chosen)
    known = replace(toy()[0], user=user.astype(np.int32), item=item.astype(np.int32), users=9, items=5,
                    time=np.zeros(len(user), np.int64), content=np.zeros((5, 0), np.float32))
    masks = np.array(list(product([0, 1], repeat=5)))
    chance = np.prod(np.where(masks == 1, 1 - hidden, hidden), axis=1)
    weight = np.outer((chosen.sum(1) / chosen.sum(1).mean()) ** -ACTIVITY, chance).ravel()
    seen = (chosen[:, None] * masks / (1 - hidden)).reshape(-1, 5)
    wanted = np.repeat(chosen, len(masks), axis=0)
    expected = np.zeros((5, 5))
    for column in range(5):
        others = np.delete(np.arange(5), column)
        left = seen[:, others] * weight[:, None]
        expected[others, column] = np.linalg.solve(left.T @ seen[:, others] + 2.0 * np.eye(4), left.T @ wanted[:, column])
    ease = Ease(regularisation=2.0, dropout=hidden, content=0.0, popularity=0.0)
    ease.fit(known, seed=0)
    visits = Visits(time=np.zeros(5, np.int64), user=np.full(5, -1, np.int32), history=np.arange(5, dtype=np.int32)[:, None])
    assert ease.scores(visits) == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("dropout", [-0.1, 1.0])
def test_dropout_is_a_share_below_one(dropout):
    with pytest.raises(ModelError, match=rf"ease\.dropout: got {dropout}, expected a share from 0 to below 1"):
        Ease(dropout=dropout).fit(toy()[0], seed=0)


def test_content_counts_as_further_rows():
    interactions, visits, _ = toy()
    chosen = np.zeros((interactions.users, interactions.items))
    chosen[interactions.user, interactions.item] = 1
    gram = chosen.T @ chosen + 3.0 * interactions.content @ interactions.content.T
    inverse = np.linalg.inv(gram + np.diag(7.0 + chosen.sum(0)))  # half are hidden
    weights = inverse / -np.diag(inverse)
    np.fill_diagonal(weights, 0)
    ease = Ease(regularisation=7.0, dropout=0.5, content=3.0, popularity=0.0)
    ease.fit(interactions, seed=0)
    assert ease.scores(visits)[:interactions.users] == pytest.approx(chosen @ weights, abs=1e-5)


def test_a_new_item_is_proposed_for_its_content_and_not_without():
    interactions, visits, _ = toy()
    kept = interactions.item != 0
    known = replace(interactions, user=interactions.user[kept], item=interactions.item[kept], time=interactions.time[kept])
    scores = {}
    for content in (0.0, 10.0):
        ease = Ease(content=content)
        ease.fit(known, seed=0)
        scores[content] = ease.scores(visits)[:, 0]
    assert np.isneginf(scores[0.0]).all()
    assert scores[10.0][0] > scores[10.0][1]  # item 0 is of the first user's club


def test_a_visitor_without_a_history_gets_no_proposal():
    interactions, visits, _ = toy()
    ease = Ease()
    ease.fit(interactions, seed=0)
    assert np.isneginf(ease.scores(visits)[-1]).all()


def test_a_catalogue_too_large_is_refused_with_its_bytes():
    interactions, _, _ = toy()
    message = "ease: needs 10000000000 bytes for 50000 items squared, expected at most 30000 items\n    hint: Use `als` or"
    with pytest.raises(ModelError, match=message):
        Ease().fit(replace(interactions, items=50_000), seed=0)
    ease = Ease()
    ease.fit(interactions, seed=0)
    with pytest.raises(ModelError, match=message):
        ease.grow(np.zeros(50_000, np.int64))


def test_a_regularisation_too_small_to_solve_is_refused():
    interactions, _, _ = toy()
    with pytest.raises(ModelError, match=r"ease\.regularisation: got 0\.0, expected a number above 0"):
        Ease(regularisation=0.0).fit(interactions, seed=0)
    twins = replace(interactions, user=np.zeros(2, np.int32), item=np.array([0, 1], np.int32), time=np.zeros(2, np.int64))
    with pytest.raises(ModelError, match="got a value too small for the weights to be solved"):
        Ease(regularisation=1e-300, dropout=0.0, content=0.0).fit(twins, seed=0)


def test_a_score_is_divided_by_how_many_chose_the_item():
    interactions = toy()[0]
    plain, damped = Ease(popularity=0.0, content=0.0), Ease(popularity=0.5, content=0.0)
    for ease in (plain, damped):
        ease.fit(interactions, seed=0)
    alike = replace(interactions, user=np.arange(6, dtype=np.int32) // 3, item=np.tile(np.arange(3, dtype=np.int32), 2),
                    time=np.arange(6), users=2, items=3, content=np.zeros((3, 0), np.float32))
    even = [Ease(popularity=power) for power in (0.0, 0.5)]
    for ease in even:
        ease.fit(alike, seed=0)
    one = Visits(time=np.zeros(1, np.int64), user=np.full(1, -1, np.int32), history=np.zeros((1, 1), np.int32))
    assert even[0].scores(one) == pytest.approx(even[1].scores(one)), "where all were chosen as often nothing changes"
    ratio = np.divide(damped._weights, plain._weights, where=plain._weights != 0, out=np.full(plain._weights.shape, np.nan))
    count = np.bincount(interactions.item, minlength=interactions.items)
    few, many = np.flatnonzero(count == count[count > 0].min())[0], count.argmax()
    assert np.nanmax(ratio[:, many]) < np.nanmin(ratio[:, few])
