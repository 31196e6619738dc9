from __future__ import annotations

from collections import Counter
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sevenfold.errors import ModelError
from sevenfold.funnel.rerankers.caps import Caps
from sevenfold.testing import check_reranker, toy_context

CONTEXT = toy_context()


def candidates(seed: int, n: int = 30) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    return random.permutation(50)[:n].astype(np.int32), random.integers(0, 9, n).astype(np.float64)


def values(by: str, items: np.ndarray) -> list[list[object]]:
    column = CONTEXT.attributes(items, [by], "").column(0).to_pylist()
    return [value if isinstance(value, list) else [value] * (value is not None) for value in column]


def counts(by: str, items: np.ndarray) -> Counter[object]:
    return Counter(value for of_one in values(by, items) for value in of_one)


@pytest.mark.parametrize("by", ["club", "tags", "price"])
def test_contract(by):
    check_reranker("caps", by=by)


@given(seed=st.integers(0, 10_000), by=st.sampled_from(["club", "tags", "price"]), most=st.integers(1, 3), k=st.integers(1, 30))
def test_no_value_comes_too_often_and_nothing_better_was_left_out(seed, by, most, k):
    items, scores = candidates(seed)
    order = Caps(by=by, most=most).order(items, scores, CONTEXT, k).tolist()
    assert max(counts(by, items[order]).values(), default=0) <= most
    best = sorted(range(30), key=lambda at: (-scores[at], items[at]))
    assert order == sorted(order, key=best.index)
    reached = best if len(order) < k else best[:best.index(order[-1])]
    for left_out in set(reached) - set(order):
        shown = counts(by, items[[at for at in order if best.index(at) < best.index(left_out)]])
        assert any(shown[value] == most for value in values(by, items[[left_out]])[0])


def test_among_all_lists_that_keep_the_cap_it_gives_the_one_with_the_best_scores():
    items, _ = candidates(4, 8)
    scores = 2.0 ** np.random.default_rng(4).permutation(8)  # no two lists are worth the same
    allowed = [chosen for size in range(5) for chosen in combinations(range(8), size)
               if max(counts("club", items[list(chosen)]).values(), default=0) <= 1]
    best = max(allowed, key=lambda chosen: scores[list(chosen)].sum())
    assert set(Caps(by="club", most=1).order(items, scores, CONTEXT, 4).tolist()) == set(best)


def test_less_than_one_is_refused():
    with pytest.raises(ModelError, match=r"caps\.most: got 0, expected a number from 1 on\n    hint: .*rules"):
        Caps(by="club", most=0).order(*candidates(1), CONTEXT, 3)
