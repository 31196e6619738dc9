from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sevenfold import design as documents
from sevenfold.design.checks.examples import DESIGNS, Mutant
from sevenfold.design.document import parse
from sevenfold.design.estimate import SECTIONS, Estimate, Line, defaults, estimate
from sevenfold.design.estimate.prices import prices
from sevenfold.design.sections import Design
from sevenfold.errors import DataError, DesignError

SHIPPED = sorted(path.stem for path in DESIGNS.glob("*.yaml") if "." not in path.stem)


@cache
def shipped(case: str) -> Design:
    return documents.load(DESIGNS / f"{case}.yaml")


def changed(change: dict[str, Any], on: str = "video") -> Design:
    made, findings = documents.read(Mutant(on, change).text())
    assert made is not None, findings
    return made


def line(found: Estimate, key: str, solution: str = "") -> Line:
    one = found.get(key, solution)
    assert one is not None, f"no line {key}"
    return one


@pytest.mark.parametrize("case", SHIPPED)
def test_every_shipped_design_is_estimated_whole(case: str) -> None:
    found = estimate(shipped(case))
    assert found.missing == ()
    assert {one.solution for one in found.lines if one.key == "$0"} == set(shipped(case).solutions)
    for one in found.lines:
        assert one.low <= one.value <= one.high, one.text
        assert one.section in SECTIONS
        assert one.text.count("=") <= 2
    keys = [(one.key, one.solution) for one in found.lines if one.key != one.id]
    assert len(keys) == len(set(keys))


def test_formulas_hold_their_numbers() -> None:
    found = estimate(shipped("video"))
    assert line(found, "Q1").text == "Q1  average requests = 8M × 12/d = 1,111/s"
    assert line(found, "Q2").text == "Q2  peak requests = 1,111/s × 3 = 3,333/s"
    assert line(found, "S7").text == "S7  lists = 40M × 10 × 12B × 2 = 9.6GB"
    assert line(found, "Q7", "trees").text == "Q7  p99 of the stages together, trees = 40ms + 60ms + 10ms = 110ms"
    assert line(found, "quantile", "trees").formula == "1 − 1% ÷ 3"
    assert line(found, "Q10").value == pytest.approx(120e-6)
    assert line(found, "crossover").value == 5
    assert line(found, "S1").name == "log of events"
    assert line(found, "S1").range == "140TB–780TB"


def test_every_input_says_who_gave_it() -> None:
    found = estimate(shipped("video"), {"row_bytes": "300B"})
    inputs = found.inputs
    assert (inputs["requirements.scale.users"].value, inputs["requirements.scale.users"].source) == ("40M", "assumed")
    assert inputs["requirements.limits.p99"].source == "stated"
    assert (inputs["requirements.scale.peak"].source, inputs["requirements.scale.peak"].why) == ("default", "of the language")
    assert (inputs["row_bytes"].value, inputs["row_bytes"].source) == ("300B", "stated")
    assert (inputs["als.dimensions"].value, inputs["als.dimensions"].source) == ("64", "default")
    assert (inputs["log_index"].source, inputs["log_index"].range) == ("default", "10%–50%")
    assert all(one.why for one in inputs.values() if one.source == "default")


@given(daily=st.floats(1e3, 1e9), often=st.floats(0.01, 100))
@settings(max_examples=25)
def test_twice_the_users_ask_twice_as_much(daily: float, often: float) -> None:
    video = shipped("video")

    def average(daily: float) -> float:
        scale = replace(video.requirements.scale, daily_users=daily, requests_per_user=often / 86_400)
        return line(estimate(replace(video, requirements=replace(video.requirements, scale=scale))), "Q1").value

    assert average(2 * daily) == pytest.approx(2 * average(daily))


@pytest.mark.parametrize("case", ["video", "search", "friends"])
@given(daily=st.floats(1, 1e10), items=st.floats(1, 1e12), users=st.floats(1, 1e10))
@settings(max_examples=25)
def test_ranges_hold_at_any_scale(case: str, daily: float, items: float, users: float) -> None:
    base = shipped(case)
    scale = replace(base.requirements.scale, daily_users=daily, items=items, users=users)
    found = estimate(replace(base, requirements=replace(base.requirements, scale=scale)))
    assert all(one.low <= one.value <= one.high for one in found.lines)
    assert found.missing == ()


