from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sevenfold.errors import ModelError
from sevenfold.funnel.retrievers.popular import Popular
from sevenfold.nouns import DAY
from sevenfold.testing import toy


def test_an_event_counts_half_after_each_half_life():
    interactions, visits, _ = toy()
    events = replace(interactions, user=np.zeros(3, np.int32), item=np.array([0, 1, 1], np.int32),
                     time=np.array([10, 9, 8], np.int64) * DAY, cut=10 * DAY, items=3)
    popular = Popular(half_life=86400.0)
    popular.fit(events, seed=0)
    scores = popular.scores(visits)
    assert scores[0] == pytest.approx(np.log1p([1.0, 0.5 + 0.25, 0.0]))
    assert (scores == scores[0]).all()


def test_nothing_to_learn_from_is_said():
    interactions, _, _ = toy()
    empty = replace(interactions, user=interactions.user[:0], item=interactions.item[:0], time=interactions.time[:0])
    with pytest.raises(ModelError, match="popular: got no positive event before the cut, expected at least one"):
        Popular().fit(empty, seed=0)


def test_a_half_life_of_zero_is_refused():
    with pytest.raises(ModelError, match=r"popular\.half_life: got 0\.0, expected a number above 0"):
        Popular(half_life=0.0).fit(toy()[0], seed=0)
