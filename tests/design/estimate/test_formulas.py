"""Worked numbers, to the digits in which they are printed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sevenfold.design.estimate import formulas
from sevenfold.design.estimate.number import Number, number, shown


def test_requests_a_second() -> None:
    each = {"feed": (2e9, 2), "posts": (500e6, 1), "events": (100e6, 3)}
    found = {name: number(daily) * often / 86_400 for name, (daily, often) in each.items()}
    assert {name: f"{one.value:,.0f}" for name, one in found.items()} == {"feed": "46,296", "posts": "5,787", "events": "3,472"}
    assert f"{(found['feed'] * 3).value:,.0f}" == "138,889"


def test_a_visual_index_of_a_billion() -> None:
    found = [formulas.flat(1e9, 256, 4), formulas.graph_index(1e9, 256, 32), formulas.graph_service(1e9, 256, 32),
             formulas.graph_table(1e9, 256, 4, 16)]
    assert [shown(one.value, "B", 3) for one in found] == ["1.02TB", "1.28TB", "1.41TB", "1.54TB"]
    codes = [formulas.compressed(1e9, 256, code, 65_536) for code in (16, 32, 64)]
    assert [shown(one.value, "B", 2) for one in codes] == ["24GB", "40GB", "72GB"]


def test_a_feature_store() -> None:
    assert shown(formulas.user_store(100e6, 200, 8, 1, 1).value, "B") == "160GB"
    assert shown(formulas.user_store(100e6, 200, 8, 2, 2).value, "B") == "640GB"


def test_lists_ahead() -> None:
    assert shown(formulas.lists(1e9, 100, 12, 2).value, "B") == "2.4TB"


def test_servers() -> None:
    assert formulas.replicas(10_000, 0.020, 8, 0.6).value == 42


def test_dense_layers_on_one_accelerator() -> None:
    work = formulas.layers(10e6, 1e9, 1)
    assert shown(work.value, "FLOP") == "60PFLOP"
    assert f"{formulas.seconds(work, 989e12, 0.2).value:.0f}" == "303"


def test_all_pairs_take_years() -> None:
    years = formulas.seconds(number(1e9) * 1e6, 1e7, 1) / (365 * 86_400)
    assert f"{years.value:.1f}" == "3.2"


@pytest.mark.parametrize(("rate", "effect", "users"), [
    (0.01, 0.1, "158,400"), (0.05, 0.02, "760,000"), (0.02, 0.01, "7,840,000")])
def test_users_in_an_arm(rate: float, effect: float, users: str) -> None:
    assert f"{formulas.per_arm(rate, effect).value:,.0f}" == users


@given(rate=st.floats(0.001, 0.999), effect=st.floats(0.001, 0.5))
def test_a_share_is_a_mean_with_its_own_variation(rate: float, effect: float) -> None:
    variation = ((1 - rate) / rate) ** 0.5
    assert formulas.per_arm_of(variation, effect).value == pytest.approx(formulas.per_arm(rate, effect).value)


@given(rate=st.floats(0.001, 0.999), kept=st.floats(0.01, 1))
def test_recalibration_takes_back_what_sampling_did(rate: float, kept: float) -> None:
    learnt = rate / (rate + (1 - rate) * kept)
    assert formulas.recalibrated(learnt, kept).value == pytest.approx(rate)


def test_a_formula_says_itself() -> None:
    assert formulas.per_arm(number(0.01, "%"), number(0.1, "%")).text == "16 × (1 − 1%) ÷ (1% × 10%²)"
    assert formulas.graph_index(1e9, 256, 32).text == "1bn × (4 × 256 + 8 × 32)"
    assert isinstance(formulas.replicas(1, 1, 1, 1), Number)
