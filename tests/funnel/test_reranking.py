"""What re-rankers share, and how they follow one another."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from sevenfold.errors import ModelError
from sevenfold.funnel.reranking import best_first, falling, stretched
from sevenfold.nouns import DAY
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
