"""What others chose next, counted event by event."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sevenfold.errors import ModelError
from sevenfold.funnel.retrievers.sessions import Sessions
from sevenfold.nouns import SECOND, Log, Visits
from sevenfold.testing import check_retriever, toy

ITEMS = 6
EVENTS = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 5), st.integers(0, 3), st.integers(0, ITEMS - 1)), max_size=40)


def log_of(events: list[tuple[int, int, int, int]]) -> Log:
    """Events as (second, delay, user, item), in order of time."""
    time, delay, user, item = (np.array(column, dtype=np.int64) for column in zip(*sorted(events))) if events \
        else [np.zeros(0, np.int64)] * 4
    return Log(time=time * SECOND, available=(time + delay) * SECOND, user=user.astype(np.int32), item=item.astype(np.int32),
               positive=np.ones(len(time), np.bool_), table=pa.table({"n": time}))


def by_hand(events: list[tuple[int, int, int, int]], history: list[int], now: int, part: Sessions) -> dict[int, float]:
    """The weights of what followed, by loops over every event and those that the same person chose after it."""
    sums: dict[int, float] = {}
    for place, code in enumerate(history[:part.history]):
        known = sorted((t + d, u, t, i) for t, d, u, i in events if i == code and t + d < now)
        for _, user, time, item in known[-part.sample:]:
            mine = sorted((t, i, d) for t, d, u, i in events if u == user)
            at = mine.index((time, item, next(d for t, i, d in mine if (t, i) == (time, item))))
            before = time
            for t, i, d in mine[at + 1:at + 1 + part.ahead]:
                if t + d >= now or t - before > part.within:
                    break
                sums[i] = sums.get(i, 0.0) + 2.0 ** (-place - (now - t) / part.half_life)
                before = t
    return {item: np.log1p(weight) for item, weight in sums.items()}


@settings(max_examples=150, deadline=None)
@given(EVENTS, st.lists(st.integers(0, ITEMS - 1), max_size=4), st.integers(0, 45))
def test_it_counts_what_followed_and_was_known(events: list[tuple[int, int, int, int]], history: list[int], now: int) -> None:
    events = list({(t, u, i): (t, d, u, i) for t, d, u, i in events}.values())  # a person chooses an item once in a second
    part = Sessions(history=2, ahead=2, within=6.0, half_life=10.0, sample=1000)
    row = np.array([history + [-1] * (4 - len(history))], np.int32)
    visits = Visits(time=np.array([now * SECOND]), user=np.array([0], np.int32), history=row)
    found = part.following(log_of(events), ITEMS).scores(visits)[0]
    expected = by_hand(events, history, now, part)
    assert sorted(np.flatnonzero(np.isfinite(found)).tolist()) == sorted(expected)
    for item, score in expected.items():
        assert found[item] == pytest.approx(score, rel=1e-5)


def test_only_the_newest_of_a_crowd_are_asked() -> None:
    events = [(second, 0, second, second % 2 and 1) for second in range(0, 20)]  # everybody once: nothing follows
    events += [(second, 0, 100, 2) for second in (30,)] + [(31, 0, 100, 3)] + [(32, 0, 101, 2), (33, 0, 101, 4)]
    visits = Visits(time=np.array([40 * SECOND]), user=np.array([7], np.int32), history=np.array([[2]], np.int32))
    newest = Sessions(sample=1).following(log_of(events), ITEMS).scores(visits)[0]
    assert np.flatnonzero(np.isfinite(newest)).tolist() == [4]
    both = Sessions(sample=2).following(log_of(events), ITEMS).scores(visits)[0]
    assert np.flatnonzero(np.isfinite(both)).tolist() == [3, 4]


@pytest.mark.parametrize("params", [{}, {"history": 1, "ahead": 1}, {"within": 5e6, "half_life": 1e6}])
def test_contract(params: dict[str, float]) -> None:
    check_retriever("sessions", **params)


def test_what_nobody_chose_follows_nothing() -> None:
    """Events of those who asked to be forgotten belong to no one, so none follows another."""
    log = log_of([(1, 0, -1, 2), (2, 0, -1, 3), (3, 0, 5, 2), (4, 0, 5, 4)])
    visits = Visits(time=np.array([40 * SECOND]), user=np.array([7], np.int32), history=np.array([[2]], np.int32))
    assert np.flatnonzero(np.isfinite(Sessions().following(log, ITEMS).scores(visits)[0])).tolist() == [4]


def test_refuses_nonsense() -> None:
    with pytest.raises(ModelError, match=r"sessions\.sample: got 0, expected a number above 0"):
        Sessions(sample=0).fit(toy()[0], seed=0)
