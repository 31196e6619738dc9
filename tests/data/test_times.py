from __future__ import annotations

import datetime as dt

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sevenfold.data.times import microseconds
from sevenfold.errors import DataError

MOMENT = 1_500_000_000_123_456  # 2017-07-14T02:40:00.123456Z


def read(values: object, kind: pa.DataType | None = None) -> list[int]:
    return microseconds(pa.chunked_array([pa.array(values, kind)]), where="data.events.time (x.csv)").tolist()


@pytest.mark.parametrize("divisor", [1_000_000, 1000, 1], ids=["seconds", "milliseconds", "microseconds"])
def test_the_magnitude_of_numbers_tells_their_unit(divisor):
    assert read([MOMENT // divisor]) == [MOMENT // divisor * divisor]


def test_nanoseconds_and_fractions_of_a_second():
    assert read([MOMENT * 1000 + 7]) == [MOMENT]
    assert read([1_500_000_000.25]) == [1_500_000_000_250_000]


@pytest.mark.parametrize(
    "text",
    [
        "2017-07-14T02:40:00.123456",
        "2017-07-14 02:40:00.123456",
        "2017-07-14T02:40:00.123456Z",
        "2017-07-14T04:40:00.123456+02:00",
    ],
)
def test_iso_text(text):
    assert read([text, text]) == [MOMENT, MOMENT]


def test_dates_stamps_of_any_unit_and_numbers_as_text():
    assert read([dt.date(1970, 1, 2)]) == [86_400_000_000]
    assert read([dt.datetime(2017, 7, 14, 2, 40)], pa.timestamp("ns")) == [MOMENT // 10**6 * 10**6]
    assert read([dt.datetime(2017, 7, 14, 2, 40)], pa.timestamp("s", "Europe/Berlin")) == [MOMENT // 10**6 * 10**6]
    assert read(["1500000000", "1500000001"]) == [1_500_000_000_000_000, 1_500_000_001_000_000]


@given(st.integers(1, 300), st.data())
def test_the_first_bad_value_is_named_with_its_row(size, data):
    bad = data.draw(st.integers(0, size - 1))
    values = ["2017-07-14"] * size
    values[bad] = values[-1] = "yesterday"
    with pytest.raises(DataError, match=f"row {bad + 1} holds 'yesterday', which is no time"):
        read(values)


def test_other_messages():
    with pytest.raises(DataError, match="row 2 holds 'nan', which is no time"):
        read([1.0, np.nan])
    with pytest.raises(
        DataError, match=r"expected a time, got a column of type bool\n    hint: Write numbers since 1970"
    ):
        read([True])
    with pytest.raises(DataError, match="row 3 holds 'x', which is no time"):
        read(["1", "2", "x"])


def test_a_moment_that_microseconds_cannot_count_is_refused() -> None:
    with pytest.raises(DataError, match="beyond the year 294246"):
        microseconds(pa.chunked_array([pa.array([10**15], pa.timestamp("s"))]), where="data.events.time")
