from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from sevenfold.errors import ModelError
from sevenfold.funnel.retrievers.popular import Popular
from sevenfold.nouns import DAY, SECOND, Log, Visits
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


def test_a_log_is_followed_strictly_before_the_last_refresh():
    live = Popular(half_life=32.0).following(_log(), items=3)  # refreshed every second
    times = np.array([0, 5 * SECOND, 5 * SECOND + 1, 6 * SECOND], np.int64)
    visits = Visits(time=times, user=np.zeros(4, np.int32), history=np.full((4, 1), -1, np.int32))
    scores = live.scores(visits)
    assert (scores[0] == 0).all(), "nothing was available before the first event"
    assert scores[1] == pytest.approx(np.log1p([2 ** (-4 / 32), 0, 0])), "what happens at the refresh is not before it"
    assert (scores[2] == scores[1]).all(), "until the next refresh nothing changes"
    assert scores[3] == pytest.approx(np.log1p([2 ** (-5 / 32), 2 ** (-1 / 32), 0])), "negative events do not count"
    alone = live.scores(Visits(time=times[3:], user=visits.user[3:], history=visits.history[3:]))
    assert (alone[0] == scores[3]).all()
    assert (live.grow(np.array([1, 0])).scores(visits) == scores[:, [1, 0]]).all()


def _log() -> Log:
    time = np.array([1, 5, 5], np.int64) * SECOND
    return Log(time=time, available=time, user=np.zeros(3, np.int32), item=np.array([0, 1, 2], np.int32),
               positive=np.array([True, True, False]), table=pa.table({"time": time}))


def test_nothing_to_learn_from_is_said():
    interactions, _, _ = toy()
    empty = replace(interactions, user=interactions.user[:0], item=interactions.item[:0], time=interactions.time[:0])
    with pytest.raises(ModelError, match="popular: got no positive event before the cut, expected at least one"):
        Popular().fit(empty, seed=0)


def test_a_half_life_of_zero_is_refused():
    with pytest.raises(ModelError, match=r"popular\.half_life: got 0\.0, expected a number above 0"):
        Popular(half_life=0.0).fit(toy()[0], seed=0)