@pytest.mark.parametrize(("on", "gone", "for_"), [
    ("video", "daily_users", None), ("video", "users", "lists computed ahead (S7)"),
    ("ratings", "items", "features of items (S3)"), ("search", "items", "the index (A1)"),
    ("video", "requests_per_user", "average requests (Q1)")])
def test_what_is_missing_is_asked_for_by_name(on: str, gone: str, for_: str | None) -> None:
    found = estimate(changed({"requirements": {"scale": {gone: None}}}, on))
    if for_ is None:
        assert line(found, "Q3").text == "Q3  daily users = 40M × 10% = 4M"
        assert found.missing == ()
        return
    assert [(one.path, one.for_) for one in found.missing] == [(f"requirements.scale.{gone}", for_)]
    assert found.missing[0].asks.endswith("?")


def test_a_counted_rate_stands_for_users() -> None:
    scale = {"daily_users": None, "requests_per_user": None, "users": None, "requests": "500/s"}
    found = estimate(changed({"requirements": {"scale": scale}}, "search"))
    assert line(found, "Q1").value == 500
    assert line(found, "$0", "learned").value > 0


def test_without_users_what_does_not_need_them_is_still_there() -> None:
    found = estimate(changed({"requirements": {"scale": {"daily_users": None, "users": None}}}))
    assert found.get("Q1") is None
    assert line(found, "A1").value == 10_000 * 64 * 4
    assert found.drivers == ()


def test_assumptions_replace_defaults_by_name() -> None:
    written = changed({"requirements": {"assume": {"row_bytes": "2KB", "concurrency": "8"}}})
    usual, found, asked = estimate(shipped("video")), estimate(written), estimate(written, {"row_bytes": "4KB"})
    assert line(found, "S1").value == pytest.approx(2 * line(usual, "S1").value)
    assert line(asked, "S1").value == pytest.approx(4 * line(usual, "S1").value)
    assert line(found, "Q6", "trees").value == line(usual, "Q6", "trees").value / 2
    assert line(found, "S1").low / line(found, "S1").value > line(usual, "S1").low / line(usual, "S1").value


@pytest.mark.parametrize(("assume", "where", "problem", "hint"), [
    ({"row_byte": "1KB"}, "--set row_byte", "no default of the estimate is called 'row_byte'", "Did you mean 'row_bytes'?"),
    ({"row_bytes": "1"}, "--set row_bytes", "'1' has no unit, but a size needs one", "Add one of"),
    ({"concurrency": "-1"}, "--set concurrency", "'-1' is no number", "Write it plainly"),
    ({"spare": "0"}, "--set spare", "'0' is nothing", "above zero, like 1")])
def test_an_assumption_that_does_not_read(assume: dict[str, str], where: str, problem: str, hint: str) -> None:
    with pytest.raises(DesignError) as refused:
        estimate(shipped("video"), assume)
    assert (refused.value.where, refused.value.problem) == (where, problem)
    assert hint in refused.value.hint
    with pytest.raises(DesignError, match=r"requirements\.assume\."):
        estimate(changed({"requirements": {"assume": assume}}))


def test_every_default_reads_and_lies_within_its_range() -> None:
    rows = parse(defaults.FILE.read_text(encoding="utf-8"))[0]
    assert {key for row in rows.values() for key in row} == {"value", "low", "high", "unit", "why"}
    for name in defaults.defaults():
        one = defaults.default(name)
        assert one.low <= one.value <= one.high, name
        assert one.inputs[0].why, name


def test_every_default_is_used() -> None:
    source = "".join(path.read_text(encoding="utf-8") for path in defaults.FILE.parent.glob("*.py"))
    patterned = ("score_", "core_", "gpu_")
    assert [name for name in defaults.defaults() if f'"{name}"' not in source and not name.startswith(patterned)] == []


