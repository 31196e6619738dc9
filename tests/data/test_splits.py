from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sevenfold import data
from sevenfold.data.requests import labelled
from sevenfold.data.splits import Cuts, cuts, slide, stretches
from sevenfold.design.sections import Split
from sevenfold.errors import DataError

DAY = 86_400


def log(time, ratings=None):
    return {
        "time": time,
        "user": [i % 7 for i in range(len(time))],
        "item": [i % 11 for i in range(len(time))],
        "rating": ratings or [5] * len(time),
    }


def test_shares_of_events_with_gaps_taken_from_the_earlier_side(design):
    made = design(log([1000 * DAY + i * DAY for i in range(100)]), within=2 * DAY, label_delay=DAY)
    loaded = data.load(made)
    found = cuts(loaded, made)
    day = np.array(sorted(vars(found).values())) / 1e6 / DAY - 1000
    assert [vars(found)[name] for name in Cuts.__dataclass_fields__] == sorted(vars(found).values())
    np.testing.assert_allclose(day, [0, 61, 61, 77, 80, 87, 90, 96], atol=1e-6)
    assert found.start == loaded.log.time[0] - 1


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(
    st.lists(st.integers(0, 300), min_size=60, max_size=120),
    st.integers(0, 12),
    st.integers(0, 5),
    st.sampled_from([0.1, 0.15, 0.2]),
    st.booleans(),
)
def test_no_label_of_a_stretch_looks_into_a_later_one(design, hours, within, delay, share, own):
    made = design(
        log([10**9 + 3600 * hour for hour in hours]),
        within=3600 * within,
        label_delay=3600 * delay,
        own=own,
        split=Split(test=share, validate=share),
    )
    loaded = data.load(made)
    try:
        found = cuts(loaded, made)
    except DataError:
        return  # the gaps ate a stretch
    drawn = [
        labelled(loaded, made, start, end, limit=10**6, seed=0).requests.time for _, start, end in stretches(found)
    ]
    window = 1 if own else 3600 * 10**6 * within
    train = np.concatenate(drawn[:2])
    for earlier, later in ((train, drawn[2]), (train, drawn[3]), (drawn[2], drawn[3])):
        if len(earlier) and len(later):
            assert earlier.max() + window < later.min()
    assert not len(drawn[3]) or drawn[3].max() + window + loaded.label_wait - 3600 * 10**6 * within <= max(
        loaded.log.time[-1], drawn[3].max() + window
    )
    assert not len(drawn[0]) or not len(drawn[1]) or drawn[0].max() < drawn[1].min()


def test_an_embargo_of_ones_own(design):
    made = design(log([10**9 + i * DAY for i in range(100)]), split=Split(embargo=5 * DAY))
    found = cuts(data.load(made), made)
    assert found.test_from - found.validate_until == found.validate_from - found.train_until == 5 * DAY * 10**6


def test_the_pipeline_that_ships_keeps_the_shares_up_to_the_end(design):
    made = design(log([10**9 + i * DAY for i in range(100)]), within=2 * DAY)
    loaded = data.load(made)
    found = cuts(loaded, made)
    slid = slide(found, loaded)
    time = loaded.log.time

    def share(cuts):
        return (time < cuts.ranker_from).sum() / (time < cuts.train_until).sum()

    assert slid.start == found.start
    assert slid.end == slid.train_until == found.end
    assert share(slid) == pytest.approx(share(found), abs=0.02)
    assert slid.ranker_from > found.ranker_from


def test_an_empty_split_is_named_with_its_dates(design):
    made = design(log([10**9 + i * DAY for i in range(40)]), within=7 * DAY)
    with pytest.raises(DataError) as caught:
        cuts(data.load(made), made)
    assert (
        "data.split (validate): expected positive events from 2001-10-11 01:46 to 2001-10-08 01:46, got no event"
        in str(caught.value)
    )
    assert (
        "hint: The log runs from 2001-09-09 01:46 to 2001-10-18 01:46 and each gap takes 7 days: raise the share, "
        "or shorten label.within."
    ) in str(caught.value)
    made = design(log([10**9 + i * DAY for i in range(100)], [5] * 90 + [1] * 10))
    with pytest.raises(DataError, match=r"data.split \(test\): .* got 8 events and no positive one"):
        cuts(data.load(made), made)


def test_only_time_splits_a_log(design):
    made = design(log([10**9, 10**9 + 1]), split=Split(by="random"))
    with pytest.raises(
        DataError,
        match=r"data.split: expected shares by time, got by: random, validate: 0.1, test: 0.1\n    hint: Write",
    ):
        cuts(data.load(made), made)
