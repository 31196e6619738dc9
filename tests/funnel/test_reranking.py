"""What re-rankers share, and how they follow one another."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from sevenfold.errors import ModelError
from sevenfold.funnel.rerankers.caps import Caps
from sevenfold.funnel.rerankers.diversity import Diversity
from sevenfold.funnel.rerankers.explore import Explore
from sevenfold.funnel.rerankers.freshness import Freshness
from sevenfold.funnel.rerankers.rules import Rules
from sevenfold.funnel.reranking import best_first, falling, follow, prices, stretched
from sevenfold.nouns import DAY, Answers, Candidates
from sevenfold.testing import toy_context

SCORES = hnp.arrays(np.float64, st.integers(0, 40), elements=st.sampled_from([-3.0, 0.0, 1 / 61, 1 / 62, 0.5, 7e5]))


@given(SCORES)
def test_falling_scores_are_the_same_ones_and_no_two_are_equal(scores):
    handed = falling(scores)
    assert (np.diff(handed) < 0).all()
    assert handed == pytest.approx(np.sort(scores)[::-1], rel=1e-6, abs=4e-8 * np.abs(scores).max(initial=1.0))
    assert best_first(np.arange(len(scores))[::-1].astype(np.int32), handed).tolist() == list(range(len(scores)))


@given(SCORES)
def test_stretched_scores_keep_their_order_between_0_and_1(scores):
    found = stretched(scores)
    if len(set(scores.tolist())) > 1:
        assert (found.min(), found.max()) == (0.0, 1.0)
        assert ((found[:, None] > found) == (scores[:, None] > scores)).all()
    else:
        assert not found.any()


def test_a_copy_of_an_item_has_its_row():
    context = toy_context()
    copied = replace(context, copies=np.array([7, 7, 3]))
    items = np.array([0, 2, 1], np.int32)
    assert copied.attributes(items, ["price"], "x").equals(context.attributes(np.array([7, 3, 7], np.int32), ["price"], "x"))
    assert (copied.age(items, "x") == context.age(np.array([7, 3, 7], np.int32), "x")).all()


def test_age_is_in_seconds_and_an_item_that_was_always_there_is_very_old():
    context = replace(toy_context(), born=np.array([99 * DAY, np.iinfo(np.int64).min]), time=100 * DAY)
    assert context.age(np.array([0, 1], np.int32), "x") == pytest.approx([86400.0, 9.2e12], rel=0.01)


def test_what_the_data_do_not_say_is_named():
    items = np.array([0], np.int32)
    with pytest.raises(ModelError, match=r"caps\.by: the table of items has no column 'clb'\n    hint: Did you mean 'club'\?"):
        toy_context().attributes(items, ["clb"], "caps.by")
    with pytest.raises(ModelError, match=r"freshness: the data do not say since when an item can be shown\n.*data\.items\.born"):
        replace(toy_context(), born=None).age(items, "freshness")


PARTS = (Rules(block="price > 7"), Diversity(strength=0.5), Caps(by="club", most=2), Freshness(weight=0.5), Explore(share=0.5))
ITEMS, VALUES = np.arange(0, 50, 2, dtype=np.int32), np.random.default_rng(1).random(25)


def test_each_follows_the_order_of_the_one_before():
    context, items = toy_context(), ITEMS
    value = VALUES
    found = follow(PARTS, ITEMS, VALUES, context, 8)
    for part, left in zip(PARTS, found, strict=True):
        order = part.order(items, value, context, 8 if part is PARTS[-1] else len(items))
        items, value = items[order], falling(value)[:len(order)]
        assert ITEMS[left.order].tolist() == items.tolist()
    assert len(found[-1].order) == 8
    assert [left.chances is not None for left in found] == [False] * 4 + [True]


def traced(requests: int) -> Answers:
    """Every item but the last is kept, for each request with scores of its own."""
    request = np.repeat(np.arange(requests), 25).astype(np.int32)
    scores = np.random.default_rng(2).random(len(request)).astype(np.float32)
    kept = np.where(np.tile(ITEMS, requests) < 48, scores, np.float32(np.nan))
    candidates = Candidates(request=request, item=np.tile(ITEMS, requests), sources={}, ranks={})
    empty = np.zeros((requests, 0))
    return Answers(items=empty.astype(np.int32), scores=empty.astype(np.float32), candidates=candidates,
                   stages={"rank": scores, "kept": kept})


def test_a_price_holds_both_lists_and_what_was_gained():
    context = toy_context()
    caps, fresh, varied = (prices((part,), traced(3), lambda _: context, 4, 6)[0]
                           for part in (Caps(by="club", most=1), Freshness(weight=1.0), Diversity(strength=0.9)))
    for price in (caps, fresh, varied):
        assert price.before.shape == price.after.shape == (4, 6)
        assert (price.before[3] == -1).all(), "the last request has no candidates"
        assert np.isnan(price.gained[3])
        assert (price.gained[:3] >= 0).all()
        assert price.gained[:3].sum() > 0
        assert 48 not in price.before
    for row in range(3):
        before, after = varied.before[row], varied.after[row]
        pairs = [[1 - float(context.content[a] @ context.content[b]) for a in some for b in some if a != b]
                 for some in (before, after)]
        assert varied.gained[row] == pytest.approx(np.mean(pairs[1]) - np.mean(pairs[0]), abs=1e-6)
        ages = [(context.time - context.born[some]).mean() / DAY for some in (fresh.before[row], fresh.after[row])]
        assert fresh.gained[row] == pytest.approx(ages[0] - ages[1])
        clubs = [context.table.column("club").take(some[some >= 0]).to_pylist() for some in (caps.before[row], caps.after[row])]
        shares = [max(some.count("a"), some.count("b")) / len(some) for some in clubs]
        assert caps.gained[row] == pytest.approx(shares[0] - shares[1])


def test_prices_of_several_begin_where_the_one_before_ended():
    found = prices(PARTS, traced(2), lambda _: toy_context(), 2, 6)
    for one, after in pairwise(found):
        assert one.after.tolist() == after.before.tolist()
    assert [price.unit is None for price in found] == [True, False, False, False, True]
    assert np.isnan(found[0].gained).all(), "what a rule gains is not counted"
    assert prices((), traced(2), lambda _: toy_context(), 2, 6) == []
