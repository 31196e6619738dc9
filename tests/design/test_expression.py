from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sevenfold.design.expression import And, Column, Compare, Not, Or, parse, written
from sevenfold.errors import DesignError

RATING, CLICKED = Column("rating"), Column("clicked")


@pytest.mark.parametrize(("text", "tree"), [
    ("rating", RATING),
    ("rating >= 4", Compare(RATING, ">=", 4)),
    ("rating > -0.5", Compare(RATING, ">", -0.5)),
    ("label == 'spam'", Compare(Column("label"), "==", "spam")),
    ('label != "a b"', Compare(Column("label"), "!=", "a b")),
    ("clicked == true", Compare(CLICKED, "==", True)),
    ("rating in (4, 5)", Compare(RATING, "in", (4, 5))),
    ("not clicked", Not(CLICKED)),
    ("clicked and rating >= 4 or not clicked", Or((And((CLICKED, Compare(RATING, ">=", 4))), Not(CLICKED)))),
    ("clicked and (rating < 2 or rating == 5)",
     And((CLICKED, Or((Compare(RATING, "<", 2), Compare(RATING, "==", 5)))))),
    ("rating>=4and clicked", None),
    ("`Amount (€)` > 20 and not `in`", And((Compare(Column("Amount (€)"), ">", 20), Not(Column("in"))))),
    ("  clicked  ", CLICKED)])
def test_reads(text: str, tree: object) -> None:
    if tree is None:
        with pytest.raises(DesignError):
            parse(text)
    else:
        assert parse(text) == tree


def test_columns() -> None:
    assert parse("a and (b >= 1 or not c) and d in ('x')").columns() == {"a", "b", "c", "d"}


@pytest.mark.parametrize(("text", "problem", "hint"), [
    ("", "stuck at character 1, 'the end'", "column's name"),
    ("rating >=", "stuck at character 10, 'the end'", "A number, a quoted text"),
    ("rating = 4", "stuck at character 8, '= 4'", "two signs"),
    ("label == spam", "stuck at character 10, 'spam'", "Put a text in quotes: 'spam'."),
    ("label == 'spam", "stuck at character 10", "unfinished quote"),
    ("(rating >= 4", "the end", "A ')' is expected"),
    ("rating >= 4 clicked", "stuck at character 13, 'clicked'", "Join conditions with and, or."),
    ("rating in 4", "stuck at character 11", "A '(' is expected"),
    ("4 <= rating", "stuck at character 1", "column's name"),
    ("__import__('os')", "stuck at character 11", "Join"),
    ("Amount (€) > 20", "stuck at character 9", "in backticks: `Amount (€)`."),
    ("clicked and (watch-time > 3)", "stuck at character 19", "in backticks: `watch-time`."),
    ("2nd > 3", "stuck at character 1", "in backticks: `2nd`."),
    ("my clicks", "stuck at character 4", "in backticks: `my clicks`."),
    ("rating == `other`", "stuck at character 12", "A number, a quoted text"),
    ("`Amount > 20", "stuck at character 1", "unfinished quote"),
    ("rating >= " + "9" * 5000, "stuck at character 11", "Write column"),
    ("not " * 100 + "a", "stuck", "too deep"),
    ("(" * 1000 + "a" + ")" * 1000, "stuck", "too deep")])
def test_refuses(text: str, problem: str, hint: str) -> None:
    with pytest.raises(DesignError) as caught:
        parse(text)
    assert problem in caught.value.problem
    assert hint in caught.value.hint


@given(name=st.text(min_size=1).filter(lambda name: "`" not in name))
def test_any_name_without_a_backtick_can_be_written(name: str) -> None:
    assert parse(f"not {written(name)}") == Not(Column(name))


@given(text=st.text(alphabet="ab() '<>=!1.,`€not inor", max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(DesignError):
        assert parse(text).columns()
