from __future__ import annotations

import datetime as dt

import pyarrow as pa
import pytest

from sevenfold.data import expression_mask
from sevenfold.design.expression import parse
from sevenfold.errors import DataError

TABLE = pa.table(
    {
        "rating": [5, 3, None, 4],
        "clicked": [True, False, True, None],
        "kind": ["a", "b", None, "c"],
        "bought": pa.array([dt.datetime(2026, 1, 1), None, None, None]),
        "none": pa.nulls(4, pa.float64()),
    }
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("rating >= 4", "1001"),
        ("rating < 4", "0100"),
        ("rating != 3", "1001"),
        ("clicked", "1010"),
        ("clicked == 1", "1010"),
        ("clicked == false", "0100"),
        ("not clicked", "0100"),
        ("rating", "1101"),
        ("bought", "1000"),
        ("kind == 'a'", "1000"),
        ("kind in ('a', 'c')", "1001"),
        ("rating in (3, 5)", "1100"),
        ("clicked and rating > 4", "1000"),
        ("clicked or rating > 3.5", "1011"),
        ("not (kind == 'a' or kind == 'b')", "0001"),
        ("none > 1", "0000"),
        ("rating >= 4 and not kind == 'c'", "1000"),
    ],
)
def test_expressions_over_a_table(text, expected):
    assert "".join(str(int(each)) for each in expression_mask(parse(text), TABLE)) == expected


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            "kind",
            "column 'kind' of type string is neither true nor false\n    hint: Compare it with a value: kind == 'yes'.",
        ),
        (
            "rating == 'good'",
            "column 'rating' of type int64 cannot be held against 'good'\n    hint: Put text in quotes",
        ),
        ("rating in ('good', 'bad')", "cannot be held against ('good', 'bad')"),
        ("bought > 3", "cannot be held against 3"),
    ],
)
def test_columns_and_values_of_different_kinds(text, problem):
    with pytest.raises(DataError) as caught:
        expression_mask(parse(text), TABLE)
    assert problem in str(caught.value)
