from __future__ import annotations

import time as clock

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import csv, parquet

from sevenfold import data
from sevenfold.data.entities import ALWAYS
from sevenfold.design.part import Part
from sevenfold.errors import DataError, DesignError

LOG = {"time": [30, 10, 20, 10], "user": [2, 1, 1, 1], "item": ["b", "a", "c", "b"], "rating": [4, 5, 1, 3]}


def test_the_log_is_in_order_of_time_and_ties_in_order_of_arrival(design):
    loaded = data.load(design(LOG, within=5, label_delay=2))
    log = loaded.log
    assert log.time.tolist() == [10_000_000, 10_000_000, 20_000_000, 30_000_000]
    assert loaded.users.ids[log.user].tolist() == [1, 1, 1, 2]
    assert loaded.items.ids[log.item].tolist() == ["a", "b", "c", "b"]
    assert log.positive.tolist() == [True, False, False, True]
    assert log.table["rating"].to_pylist() == [5, 3, 1, 4]
    assert (loaded.label_wait, loaded.impressions) == (7_000_000, False)
    assert log.user.dtype == log.item.dtype == np.int32


def test_exact_duplicates_are_kept(design):
    assert len(data.load(design({name: [*column, column[0]] for name, column in LOG.items()})).log) == 5


def test_only_named_columns_are_read(design):
    table = {**LOG, "device": list("xyzx"), "genre": list("xyzx"), "unused": [0] * 4, "size": [1.5] * 4}
    features = {
        "user": {"genre": Part(name="attribute")},
        "context": {"where": Part(name="one_of", params={"columns": ["device"]})},
        "item": {"bulk": Part(name="mean", params={"mean": "size"})},
    }
    assert data.load(design(table, features=features)).log.table.column_names == [
        "time",
        "user",
        "item",
        "rating",
        "device",
        "genre",
        "size",
    ]


def test_when_an_event_may_be_read(design):
    made = design({**LOG, "seen": [31, 12, 19, 10]}, available="seen")
    log = data.load(made).log
    assert (log.available - log.time).tolist() == [2_000_000, 0, 0, 1_000_000]  # the third claims to precede itself


def test_a_source_that_delays(design):
    log = data.load(design(LOG, delay=1.5)).log
    assert (log.available - log.time).tolist() == [1_500_000] * 4


def test_impressions_are_logged_where_requests_are_named(design):
    assert data.load(design({**LOG, "page": [1, 2, 3, 4]}, request="page")).impressions


def test_attributes_stand_in_the_order_of_the_ids(design):
    items = {
        "id": ["d", "b", "a"],
        "genres": ["X|Y", None, "Z"],
        "year": [4, None, 1],
        "since": ["2026-01-02", None, "2026-01-01"],
        "note": ["a | b", "x", "y"],
    }
    loaded = data.load(design(LOG, items=items, born="since"))
    assert loaded.items.ids.tolist() == ["a", "b", "c", "d"]
    assert loaded.items.table.to_pydict() == {
        "id": ["a", "b", "c", "d"],
        "genres": [["Z"], None, None, ["X", "Y"]],
        "year": [1, None, None, 4],
        "since": ["2026-01-01", None, None, "2026-01-02"],
        "note": ["y", "x", None, "a | b"],
    }
    assert loaded.items.born is not None
    assert loaded.items.born.tolist() == [9_999_999, ALWAYS, ALWAYS, 1_767_312_000_000_000]
    assert loaded.users.table.to_pydict() == {"user": [1, 2]}


def test_ids_are_numbers_or_text(design):
    assert data.load(design({**LOG, "user": [2.0, 1.0, 1.0, 1.0]})).users.ids.dtype == np.int64
    mixed = data.load(design(LOG, users={"id": ["1", "2", "10"]})).users
    assert mixed.ids.tolist() == ["1", "10", "2"]
    assert mixed.codes(np.array(["10", "7"])).tolist() == [1, -1]
    half = data.load(design({**LOG, "user": [0.5, 1.0, 1.0, 1.0]})).users
    assert half.ids.dtype.kind == "U"


@pytest.mark.parametrize("kind", [pa.string(), pa.int64(), pa.int8()])
def test_codes_are_positions_in_rising_ids(design, kind):
    rng = np.random.default_rng(0)
    used = pa.array(rng.integers(0, 100, 500)).cast(kind)
    loaded = data.load(
        design(
            {"time": list(range(500)), "user": used, "item": [1] * 500, "rating": [5] * 500},
            users={"id": pa.array(range(50, 120)).cast(kind)},
        )
    )
    assert loaded.users.ids[loaded.log.user].tolist() == used.to_pylist()
    assert sorted(loaded.users.ids.tolist()) == loaded.users.ids.tolist() == loaded.users.table["id"].to_pylist()


def refused(design, *parts, error=DataError):
    with pytest.raises(error) as caught:
        data.load(design)
    for part in parts:
        assert part in str(caught.value)


def test_wrong_columns_are_named(design):
    refused(
        design(LOG, time="tiem"),
        "data.events.time (events.parquet): no column is called 'tiem'",
        "Did you mean 'time'?",
    )
    refused(
        design(LOG, label="ratings >= 4"),
        "framing.label.is (events.parquet): no column is called 'ratings'",
        "Did you mean 'rating'?",
    )
    refused(design(LOG, label="rating ="), "framing.label.is: 'rating =' is no expression", error=DesignError)
    refused(design(LOG, users={"key": [1]}), "data.users.key (users.parquet): no column is called 'id'")
    refused(
        design(LOG, items={"id": ["a"]}, born="when"), "data.items.born (items.parquet): no column is called 'when'"
    )
    refused(
        design(LOG, time="none"),
        "data.events.time: the task 'recommend' needs a column for the time",
        "time, user, item, rating",
    )


