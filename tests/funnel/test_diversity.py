from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sevenfold.errors import ModelError
from sevenfold.funnel.rerankers.diversity import Diversity
from sevenfold.funnel.reranking import Context
from sevenfold.testing import toy_context


def holding(content: np.ndarray) -> Context:
    return replace(toy_context(), content=content)


def candidates(seed: int, n: int = 12) -> tuple[np.ndarray, np.ndarray, Context]:
    random = np.random.default_rng(seed)
    content = random.normal(size=(40, 5)).astype(np.float32)
    content /= np.linalg.norm(content, axis=1, keepdims=True)
    content[::7] = 0
    return random.permutation(40)[:n].astype(np.int32), random.integers(0, 6, n).astype(np.float64), holding(content)


def by_hand(items: np.ndarray, scores: np.ndarray, context: Context, k: int, strength: float) -> list[int]:
    """Maximal marginal relevance as its formula reads, one candidate at a time."""
    span = float(scores.max() - scores.min())
    value = [(float(score) - float(scores.min())) / span if span else 0.0 for score in scores]
    vectors = context.content[items].astype(np.float64)
    chosen: list[int] = []
    while len(chosen) < k:
        def gain(n: int) -> float:
            alike = max((float(vectors[n] @ vectors[m]) for m in chosen), default=0.0)
            return (1 - strength) * value[n] - strength * alike
        left = [n for n in range(len(items)) if n not in chosen]
        chosen.append(min(left, key=lambda n: (-round(gain(n), 12), -scores[n], items[n])))
    return chosen


@given(seed=st.integers(0, 10_000), strength=st.sampled_from([0.0, 0.1, 0.3, 0.7, 1.0]), k=st.integers(1, 12))
def test_the_order_is_that_of_the_formula(seed, strength, k):
    items, scores, context = candidates(seed)
    assert Diversity(strength=strength).order(items, scores, context, k).tolist() == by_hand(items, scores, context, k, strength)


def test_no_strength_is_the_order_of_the_scores_with_ties_by_item():
    items, scores, context = candidates(1)
    order = Diversity(strength=0.0).order(items, scores, context, 12)
    assert order.tolist() == np.lexsort((items, -scores)).tolist()


def test_a_copy_of_the_best_waits_behind_something_else():
    context = holding(np.array([[1, 0], [1, 0], [0, 1]], np.float32))
    items, scores = np.arange(3, dtype=np.int32), np.array([1.0, 0.9, 0.5])
    assert Diversity(strength=0.5).order(items, scores, context, 3).tolist() == [0, 2, 1]
    assert Diversity(strength=0.01).order(items, scores, context, 3).tolist() == [0, 1, 2]


@pytest.mark.parametrize("strength", [-0.1, 1.1, float("nan")])
def test_a_strength_outside_its_range_is_refused(strength):
    with pytest.raises(ModelError, match=r"diversity\.strength: got .*, expected a number in 0\.\.1\n    hint: 0 keeps"):
        Diversity(strength=strength).order(*candidates(1), 3)
