from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sevenfold.errors import ModelError
from sevenfold.funnel.rerankers.explore import Explore
from sevenfold.testing import toy_context

CONTEXT = toy_context()
ITEMS, SCORES = np.array([9, 4, 30, 2], np.int32), np.array([0.2, 1.0, 0.7, 0.4])


def chance(order: tuple[int, ...], share: float, temperature: float) -> float:
    """Of a whole list, place by place, as the description reads."""
    weight = {at: float(np.exp((SCORES[at] - 0.2) / 0.8 / temperature)) for at in range(4)}
    left, product = [1, 2, 3, 0], 1.0  # by score
    for at in order:
        product *= (1 - share) * (at == left[0]) + share * weight[at] / sum(weight[one] for one in left)
        left.remove(at)
    return product


@pytest.mark.parametrize(("share", "temperature"), [(0.3, 0.5), (1.0, 0.3), (0.6, 5.0)])
def test_lists_come_as_often_as_their_chances_say(share, temperature):
    part, draws = Explore(share=share, temperature=temperature), 6000
    found = Counter(tuple(part.order(ITEMS, SCORES, replace(CONTEXT, time=time), 2).tolist()) for time in range(draws))
    expected = {order: draws * chance(order, share, temperature) for order in permutations(range(4), 2)}
    assert sum(expected.values()) == pytest.approx(draws)
    squared = sum((found[order] - mean) ** 2 / mean for order, mean in expected.items())
    assert squared < 31.3, "chi-squared with 11 degrees of freedom, 0.1 %"


@given(order=st.permutations(range(4)), k=st.integers(0, 4), share=st.floats(0, 1), temperature=st.floats(0.05, 50))
def test_the_chance_of_a_list_is_the_product_of_those_of_its_places(order, k, share, temperature):
    found = Explore(share=share, temperature=temperature).chances(ITEMS, SCORES, np.array(order[:k], np.int64))
    assert np.prod(found) == pytest.approx(chance(tuple(order[:k]), share, temperature), rel=1e-9)


def test_no_share_is_the_order_of_the_scores():
    part = Explore(share=0.0)
    order = part.order(ITEMS, SCORES, CONTEXT, 4)
    assert order.tolist() == [1, 2, 3, 0]
    assert part.chances(ITEMS, SCORES, order).tolist() == [1.0] * 4


def test_luck_hangs_on_the_user_and_the_time():
    part = Explore(share=1.0, temperature=50.0)
    def lists(**other):
        return [part.order(ITEMS, SCORES, replace(CONTEXT, time=time, **other), 4).tolist() for time in range(20)]
    assert lists() == lists()
    assert lists() != lists(user=8)
    assert len({tuple(one) for one in lists(user=-1)}) > 5, "strangers differ by the time alone"


def test_a_longer_list_begins_as_a_shorter_one():
    part = Explore(share=0.5)
    items, scores = np.arange(30, dtype=np.int32), np.arange(30.0)
    assert part.order(items, scores, CONTEXT, 30)[:7].tolist() == part.order(items, scores, CONTEXT, 7).tolist()


def test_a_temperature_of_zero_is_refused():
    with pytest.raises(ModelError, match=r"explore\.temperature: got 0\.0, expected a number above 0"):
        Explore(temperature=0.0).order(ITEMS, SCORES, CONTEXT, 2)
