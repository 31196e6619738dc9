from __future__ import annotations

import math
from itertools import combinations

import numpy as np
import pytest

from sevenfold.funnel.retrievers.neighbours import Neighbours
from sevenfold.nouns import SECOND, Interactions, Visits

FORMULAS = {"cosine": lambda c, a, b: c / math.sqrt(a * b), "jaccard": lambda c, a, b: c / (a + b - c),
            "lift": lambda c, a, b: c / (a * b)}


def log(seed: int, users: int = 15, items: int = 9, events: int = 70) -> Interactions:
    random = np.random.default_rng(seed)
    return Interactions(user=random.integers(0, users, events).astype(np.int32),
                        item=random.integers(0, items, events).astype(np.int32), users=users, items=items,
                        time=np.sort(random.integers(0, 100, events)) * SECOND, cut=100 * SECOND,
                        content=np.zeros((items, 0), np.float32))


def visit(*items: int) -> Visits:
    history = np.array([items], np.int32)
    return Visits(time=np.zeros(1, np.int64), user=np.full(1, -1, np.int32), history=history)


def by_hand(events: Interactions, similarity: str, shrinkage: float, within: float | None) -> np.ndarray:
    """Similarities pair by pair, from each user's last event with each item."""
    last: dict[int, dict[int, int]] = {}
    for user, item, time in zip(events.user.tolist(), events.item.tolist(), events.time.tolist(), strict=True):
        last.setdefault(user, {})[item] = time
    count = [sum(item in mine for mine in last.values()) for item in range(events.items)]
    result = np.zeros((events.items, events.items))
    for i, j in combinations(range(events.items), 2):
        both = sum(i in mine and j in mine and (within is None or abs(mine[i] - mine[j]) <= within * SECOND)
                   for mine in last.values())
        if both:
            result[i, j] = result[j, i] = FORMULAS[similarity](both, count[i], count[j]) * both / (both + shrinkage)
    return result


@pytest.mark.parametrize("similarity", list(FORMULAS))
@pytest.mark.parametrize("within", [None, 12.0])
def test_scores_are_sums_of_similarities_computed_by_hand(similarity, within):
    events = log(3)
    neighbours = Neighbours(similarity=similarity, shrinkage=2.0, within=within, recency=0.5)
    neighbours.fit(events, seed=0)
    expected = by_hand(events, similarity, 2.0, within)
    sums = expected[4] + 0.5 * expected[7] + 0.25 * expected[1]
    assert neighbours.scores(visit(4, 7, 1))[0] == pytest.approx(np.where(sums > 0, sums, -np.inf), rel=1e-5)


def test_only_the_nearest_are_kept():
    events = log(4)
    neighbours = Neighbours(keep=2, shrinkage=0.0)
    neighbours.fit(events, seed=0)
    expected = by_hand(events, "cosine", 0.0, None)
    for item in range(events.items):
        scores = neighbours.scores(visit(item))[0]
        kept = np.sort(scores[np.isfinite(scores)])
        assert kept == pytest.approx(np.sort(expected[item])[-2:], rel=1e-5)


def test_a_user_with_one_item_makes_no_neighbours():
    events = log(1, events=1)
    neighbours = Neighbours()
    neighbours.fit(events, seed=0)
    assert np.isneginf(neighbours.scores(visit(int(events.item[0])))).all()


def test_grown_each_copy_knows_the_copies_of_its_neighbours():
    events = log(5)
    neighbours = Neighbours()
    neighbours.fit(events, seed=0)
    items = events.items
    grown = neighbours.grow(np.tile(np.arange(items), 3))
    alone, second = neighbours.scores(visit(4, 2))[0], grown.scores(visit(4 + items, 2 + items))[0]
    assert second[items:2 * items] == pytest.approx(alone)
    assert np.isneginf(second[:items]).all()
    assert np.isneginf(second[2 * items:]).all()


def test_grown_smaller_only_items_that_are_left_are_proposed():
    neighbours = Neighbours()
    neighbours.fit(log(5), seed=0)
    rows = np.array([7, 4])
    assert neighbours.grow(rows).scores(visit(1))[0] == pytest.approx(neighbours.scores(visit(4))[0][rows])
