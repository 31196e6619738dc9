from __future__ import annotations

from dataclasses import replace

import pytest

from sevenfold.errors import ModelError
from sevenfold.funnel.retrievers.popular import Popular
from sevenfold.funnel.retrievers.trending import Trending
from sevenfold.testing import toy


def test_it_is_popularity_with_a_short_memory():
    interactions, visits, _ = toy()
    hours = replace(interactions, time=interactions.time * 3600, cut=interactions.cut * 3600)
    trending, popular, same = Trending(), Popular(), Popular(half_life=21600.0)
    for part in (trending, popular, same):
        part.fit(hours, seed=0)
    assert (trending.scores(visits) == same.scores(visits)).all()
    assert (trending.scores(visits) != popular.scores(visits)).any()


def test_its_errors_have_its_own_name():
    with pytest.raises(ModelError, match=r"trending\.half_life: got 0\.0, expected a number above 0"):
        Trending(half_life=0.0).fit(toy()[0], seed=0)
