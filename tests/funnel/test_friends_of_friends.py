from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sevenfold.errors import ModelError
from sevenfold.funnel.retrievers.friends_of_friends import FriendsOfFriends
from sevenfold.funnel.retrievers.graph_embedding import GraphEmbedding
from sevenfold.nouns import F32, Interactions, Log, Visits
from sevenfold.testing import check_retriever, toy, toy_links

USERS = 8


@pytest.mark.parametrize(("name", "params"), [("friends_of_friends", {"penalty": 0.0}), ("graph_embedding", {"dimensions": 3}),
                                              ("graph_embedding", {"damping": 0.5})])
def test_contract(name: str, params: dict[str, float]) -> None:
    check_retriever(name, **params)


def visit(user: list[int], time: list[int], history: list[list[int]] | None = None) -> Visits:
    return Visits(time=np.array(time, np.int64), user=np.array(user, np.int32),
                  history=np.array(history or [[-1]] * len(user), np.int32))


def told(log: Log, user: int, time: int, penalty: float) -> np.ndarray:
    """From the definition: every friend of every friend."""
    def friends(one: int) -> set[int]:
        known = log.positive & (log.available < time) & (log.user == one) & (log.item != one)
        return set(log.item[known].tolist())

    sums = np.zeros(USERS)
    for friend in friends(user):
        for other in friends(friend):
            sums[other] += len(friends(friend)) ** -penalty
    return np.where(sums > 0, sums, -np.inf)


@settings(max_examples=80, deadline=None)
@given(st.integers(0, 40), st.integers(0, 2**32 - 1), st.sampled_from([0.0, 0.5, 1.0]))
def test_the_links_of_the_moment_count(n: int, seed: int, penalty: float) -> None:
    rng = np.random.default_rng(seed)
    time = np.sort(rng.integers(0, 9, n))
    log = Log(time=time, available=time + rng.integers(0, 3, n), user=rng.integers(0, USERS, n).astype(np.int32),
              item=rng.integers(0, USERS, n).astype(np.int32), positive=rng.random(n) < 0.8, table=pa.table({}))
    live = FriendsOfFriends(penalty=penalty).following(log, USERS)
    user, times = rng.integers(0, USERS, 12).tolist(), rng.integers(0, 12, 12).tolist()
    expected = np.array([told(log, *one, penalty) for one in zip(user, times)])
    np.testing.assert_allclose(live.scores(visit(user, times)), expected, rtol=1e-6)


def test_before_it_follows_a_log_the_cut_counts() -> None:
    interactions, visits, _ = toy_links()
    fitted = FriendsOfFriends()
    fitted.fit(interactions, seed=0)
    log = Log(time=interactions.time, available=interactions.time, user=interactions.user, item=interactions.item,
              positive=np.ones(len(interactions.user), np.bool_), table=pa.table({}))
    np.testing.assert_array_equal(fitted.scores(visits), fitted.following(log, interactions.users).scores(visits))


@pytest.mark.parametrize("part", [FriendsOfFriends(), GraphEmbedding()])
def test_items_must_be_users(part: FriendsOfFriends | GraphEmbedding) -> None:
    with pytest.raises(ModelError, match="got 80 users and 24 items, expected links between users"):
        part.fit(toy()[0], seed=0)
    with pytest.raises(ModelError, match="got no positive event before the cut"):
        part.fit(replace(toy_links()[0], user=np.zeros(0, np.int32), item=np.zeros(0, np.int32)), seed=0)


def embedded(interactions: Interactions, visits: Visits, **params: float) -> F32:
    part = GraphEmbedding(**params)  # type: ignore[arg-type]
    part.fit(interactions, seed=0)
    return part.scores(visits)


def test_scores_are_the_square_of_the_largest_eigenvalues_part() -> None:
    interactions, visits, _ = toy_links()
    matrix = np.zeros((40, 40))
    matrix[interactions.user, interactions.item] = 1
    scale = np.maximum(matrix.sum(axis=1), 1) ** -0.25
    values, vectors = np.linalg.eigh(scale[:, None] * matrix * scale)
    kept = np.argsort(values)[-5:]
    expected = (vectors[:, kept] * values[kept] ** 2) @ vectors[:, kept].T
    np.testing.assert_allclose(embedded(interactions, visits, dimensions=5)[:40], expected, atol=1e-5)


def test_a_newcomer_is_placed_by_the_first_friends() -> None:
    """As if the links with them had been there: the row of the matrix that they would have made, seen through the same axes."""
    interactions, _, _ = toy_links()
    (found,) = embedded(interactions, visit([-1], [0], [[3, 5, 99, -1]]), dimensions=6, damping=0.25)
    one, other = (embedded(interactions, visit([-1], [0], [[friend]]), dimensions=6, damping=0.25)[0] for friend in (3, 5))
    np.testing.assert_allclose(found, one + other, rtol=1e-5, atol=1e-6)
    matrix = np.zeros((40, 40))
    matrix[interactions.user, interactions.item] = 1
    scale = matrix.sum(axis=1) ** -0.25
    values, vectors = np.linalg.eigh(scale[:, None] * matrix * scale)
    kept = np.argsort(values)[-6:]
    projected = (scale[[3, 5]] @ vectors[[3, 5]][:, kept]) * values[kept]
    np.testing.assert_allclose(found, vectors[:, kept] @ projected, rtol=1e-4, atol=1e-6)
