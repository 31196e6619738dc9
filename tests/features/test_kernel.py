"""The kernel's parts against plain counting."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sevenfold.errors import DataError
from sevenfold.features import kernel
from sevenfold.features.columns import codes_of, cycle, frequent, millionths, multi_hot, numbers
from sevenfold.features.dominance import Dominance

small = st.lists(st.integers(0, 40), max_size=150)


@given(small, st.integers(0, 150), st.integers(0, 63))
def test_dominance_counts_what_is_below(values: list[int], end: int, below: int) -> None:
    end = min(end, len(values))
    counted = Dominance(np.array(values, dtype=np.int64), 6).count(np.array([end]), np.array([below]))
    assert counted.tolist() == [sum(value < below for value in values[:end])]


@given(small, small, st.sampled_from([1, 3, 10**6]))
def test_search_is_the_same_in_any_order_and_length(keys: list[int], wanted: list[int], long: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kernel, "LONG", long)
        found = kernel.search(np.sort(np.array(keys, dtype=np.int64)), np.array(wanted, dtype=np.int64))
    assert found.tolist() == [sum(key < want for key in keys) for want in wanted]


@given(st.lists(st.integers(-1, 5), max_size=60), st.sampled_from([1, 10**6]))
def test_rows_by_entity_are_a_permutation(entity: list[int], long: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kernel, "LONG", long)
        order = kernel.by_entity(np.array(entity, dtype=np.int32))
    assert sorted(order.tolist()) == list(range(len(entity)))
    if long == 1:
        assert [entity[i] for i in order] == sorted(entity)


def test_sums_are_exact_where_floating_ones_are_not() -> None:
    values, known = millionths(pa.chunked_array([[0.1] * 10 + [1e12, -1e12, None]]), "here")
    assert values.sum() == 1_000_000
    assert known.tolist() == [True] * 12 + [False]


def test_an_infinite_value_is_refused() -> None:
    with pytest.raises(DataError, match="expected values below 9e\\+12, got inf"):
        millionths(pa.chunked_array([[1.0, float("-inf")]]), "here")


def test_dates_and_truths_are_numbers() -> None:
    day = pa.chunked_array([pa.array([86_400_000_000, None], pa.timestamp("us"))])
    assert numbers(day, "here")[0] == 1
    assert np.isnan(numbers(day, "here")[1])
    assert numbers(pa.chunked_array([[True, False]]), "here").tolist() == [1, 0]


def test_levels_are_the_most_frequent_words_and_other_takes_the_rest() -> None:
    column = pa.chunked_array([[["b", "b", "a"], ["b"], None, ["c", "other"], []]], pa.list_(pa.string()))
    levels = frequent(column, 2)
    assert levels.tolist() == ["a", "b"]  # of a and c, as frequent, the first in the alphabet
    assert multi_hot(column, levels).tolist() == [[1, 1, 0], [0, 1, 0], [0, 0, 0], [0, 0, 1], [0, 0, 0]]


def test_lists_have_no_single_code() -> None:
    with pytest.raises(DataError, match="expected a column of single values, got lists"):
        codes_of(pa.chunked_array([[["a"]]]), "here")


def test_the_hour_and_the_weekday_are_points_on_a_circle() -> None:
    points = cycle(np.arange(24), 24).astype(np.float64)
    assert np.allclose(np.hypot(points[:, 0], points[:, 1]), 1)
    assert points[6].tolist() == [1, 0]
