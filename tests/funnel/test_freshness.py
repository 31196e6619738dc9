from __future__ import annotations

import numpy as np
import pytest

from sevenfold.errors import ModelError
from sevenfold.funnel.rerankers.freshness import Freshness
from sevenfold.nouns import DAY
from sevenfold.testing import toy_context


def test_the_order_is_that_of_the_formula():
    context, random = toy_context(), np.random.default_rng(1)
    items, scores = random.permutation(50)[:20].astype(np.int32), random.normal(size=20)
    order = Freshness(weight=0.4, half_life=10 * 86400.0).order(items, scores, context, 20)
    low, high = min(scores), max(scores)
    value = [0.6 * (score - low) / (high - low) + 0.4 * 0.5 ** ((context.time - context.born[item]) / (10 * DAY))
             for item, score in zip(items, scores, strict=True)]
    assert order.tolist() == sorted(range(20), key=lambda at: -value[at])


def test_the_ends_of_its_weight():
    context, random = toy_context(), np.random.default_rng(2)
    items, scores = random.permutation(50)[:20].astype(np.int32), random.normal(size=20)
    assert Freshness(weight=0.0).order(items, scores, context, 5).tolist() == np.argsort(-scores)[:5].tolist()
    youngest = Freshness(weight=1.0, half_life=864000.0).order(items, scores, context, 20)
    assert (np.diff(context.born[items[youngest]]) <= 0).all()


def test_a_half_life_of_zero_is_refused():
    with pytest.raises(ModelError, match=r"freshness\.half_life: got 0\.0, expected a duration above 0"):
        Freshness(half_life=0.0).order(np.zeros(1, np.int32), np.zeros(1), toy_context(), 1)
