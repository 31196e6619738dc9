from __future__ import annotations

import hashlib

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from pyarrow import parquet

from sevenfold.data.worlds.video import DAYS, LOOK, PAGE, START, TOPICS, simulate, write
from sevenfold.errors import DataError
from sevenfold.nouns import DAY


@pytest.fixture(scope="module")
def world():
    return simulate(users=600, items=300, events=30_000, seed=1)


def column(table: pa.Table, name: str) -> np.ndarray:
    return table.column(name).to_numpy()


def test_the_shape_of_the_tables(world):
    assert world.events.column_names == [
        "event_id",
        "timestamp",
        "request_id",
        "user_id",
        "item_id",
        "position",
        "device",
        "clicked",
        "watched",
        "propensity",
    ]
    assert (world.events.num_rows, world.users.num_rows, world.items.num_rows) == (30_000, 600, 300)
    assert world.users.column_names == ["user_id", "age", "country"]
    assert world.items.column_names == ["item_id", "title", "topics", "creator", "length", "published"]
    assert world.items.schema.field("topics").type == pa.list_(pa.string())
    time = column(world.events, "timestamp")
    assert (np.diff(time) >= 0).all()
    assert time[0] >= START
    assert time[-1] < START + (DAYS + 1) * DAY
    assert not {"look", "attraction", "enjoyment"} & set(world.events.column_names)


def test_the_same_seed_gives_the_same_bytes(tmp_path, world):
    def digests(made, folder):
        return [hashlib.sha256(file.read_bytes()).hexdigest() for file in write(made, folder)]

    again = simulate(users=600, items=300, events=30_000, seed=1)
    assert digests(world, tmp_path / "a") == digests(again, tmp_path / "b")
    assert simulate(users=600, items=300, events=30_000, seed=2).events != world.events
    assert sorted(file.name for file in (tmp_path / "a").iterdir()) == [
        "events.parquet",
        "items.parquet",
        "truth.parquet",
        "users.parquet",
    ]
    assert parquet.read_table(tmp_path / "a" / "events.parquet") == world.events


def test_pages_of_ten_different_items_that_exist_and_were_not_watched_before(world):
    request, item = column(world.events, "request_id"), column(world.events, "item_id")
    position, user = column(world.events, "position"), column(world.events, "user_id")
    assert (np.bincount(request) == PAGE).all()
    assert len(np.unique(request * 1000 + item)) == len(item)
    assert (position == np.tile(np.arange(1, PAGE + 1), len(position) // PAGE)).all()
    assert (np.bincount(request, user) % PAGE == 0).all()
    born = column(world.items, "published").astype("datetime64[us]").astype(np.int64)
    assert (born[item - 1] <= column(world.events, "timestamp")).all()
    clicked = column(world.events, "clicked") == 1
    pairs = user[clicked] * 1000 + item[clicked]
    assert len(np.unique(pairs)) == len(pairs)


def test_clicks_follow_their_known_chances(world):
    chance = column(world.truth, "look") * column(world.truth, "attraction")
    clicked, position = column(world.events, "clicked"), column(world.events, "position")
    for low, high in ((0, 0.1), (0.1, 0.3), (0.3, 0.6), (0.6, 1)):
        rows = (chance >= low) & (chance < high)
        assert clicked[rows].mean() == pytest.approx(chance[rows].mean(), abs=4 * 0.5 / rows.sum() ** 0.5)
    np.testing.assert_allclose(column(world.truth, "look"), LOOK[position - 1])
    watched, expected = column(world.events, "watched"), column(world.truth, "enjoyment")
    assert (watched[clicked == 0] == 0).all()
    assert (watched[clicked == 1] - expected[clicked == 1]).mean() == pytest.approx(0, abs=0.01)
    assert 0.1 < clicked.mean() < 0.5


def test_propensities_are_chances_of_a_draw(world):
    propensity, position = column(world.events, "propensity"), column(world.events, "position")
    assert ((propensity > 0) & (propensity <= 1)).all()
    # the inverse of the first draw's propensity counts the items alive, on average
    first = 1 / propensity[position == 1]
    alive = (
        (
            column(world.items, "published").astype("datetime64[us]").astype(np.int64)[None, :]
            <= column(world.events, "timestamp")[position == 1][:, None]
        )
        .sum(axis=1)
        .mean()
    )
    assert first.mean() == pytest.approx(alive, rel=0.1)


def test_bait_draws_clicks_and_disappoints(world):
    item, clicked, watched = (column(world.events, name) for name in ("item_id", "clicked", "watched"))
    bait = world.things.bait[item - 1] > 0
    assert clicked[bait].mean() > clicked[~bait].mean()
    assert watched[bait & (clicked == 1)].mean() < watched[~bait & (clicked == 1)].mean() - 0.15
    titles = pc.match_substring_regex(world.items["title"], "(?i)secret|shocking|unbelievable|insane").to_numpy()
    np.testing.assert_array_equal(titles, world.things.bait > 0)


def test_tastes_drift_and_titles_tell_topics(world):
    near, far = (np.corrcoef(world.tastes[0].ravel(), world.tastes[day].ravel())[0, 1] for day in (1, 50))
    assert near > 0.98
    assert 0.6 < far < near - 0.05
    main = np.array(list(TOPICS))[world.things.topics.argmax(axis=1)]
    title = world.items["title"].to_pylist()
    assert all(set(TOPICS[topic].split()) & set(text.lower().split()) for topic, text in zip(main, title))


def test_those_who_know_the_truth_or_the_past_beat_popularity(world):
    user, item, time = (column(world.events, name) for name in ("user_id", "item_id", "timestamp"))
    good = column(world.events, "watched") >= 0.7
    past = time < np.quantile(time, 0.85)
    made = np.zeros((600, 300))
    made[user[past & good] - 1, item[past & good] - 1] = 1
    popular = made.sum(axis=0)
    alike = made.T @ made / np.sqrt(np.outer(popular + 1, popular + 1))
    np.fill_diagonal(alike, 0)
    rows = np.flatnonzero(~past & good)
    known = made[user[rows] - 1]

    def hits(scores):
        scores = np.where(known > 0, -np.inf, scores)
        return (scores > scores[np.arange(len(rows)), item[rows] - 1][:, None]).sum(axis=1) < 20

    by_popularity, by_neighbours = (
        hits(np.tile(popular, (len(rows), 1))).mean(),
        hits(known @ alike + 1e-6 * popular).mean(),
    )
    by_truth = hits(world.appeal(user[rows] - 1, time[rows])).mean()
    assert by_truth > by_neighbours > 1.3 * by_popularity
    assert by_truth > 1.8 * by_popularity


def test_a_world_that_cannot_be():
    with pytest.raises(
        DataError, match=r"data simulate --items: expected at least 50, got 10\n    hint: A page shows ten items"
    ):
        simulate(items=10)
    with pytest.raises(DataError, match="data simulate --users: expected at least 1, got 0"):
        simulate(users=0)


def test_small_worlds_and_odd_sizes():
    world = simulate(users=1, items=50, events=1001, seed=0)
    assert world.events.num_rows == world.truth.num_rows == 1001
    assert np.isfinite(column(world.events, "propensity")).all()
