from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sevenfold import data
from sevenfold.data.requests import labelled
from sevenfold.design.part import Part

SECOND = 1_000_000
EVENTS = st.lists(
    st.tuples(
        st.integers(0, 30),
        st.integers(0, 2),
        st.integers(0, 4),
        st.integers(1, 5),
        st.sampled_from(["p", "q", "r", None]),
    ),
    min_size=1,
    max_size=40,
)


def columns(events):
    events = sorted(events, key=lambda event: event[0])
    names = ("time", "user", "item", "rating", "page")
    table = {name: [event[i] for event in events] for i, name in enumerate(names)}
    table["rating"][0] = 5  # a log without a positive event is refused
    return table


def oracle(table, within, start, end, *, paged, own):
    rows = list(zip(*table.values()))
    asked = {}
    for at, user, _, rating, page in rows:
        key = (page, user) if paged else (at, user)
        if (page is not None) if paged else rating >= 4:
            asked.setdefault(key, at * SECOND - 1)
    found = []
    for (page, user), time in asked.items():
        window = 1 if own else within
        relevant = {
            item
            for at, who, item, rating, shown in rows
            if who == user and rating >= 4 and (shown == page if own and paged else time < at * SECOND <= time + window)
        }
        if start <= time < end:
            found.append((time, user, sorted(relevant)))
    return [each for each in found if each[2]], sum(not each[2] for each in found)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150, deadline=None)
@given(EVENTS, st.integers(0, 12), st.integers(0, 20), st.integers(5, 40), st.booleans(), st.booleans())
def test_requests_are_those_of_a_plain_loop(design, events, within, start, length, paged, own):
    table = columns(events)
    made = design(table, within=within, own=own, **({"request": "page"} if paged else {}))
    loaded = data.load(made)
    start, end = start * SECOND, (start + length) * SECOND
    got = labelled(loaded, made, start, end, limit=1000, seed=0)
    expected, dropped = oracle(table, max(within * SECOND, 1), start, end, paged=paged, own=own)
    ids, items = loaded.users.ids, loaded.items.ids
    found = [
        (
            int(got.requests.time[b]),
            int(ids[got.requests.user[b]]),
            items[got.relevant[got.offsets[b] : got.offsets[b + 1]]].tolist(),
        )
        for b in range(len(got))
    ]
    assert sorted(found) == sorted(expected)
    assert got.dropped == dropped
    assert (np.diff(got.requests.time) >= 0).all()


def test_a_sample_is_uniform_in_order_of_time_and_repeats(design):
    made = design(
        {"time": list(range(1, 401)), "user": [1, 2] * 200, "item": list(range(400)), "rating": [5] * 400}, within=1
    )
    loaded = data.load(made)
    everything = labelled(loaded, made, 0, 10**12, limit=400, seed=0)
    assert len(everything) == 400
    draws = [labelled(loaded, made, 0, 10**12, limit=100, seed=seed) for seed in (1, 1, 2)]
    assert [len(draw) for draw in draws] == [100, 100, 100]
    np.testing.assert_array_equal(draws[0].relevant, draws[1].relevant)
    assert (draws[0].requests.time != draws[2].requests.time).any()
    assert (np.diff(draws[2].requests.time) > 0).all()
    drawn = np.concatenate([labelled(loaded, made, 0, 10**12, limit=100, seed=seed).relevant for seed in range(100)])
    assert np.bincount(drawn, minlength=400).std() < 8  # binomial: sqrt(100 × .25 × .75) = 4.3


def test_the_context_is_the_first_event_without_user_item_and_label(design):
    made = design(
        {
            "time": [10, 10, 20],
            "user": ["u", "u", "v"],
            "item": [1, 2, 3],
            "rating": [1, 5, 5],
            "page": [7, 7, 8],
            "device": ["tv", "phone", None],
            "wait": [0.5, None, 2.0],
        },
        request="page",
        features={"context": {"device": Part(name="attribute"), "wait": Part(name="attribute")}},
    )
    got = labelled(data.load(made), made, 0, 10**9, limit=10, seed=0)
    assert sorted(got.requests.context) == ["device", "page", "time", "wait"]
    assert got.requests.context["device"].tolist() == ["tv", None]
    assert got.requests.context["wait"].tolist() == [0.5, 2.0]
    assert len(got) == 2


def test_no_request_in_the_stretch(design):
    made = design({"time": [10], "user": [1], "item": [1], "rating": [5]})
    got = labelled(data.load(made), made, 0, 5, limit=10, seed=0)
    assert (len(got), got.offsets.tolist(), got.relevant.tolist(), got.dropped) == (0, [0], [], 0)


@pytest.mark.parametrize("own", [True, False])
def test_types_are_those_of_the_nouns(design, own):
    made = design({"time": [10, 11], "user": [1, 1], "item": [1, 2], "rating": [5, 5]}, own=own)
    got = labelled(data.load(made), made, 0, 10**9, limit=10, seed=0)
    assert (got.requests.time.dtype, got.requests.user.dtype, got.offsets.dtype, got.relevant.dtype) == (
        np.int64,
        np.int32,
        np.int64,
        np.int32,
    )