def test_accelerators_shorten_deep_trainings_and_cost_by_the_hour() -> None:
    usual, found = estimate(shipped("video")), estimate(shipped("video"), {"gpus": "2"})
    assert line(found, "F8", "deep").value < line(usual, "F8", "deep").value / 100
    assert line(found, "F8", "trees").value == line(usual, "F8", "trees").value
    assert "2 × $3/h" in line(found, "$1", "deep").formula


def test_parts_of_one_name_are_told_apart_by_their_parameters() -> None:
    solutions = {"trees": {"retrieve": [{"als": {"dimensions": 64}}]}, "deep": {"retrieve": [{"als": {"dimensions": 128}}]}}
    found = estimate(changed({"solutions": solutions}))
    assert line(found, "index als 1").value == 10_000 * 64 * 4
    assert line(found, "index als 2").value == 10_000 * 128 * 4


def test_a_large_catalogue_is_searched_in_a_compressed_index() -> None:
    found = estimate(changed({"requirements": {"scale": {"items": "1bn"}}}, "search"))
    assert line(found, "index dense").value == line(found, "A5").value < line(found, "A1").value
    assert line(found, "search dense").value < 1


def test_answers_ahead_cost_lists_and_few_servers() -> None:
    ahead = estimate(shipped("friends"))
    assert line(ahead, "Q6", "trees").formula == "⌈69.44/s × 1ms ÷ (4 × 0.6)⌉"
    parts = sum(line(ahead, key, "trees" if key in ("$1", "$2", "$6") else "").value for key in ("$1", "$2", "$4", "$5", "$6"))
    assert line(ahead, "$0", "trees").value == pytest.approx(parts)
    assert ahead.get("Q4") is None


def test_the_inputs_that_widen_the_total_most_come_first() -> None:
    found = estimate(shipped("video"), {"touch_time": "0.01us"})
    assert "touch_time" in estimate(shipped("video")).drivers
    assert "touch_time" not in found.drivers
    assert len(found.drivers) == 3


def test_experiments_of_a_share_and_of_a_mean() -> None:
    share = estimate(changed({"evaluation": {"online": {"rate": "1%", "effect": "10%", "traffic": "20%"}}}))
    assert f"{line(share, 'T1').value:,.0f}" == "158,400"
    assert line(share, "T2").value == pytest.approx(2 * 158_400 / (8e6 * 0.2) * 86_400)
    mean = estimate(shipped("video"))
    assert line(mean, "T1").formula == "16 × (2 ÷ 3%)²"  # the goal's +3%, no rate
    assert line(estimate(shipped("ads")), "T4").value == pytest.approx(0.01)


def test_prices_are_dated_and_can_be_replaced(tmp_path: Path) -> None:
    usual = prices()
    assert usual.date.startswith("20")
    assert usual.source.startswith("assumption")
    path = tmp_path / "prices.json"
    path.write_text(json.dumps({**vars(usual), "core_month": 60}))
    assert prices(path).core_month == 60
    dearer = line(estimate(shipped("video"), prices=prices(path)), "$2", "trees").value
    assert dearer > 1.9 * line(estimate(shipped("video")), "$2", "trees").value


@pytest.mark.parametrize(("values", "problem"), [
    ({"ssd_gb": None}, "'ssd_gb' is missing"), ({"egress_gb": "free"}, "'free' for 'egress_gb', which is no price"),
    ({"gpu_hour": -1}, "'-1' for 'gpu_hour'"), ({"gpu_week": 1}, "unexpected keyword argument 'gpu_week'")])
def test_partial_or_foreign_prices_name_the_field(tmp_path: Path, values: dict[str, Any], problem: str) -> None:
    path = tmp_path / "prices.json"
    path.write_text(json.dumps({key: value for key, value in {**vars(prices()), **values}.items() if value is not None}))
    with pytest.raises(DataError, match=r"expected date, source, core_month") as refused:
        prices(path)
    assert problem in refused.value.problem
