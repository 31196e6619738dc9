"""Events as columns: values that need no reader are taken as the reader takes them; a link has two ends."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from sevenfold.data.arriving import arriving
from sevenfold.data.times import microseconds
from sevenfold.serving.arrivals import Arrivals, both_ways, first_of_each, plain

SCHEMA = pa.schema([("time", pa.int64()), ("user", pa.string()), ("item", pa.int32()), ("price", pa.float64()),
                    ("paid", pa.bool_()), ("tags", pa.list_(pa.string()))])
NEEDED = ["user", "item", "time"]
VALUES = st.none() | st.booleans() | st.integers(-2**70, 2**70) | st.floats(allow_nan=False, allow_infinity=False) | st.text()
TIMES = st.integers(0, 10**10) | st.integers(10**11, 10**13)
GOOD = {"time": TIMES, "user": st.text(min_size=1), "item": st.integers(-5, 2**31 - 1)}
ANY = {"price": st.floats(-9, 9) | VALUES, "paid": st.booleans() | VALUES, "tags": VALUES}


@settings(deadline=None)
@given(st.lists(st.fixed_dictionaries(GOOD, optional=ANY), min_size=1, max_size=4))
def test_plain_values_are_taken_as_the_reader_takes_them(rows: list[dict[str, Any]]) -> None:
    table = plain(rows, SCHEMA, NEEDED, ["time"])
    if table is None:
        return
    lines = b"\n".join(msgspec.json.encode(row) for row in rows)
    (read,) = arriving(BytesIO(lines), columns=dict(zip(SCHEMA.names, SCHEMA.types, strict=True)), needed=NEEDED[:2],
                       times=["time"], kind="jsonl", latest=lambda: 10**18)
    assert not read.refused
    assert table.to_pylist() == read.table.to_pylist()
    assert table.schema == read.table.schema
    np.testing.assert_array_equal(microseconds(table["time"], where=""), read.times["time"])


def test_what_needs_a_closer_look_is_left_to_the_reader() -> None:
    good = {"time": 10, "user": "a", "item": 1}
    assert plain([good, good], SCHEMA, NEEDED, ["time"]).num_rows == 2
    for odd in ({"user": 1}, {"item": 1.0}, {"item": True}, {"item": 2**40}, {"user": None}, {"time": "2026-01-01"},
                {"price": "1"}, {"paid": 1}, {"tags": ["a"]}, {"time": 10**12}):
        assert plain([good, good | odd], SCHEMA, NEEDED, ["time"]) is None, odd


def test_a_link_is_seen_from_both_ends_and_once_from_its_only_one() -> None:
    links = Arrivals(pa.table({"n": [0, 1, 2]}), np.arange(3), np.arange(3), ["a", "b", "c"], ["x", "b", ""], np.arange(3))
    seen = both_ways(links)
    assert list(zip(seen.users, seen.items, seen.number.tolist(), seen.time.tolist(), strict=True)) == [
        ("a", "x", 0, 0), ("x", "a", 1, 0), ("b", "b", 2, 1), ("c", "", 4, 2), ("", "c", 5, 2)]


def test_a_row_with_any_mark_that_is_known_is_not_new() -> None:
    marks = [[b"a", b"1"], [b"b", b"1"], [b"b", b"2"], [b"c", b"3"], [b"d", b"4"]]
    told = dict.fromkeys([mark for mine in marks for mark in mine]) | {b"3": b"known"}
    assert first_of_each(marks, told).tolist() == [0, 4]