def test_missing_and_bad_values_are_named(design):
    refused(
        design({**LOG, "user": [2, None, None, 1]}),
        "data.events.user (events.parquet): column 'user' is empty in 2 of 4 rows, first in row 2",
        "Fill them in or leave those rows out",
    )
    refused(
        design({**LOG, "time": [1.0, float("nan"), 2.0, 3.0]}), "column 'time' is empty in 1 of 4 rows, first in row 2"
    )
    refused(
        design({**LOG, "time": ["2026-01-01", "x", "x", "x"]}),
        "data.events.time (events.parquet): row 2 holds 'x', which is no time",
    )
    refused(
        design({**LOG, "rating": [1.0, 2.0, float("inf"), 3.0]}), "column 'rating' holds an infinite number in row 3"
    )
    refused(
        design(LOG, items={"id": ["a"], "size": [float("inf")]}),
        "data.items (items.parquet): column 'size' holds an infinite number in row 1",
    )


def test_events_of_the_future_are_named_with_the_first(design):
    soon = int(clock.time()) + 3600
    assert len(data.load(design({**LOG, "time": [30, 10, 20, soon]})).log) == 4
    with pytest.raises(DataError) as caught:
        data.load(design({**LOG, "time": [30, 8_091_000_000, 20, 8_000_000_000]}))
    assert caught.value.where.startswith("data.events.time")
    assert caught.value.problem == "2 of 4 events lie in the future, the first in row 2, which reads as '2226-05-24T20:00:00'"
    assert "times here are seconds since 1970" in caught.value.hint


def test_labels_that_are_not_a_number_are_not_positive(design):
    assert data.load(design({**LOG, "rating": [float("nan"), 5.0, None, 1.0]})).log.positive.tolist() == [
        True,
        False,
        False,
        False,
    ]


def test_keys_are_unique_and_match(design):
    refused(
        design(LOG, users={"id": [7, 1, 7, 7]}),
        "data.users.key (users.parquet): key '7' occurs 3 times, in rows 1, 3, 4",
        "Keep one row for each key (1 keys occur more than once).",
    )
    refused(
        design(LOG, users={"id": [1, None]}), "data.users.key (users.parquet): 1 rows have no key, the first is row 2"
    )
    refused(
        design(LOG, items={"id": [1, 2]}),
        "data.items.key (items.parquet): no id of the log is in it: the log's 'item' holds text "
        "such as 'a', its own 'id' holds numbers such as '1'",
        "Write the ids the same way in both",
    )


def test_one_class(design):
    refused(
        design(LOG, label="rating > 5"),
        "framing.label.is (events.parquet): no event satisfies 'rating > 5', so there is nothing to learn",
        "The label's columns hold rating: 5, 3, 1; compare them with other values.",
    )


def test_the_fingerprint_names_the_content(design):
    first = data.load(design(LOG)).fingerprint
    assert first == data.load(design(pa.concat_tables([pa.table(LOG).slice(0, 1), pa.table(LOG).slice(1)]))).fingerprint
    others = [{**LOG, "rating": [4, 5, 1, 2]}, {**LOG, "user": [2, 1, 1, 2]}, {**LOG, "time": [30, 10, 21, 10]}]
    assert len({first, *(data.load(design(other)).fingerprint for other in others)}) == 4
    assert first != data.load(design(LOG, items={"id": ["a"], "size": [1]})).fingerprint


def test_formats_and_catalogue_agree_and_a_big_csv_is_read_in_one_pass(design, tmp_path):
    rng = np.random.default_rng(0)
    size = 300_000
    table = pa.table(
        {
            "time": rng.integers(10**9, 10**9 + 10**7, size),
            "user": rng.integers(0, 20_000, size),
            "item": rng.integers(0, 3_000, size),
            "rating": rng.integers(1, 6, size),
            "text": ["x" * 50] * size,
        }
    )
    csv.write_csv(table, tmp_path / "big.csv")
    parquet.write_table(table, tmp_path / "big.parquet")
    before, allocated = clock.perf_counter(), pa.total_allocated_bytes()
    loaded = data.load(design("big.csv"))
    assert clock.perf_counter() - before < 20
    assert pa.total_allocated_bytes() - allocated < 40 * size  # the long text was not kept
    assert loaded.fingerprint == data.load(design("big.parquet")).fingerprint
    assert (np.diff(loaded.log.time) >= 0).all()


def test_an_item_is_born_before_its_first_event(design):
    loaded = data.load(design(LOG, items={"id": ["a", "b", "d"], "since": [5, 20, 7]}, born="since"))
    assert loaded.items.born is not None
    assert loaded.items.born.tolist() == [5_000_000, 9_999_999, ALWAYS, 7_000_000]


def test_numbers_too_large_are_text(design):
    large = pa.array([2**63 + 5, 1, 1, 1], pa.uint64())
    assert data.load(design({**LOG, "user": large})).users.ids.tolist() == ["1", "9223372036854775813"]


def test_a_birth_that_is_no_time_is_named_with_its_row(design):
    items = {"id": ["a", "b", "c"], "since": [None, "2026-01-01", "soon"]}
    refused(design(LOG, items=items, born="since"), "data.items.born (items.parquet): row 3 holds 'soon', which is no time")
    never = data.load(design(LOG, items={"id": ["a"], "since": pa.nulls(1, pa.string())}, born="since")).items
    assert never.born is not None
    assert never.born.tolist() == [ALWAYS] * 3
