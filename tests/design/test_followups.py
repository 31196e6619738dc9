from __future__ import annotations

from pathlib import Path

import pytest

from sevenfold import design
from sevenfold.design.checks.examples import DESIGNS
from sevenfold.design.document import parse
from sevenfold.design.estimate import estimate
from sevenfold.design.followups import TELLING, Change, FollowUp, begins, followups
from sevenfold.design.read import varied

SHIPPED = {path.stem: design.load(path) for path in sorted(DESIGNS.glob("*.yaml")) if "." not in path.stem}
ASKED = {name: followups(one) for name, one in SHIPPED.items()}
VIDEO = {one.changes[0].path: one for one in ASKED["video"]}


def codes(one: FollowUp) -> set[str]:
    return {found.code for found in one.appears}


@pytest.mark.parametrize("name", SHIPPED)
def test_what_newly_breaks_is_what_the_checks_say_of_the_changed_design(name: str) -> None:
    before = design.check(SHIPPED[name])
    for one in ASKED[name]:
        after = design.check(varied(SHIPPED[name], one.values))
        assert set(one.appears) <= set(after)
        assert {found.code for found in after} == codes(one) | {found.code for found in before if found not in one.goes}
        assert all(change.before != change.after for change in one.changes)
        assert one.think


@pytest.mark.parametrize("name", SHIPPED)
def test_every_design_is_asked_enough_and_the_worst_first(name: str) -> None:
    weights = [one.weight for one in ASKED[name]]
    assert len(weights) >= 8
    assert weights == sorted(weights, reverse=True)
    assert sum(any(weight) for weight in weights) >= 3


def test_every_question_is_asked_of_some_shipped_design() -> None:
    path = Path(design.__file__).with_name("followups.yaml")
    written = [one["asks"] for one in parse(f"all:\n{path.read_text()}")[0]["all"]]
    assert len(set(written)) == len(written) >= 15
    assert {one.asks for asked in ASKED.values() for one in asked} == set(written)


def test_a_quarter_of_the_time_breaks_the_sum_of_the_stages() -> None:
    one = VIDEO["requirements.limits.p99"]
    assert one.changes == (Change("requirements.limits.p99", "120ms", "30ms"),)
    assert one.changes[0].text == "requirements.limits.p99: 120ms → 30ms"
    assert "V01" in codes(one)


def test_ten_times_the_people_change_both_numbers_and_move_the_servers() -> None:
    one = VIDEO["requirements.scale.users"]
    assert [change.text for change in one.changes] == ["requirements.scale.users: 40M → 400M",
                                                       "requirements.scale.daily_users: 8M → 80M"]
    assert any(move.name.startswith("replicas") for move in one.moves)
    assert len({move.name for move in one.moves}) == len(one.moves) <= 4


def test_what_is_not_given_is_neither_multiplied_nor_asked_about() -> None:
    paths = {one.changes[0].path for one in ASKED["spam"]}
    assert "framing.costs.false_positive" in paths
    assert not {"requirements.scale.items", "framing.answer.items", "data.events.live"} & paths
    assert "framing.costs.false_positive" not in VIDEO


def test_a_delay_is_added_to_and_a_missing_value_is_put_in() -> None:
    assert VIDEO["framing.label.delay"].changes[0].text == "framing.label.delay: 0 → 7d"
    assert VIDEO["serving.replicas"].changes[0].text == "serving.replicas: not given → 1"
    assert [one.path for one in VIDEO["serving.batch.for"].changes] == ["serving.batch.for"]
    (ads,) = [one for one in ASKED["ads"] if one.changes[0].path == "serving.batch.for"]
    assert [one.path for one in ads.changes] == ["serving.batch.for", "serving.batch.store"]


def test_the_telling_lines_are_lines_of_the_estimate() -> None:
    lines = [line for one in SHIPPED.values() for line in estimate(one).lines]
    assert all(any(begins(line, start) for line in lines) for start in TELLING)
