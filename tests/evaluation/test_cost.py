"""Cores and dollars against numbers worked out by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sevenfold.design.estimate.prices import prices
from sevenfold.design.sections import Scale
from sevenfold.evaluation import cost

PRICES = replace(prices(), date="2026-01-01", source="assumption", core_month=30, gb_month=4)
SCALE = Scale(daily_users=1e6, requests_per_user=8.64 / 86_400)  # 100 requests a second on average, 300 at the peak


def test_a_worked_example() -> None:
    dollars, found = cost.monthly(SCALE, seconds=0.016, low=0.008, high=0.024, memory_mb=500, fit_seconds=3_600,
                                  cores=2, cadence=86_400, at=PRICES)
    assert found.replicas == 2  # 300/s × 16 ms = 4.8 busy cores; two replicas of four at 60 %
    assert found.serving == (2 + 1) * (4 * 30 + 0.5 * 4)
    assert found.training == pytest.approx(1 * 2 * 30 / 730 * (730 / 24))
    assert dollars == found.serving + found.training
    assert found.low == pytest.approx((1 + 1) * 122 + found.training)
    assert found.high == pytest.approx((3 + 1) * 122 + found.training)
    assert (found.cores, found.spare, found.peak_per_second) == (8, 1, pytest.approx(300))
    assert found.basis == "projected"
    assert found.prices == "2026-01-01, assumption"
    assert found.formulas == (
        "Q1 average = 8.64M ÷ 1d = 100/s",
        "Q2 peak = 100/s × 3 = 300/s",
        "Q6 replicas = ⌈300/s × 16ms ÷ (4 × 0.6)⌉ = 2",
        "$2 serving = (2 + 1) × (4 × $30 + 500MB × $4/GB) = $366/month",
        "$1 training = 1 h × 2 × $0.0411/h × 730 h ÷ 1d = $2.5/month")


def test_the_sizing_vector_for_many_replicas() -> None:
    scale = Scale(daily_users=864e6, requests_per_user=1 / 86_400, peak=1.0)  # 10,000 a second
    _, found = cost.monthly(scale, seconds=0.020, memory_mb=1, at=PRICES)
    assert found.replicas == 84  # with a concurrency of 8 it would be 42
    assert (found.low, found.high) == (None, None)


def test_one_training_a_month_where_no_cadence_is_asked_for() -> None:
    _, found = cost.monthly(SCALE, seconds=0.01, memory_mb=1, fit_seconds=7_200, at=PRICES)
    assert found.training == pytest.approx(2 * 30 / 730)


def test_daily_users_default_to_a_tenth_of_all_users() -> None:
    _, found = cost.monthly(Scale(users=864e6, requests_per_user=1 / 86_400), seconds=0.01, memory_mb=1, low=0.01, high=0.01)
    assert found.peak_per_second == pytest.approx(3_000)
    assert found.low == found.high  # the share is a default, and no part of what was measured


@pytest.mark.parametrize("scale", [Scale(), Scale(users=1e6), Scale(requests_per_user=1.0)])
def test_without_a_declared_scale_there_is_no_cost(scale: Scale) -> None:
    assert cost.monthly(scale, seconds=0.01, memory_mb=100) is None


def test_what_the_document_assumes_replaces_a_default() -> None:
    usual, emptier = (cost.monthly(SCALE, seconds=0.016, memory_mb=500, at=PRICES, assume=assume)
                     for assume in ({}, {"utilisation": "0.2"}))
    assert usual is not None
    assert emptier is not None
    assert emptier[0] > usual[0]
    assert any("0.2" in line for line in emptier[1].formulas)
