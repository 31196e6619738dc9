from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sevenfold import design
from sevenfold.design.checks.examples import DESIGNS
from sevenfold.design.mapping import at, flow
from sevenfold.design.read import varied
from sevenfold.design.show import plain
from sevenfold.errors import DesignError

SHIPPED = sorted(path for path in DESIGNS.glob("*.yaml") if "." not in path.stem)
VIDEO, SPAM = (design.load(DESIGNS / f"{name}.yaml") for name in ("video", "spam"))
DURATIONS = ("requirements.limits.p99", "requirements.freshness.user", "framing.label.within", "framing.label.delay",
             "serving.rank.within", "data.events.delay", "data.split.embargo")


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_a_design_that_is_not_varied_stays_as_it_is(path: Path) -> None:
    whole = design.load(path)
    assert varied(whole, {}) == whole


@given(st.sampled_from(DURATIONS), st.integers(1, 500))
def test_one_value_changes_and_nothing_else(path: str, seconds: int) -> None:
    changed = varied(VIDEO, {path: f"{seconds}s"})
    assert at(plain(changed), path) == at(plain(varied(VIDEO, {path: f"{seconds * 1000}ms"})), path) is not None
    assert varied(changed, {path: at(plain(VIDEO), path)}) == VIDEO


def test_a_null_takes_a_value_away_and_a_mapping_goes_on_inside() -> None:
    assert varied(VIDEO, {"data.events.live": None}).data.events.live is None
    batch = varied(VIDEO, {"serving.batch": {"for": "everything"}}).serving.batch
    assert batch is not None
    assert (batch.for_, batch.store) == ("everything", "redis://cache")


def test_what_was_set_aside_stays_so_unless_it_is_changed() -> None:
    assert varied(SPAM, {"requirements.limits.p99": "10ms"}).na == SPAM.na
    kept = varied(SPAM, {"requirements.privacy.keep": "7d"})
    assert "requirements.privacy" not in kept.na
    assert at(plain(kept), "requirements.privacy.keep") == "7d"


def test_findings_of_a_varied_design_know_their_lines() -> None:
    (found,) = [one for one in design.check(varied(VIDEO, {"requirements.limits.p99": "30ms"})) if one.code == "V01"]
    assert found.line is not None
    made = varied(replace(VIDEO, lines={}), {"requirements.limits.p99": "30ms"})
    assert all(one.line is None for one in design.check(made))


def test_a_value_that_does_not_read_is_refused() -> None:
    with pytest.raises(DesignError, match="'soon' is no duration"):
        varied(VIDEO, {"requirements.limits.p99": "soon"})


def test_a_value_on_one_line_leaves_out_what_is_empty_inside() -> None:
    assert flow({"path": "a", "text": [], "on": True, "n": None}) == "{path: a, on: true, n: }"
    assert flow([]) == "[]"
