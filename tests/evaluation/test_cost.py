"""Cores and dollars against numbers worked out by hand."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sevenfold.design.sections import Scale
from sevenfold.errors import DataError
from sevenfold.evaluation import cost

PRICES = cost.Prices(date="2026-01-01", source="assumption", core_month=30, gb_month=4)
SCALE = Scale(daily_users=1e6, requests_per_user=8.64 / 86_400)  # 100 requests a second on average, 300 at the peak


def test_a_worked_example() -> None:
    dollars, found = cost.monthly(SCALE, seconds=0.016, low=0.008, high=0.024, memory_mb=500, fit_seconds=3_600,
                                  cores=2, cadence=86_400, at=PRICES)
    assert found.replicas == 2  # 300/s × 16 ms = 4.8 busy cores; two replicas of four at 60 %
    assert found.serving == (2 + 1) * (4 * 30 + 0.5 * 4)
    assert found.training == pytest.approx(1 * 2 * 30 / 730 * (730 / 24))
    assert dollars == found.serving + found.training
    assert found.low < dollars < found.high
    assert found.cores == 8
    assert found.basis == "projected"
    assert found.formulas == (
        "Q1 average = 8,640,000 requests/day ÷ 86,400 s = 100.0/s",
        "Q2 peak = 100.0/s × 3 = 300.0/s",
        "Q6 replicas = ⌈300.0/s × 16 ms ÷ (4 at a time × 0.6)⌉ = 2 (+ 1 spare)",
        "$2 serving = (2 + 1) × (4 cores × $30 + 0.5 GB × $4) = $366/month",
        "$1 training = 1 h × 2 cores × $0.0411/h × 30.4 runs = $2.50/month")


def test_the_sizing_vector_for_many_replicas() -> None:
    scale = Scale(daily_users=864e6, requests_per_user=1 / 86_400, peak=1.0)  # 10,000 a second
    _, found = cost.monthly(scale, seconds=0.020, memory_mb=1, at=PRICES)
    assert found.replicas == 84  # with a concurrency of 8 it would be 42


def test_daily_users_default_to_a_tenth_of_all_users() -> None:
    assert cost.per_day(Scale(users=10e6, requests_per_user=1 / 86_400)) == pytest.approx(1e6)


@pytest.mark.parametrize("scale", [Scale(), Scale(users=1e6), Scale(requests_per_user=1.0)])
def test_without_a_declared_scale_there_is_no_cost(scale: Scale) -> None:
    assert cost.monthly(scale, seconds=0.01, memory_mb=100) is None


def test_prices_are_dated_and_can_be_replaced(tmp_path: Path) -> None:
    built_in = cost.prices()
    assert built_in.date.startswith("20")
    assert built_in.source.startswith("assumption")
    path = tmp_path / "prices.json"
    path.write_text(json.dumps({"date": "2026-01-01", "source": "offer", "core_month": 9, "gb_month": 1}))
    assert cost.prices(path).core_month == 9
    path.write_text("{}")
    with pytest.raises(DataError, match=r"expected date, source, core_month and gb_month, got: .*missing"):
        cost.prices(path)
