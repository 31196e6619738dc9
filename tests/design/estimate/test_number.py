from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sevenfold.design.estimate import number as numbers
from sevenfold.design.estimate.number import Input, Number, ceiling, number, shown, smaller, total

Ends = tuple[float, float, float]
Formula = Callable[[list[Number]], Number]
FORMULAS: dict[str, Formula] = {
    "sum": total,
    "product": lambda n: n[0] * n[1] * n[2],
    "ratio": lambda n: n[0] / (n[1] + n[2]),
    "servers": lambda n: ceiling(n[0] * n[1] / n[2]),
    "power": lambda n: (n[0] + n[1]) ** 3 / n[2],
    "least": lambda n: smaller(n[0] * n[1], n[2]),
    "rest": lambda n: 2 * n[0] / (1 + n[1]) - 0.5 * n[2],
}


def leaf(name: str, ends: Ends) -> Number:
    low, value, high = ends
    return numbers.given(value, Input(name, f"{value:g}", "default"), low, high)


def leaves(several: list[Ends]) -> list[Number]:
    return [leaf("abc"[at], ends) for at, ends in enumerate(several)]


ENDS = st.lists(st.floats(1e-3, 1e6), min_size=3, max_size=3).map(lambda some: tuple(sorted(some)))
THREE = st.lists(ENDS, min_size=3, max_size=3)


@pytest.mark.parametrize("name", FORMULAS)
@given(several=THREE)
@settings(max_examples=40)
def test_a_value_lies_within_its_range(name: str, several: list[Ends]) -> None:
    found = FORMULAS[name](leaves(several))
    assert found.low <= found.value <= found.high


@pytest.mark.parametrize("name", FORMULAS)
@given(several=THREE, at=st.integers(0, 2), factor=st.floats(1, 100))
@settings(max_examples=40)
def test_a_wider_input_never_narrows_the_result(name: str, several: list[Ends], at: int, factor: float) -> None:
    low, value, high = several[at]
    wider = [*several[:at], (low / factor, value, high * factor), *several[at + 1:]]
    before, after = FORMULAS[name](leaves(several)), FORMULAS[name](leaves(wider))
    assert after.low <= before.low <= before.high <= after.high
    assert after.value == before.value


def test_a_formula_writes_itself_with_no_more_brackets_than_it_needs() -> None:
    a, b, c = (number(value) for value in (2.0, 3.0, 4.0))
    assert [(a + b).text, (a * b / c).text, (a * (b + c)).text] == ["2 + 3", "2 × 3 ÷ 4", "2 × (3 + 4)"]
    assert [(a / (b * c)).text, (a - (b - c)).text, (a - b + c).text] == ["2 ÷ (3 × 4)", "2 − (3 − 4)", "2 − 3 + 4"]
    assert [((a + b) ** 2).text, ceiling(a / b).text, (1 - a ** 12).text] == ["(2 + 3)²", "⌈2 ÷ 3⌉", "1 − 2¹²"]
    assert smaller(a * b, c).text == "min(2 × 3, 4)"


def test_inputs_are_kept_once_and_left_behind_with_the_formula() -> None:
    a, b = leaf("a", (1, 2, 3)), leaf("b", (1, 2, 3))
    found = a * b / a
    assert [one.name for one in found.inputs] == ["a", "b"]
    named = found.called("2")
    assert (named.inputs, named.text, named.value) == ((), "2", found.value)


def test_widths_say_what_each_input_adds() -> None:
    a, b, c = leaf("a", (1, 2, 4)), leaf("b", (1, 3, 9)), leaf("c", (5, 5, 5))
    found = a * b**2 / c
    assert found.widths == {"a": pytest.approx(math.log(4)), "b": pytest.approx(2 * math.log(9))}
    assert math.log(found.high / found.low) == pytest.approx(sum(map(abs, found.widths.values())))
    assert (1 / a).widths["a"] == -a.widths["a"]
    assert (a + 2).widths["a"] == pytest.approx(a.widths["a"] / 2)


def test_nothing_large_or_empty_breaks_it() -> None:
    huge = number(1e300)
    assert (huge ** 3).value == math.inf
    assert ceiling(huge ** 3).value == math.inf
    assert (number(1.0) / 0).value == math.inf
    assert shown(math.inf, "B") == "infPB"
    assert ceiling(number(0.0)).value == 1


@pytest.mark.parametrize(("value", "unit", "text"), [
    (1111.1, "/s", "1,111/s"), (0.0123, "s", "12.3ms"), (1.28e12, "B", "1.28TB"), (0.9967, "%", "99.67%"),
    (6e16, "FLOP", "60PFLOP"), (366.4, "$/month", "$366.4/month"), (7.84e6, "", "7.84M"), (2.2e6, "B/s", "2.2MB/s"),
    (1e-8, "s", "10ns"), (1.5, "h", "1.5 h"), (0.0, "B", "0B"), (999_950.0, "B", "1MB"), (86_400.0, "s", "1d")])
def test_values_as_a_person_writes_them(value: float, unit: str, text: str) -> None:
    assert shown(value, unit) == text


def test_scales_fall() -> None:
    for scale in numbers.SCALES.values():
        assert all(one > other for (one, _), (other, _) in pairwise(scale))
