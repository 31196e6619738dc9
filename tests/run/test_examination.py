"""What `check --data` and a run say of the data: findings with lines, waivers kept, and a record of each search."""

from __future__ import annotations

from pathlib import Path
from string import ascii_lowercase

import pyarrow as pa
import pytest
from pyarrow import parquet

from sevenfold import audit, features
from sevenfold import data as sources
from sevenfold import design as documents
from sevenfold.cli import new
from sevenfold.data.splits import cuts
from sevenfold.design import Design
from sevenfold.design.findings import Finding
from sevenfold.errors import LeakError
from sevenfold.run.examination import PROBES, examine_data, measured, probed

CLICKED = ("    context:\n      device:\n", "    context:\n      device:\n      clicked:\n")
WAIVER = "waivers: [{code: X04, reason: shown beside it, owner: ann, until: %s%s}]\n\nrequirements:"


def changed(design: Path, *changes: tuple[str, str]) -> Design:
    text = design.read_text().replace("over: 90d", "over: 30d")  # the world is 60 days old
    for old, fresh in changes:
        assert old in text
        text = text.replace(old, fresh, 1)
    path = design.with_name("changed.yaml")
    path.write_text(text)
    return documents.load(path)


def waived(until: str, where: str = "") -> tuple[str, str]:
    return "requirements:", WAIVER % (until, where)


def test_a_clean_world_has_nothing_to_mend(design: Path) -> None:
    assert examine_data(changed(design)) == []


def test_a_leak_is_a_finding_on_its_line(design: Path) -> None:
    leaky = changed(design, CLICKED)
    [one] = examine_data(leaky)
    line = Path(leaky.source).read_text().split("\n").index("      clicked:") + 1
    assert (one.code, one.severity, one.where, one.line) == ("X04", "error", "data.features.context.clicked", line)
    assert "reads column 'clicked', which tells the label" in one.problem


@pytest.mark.parametrize(("until", "where", "hidden"), [
    ("9999-01-01", "", True), ("2020-01-01", "", False), ("9999-01-01", ", where: data.features.context", True),
    ("9999-01-01", ", where: data.features.user", False)])
def test_a_waiver_holds_for_its_code_its_place_and_its_days(design: Path, until: str, where: str, hidden: bool) -> None:
    leaky = changed(design, CLICKED, waived(until, where))
    assert [one.code for one in examine_data(leaky)] == [] if hidden else ["X04"]
    if not hidden:
        with pytest.raises(LeakError, match="clicked"):
            probed(case_of(leaky))
        return
    assert {one.name: one.waived for one in probed(case_of(leaky)) if not one.passed} == {PROBES["X04"]: "shown beside it"}


def case_of(design: Design) -> audit.Case:
    data = sources.load(design)
    made = cuts(data, design)
    return audit.Case(design=design, data=data, cuts=made, features=features.fit(design, data, made.ranker_from))


def test_every_search_is_recorded(design: Path) -> None:
    found = probed(case_of(changed(design)))
    assert [one.name for one in found] == list(PROBES.values())
    assert all(one.passed and not one.detail and not one.waived for one in found)


def test_a_window_longer_than_the_log_is_a_fact(design: Path) -> None:
    long = changed(design, ("over: 30d, prior", "over: 365d, prior"))
    [one] = measured(case_of(long))
    assert (one.code, one.where, one.severity) == ("D04", "data.features.item.liked", "warning")
    assert one.line is not None
    assert examine_data(long) == [one]


def test_data_that_cannot_be_used_are_a_finding(design: Path) -> None:
    [one] = examine_data(changed(design, ("data/events.parquet", "data/evens.parquet")))
    assert (one.code, one.severity, one.where) == ("D09", "error", "data.events.path")
    assert one.line is not None
    assert "there is no file" in one.problem
    assert one.hint == "Did you mean 'events.parquet'?"
    [one] = examine_data(changed(design, ("time: timestamp", "time: moment")))
    assert (one.code, one.where) == ("D09", "data.events.time")


def test_data_that_cannot_be_used_stay_a_finding_whatever_is_waived(design: Path) -> None:
    waiver = waived("9999-01-01")[1].replace("X04", "D09")
    refused = changed(design, ("time: timestamp", "time: moment"), ("requirements:", waiver))
    assert [one.code for one in examine_data(refused)] == ["D09"]
    told = documents.check(refused)[0]
    assert (told.code, told.severity, told.where) == ("Z11", "error", "waivers[0].code")


def test_what_cannot_be_computed_yet_is_left_aside(design: Path) -> None:
    assert examine_data(changed(design, ("    context:\n", "    text:\n      words: {words: title}\n    context:\n"))) == []


def spam(folder: Path, split: str) -> list[Finding]:
    words = [f"{one}{other}" for one in ascii_lowercase for other in ascii_lowercase]
    texts = [f"text {word}" for word in words[:500]] + ["Win now"] * 10 + [f"Win {word}" for word in words[:90]]
    labels = ["ham"] * 500 + ["spam"] * 100
    parquet.write_table(pa.table({"message": texts, "label": labels, "sender": range(600)}), folder / "messages.parquet")
    text = new.text("spam").replace("data/messages.tsv", "messages.parquet").replace("by: group, group: near_duplicates", split)
    (folder / "spam.yaml").write_text(text)
    return examine_data(documents.load(folder / "spam.yaml"))


@pytest.mark.parametrize(("split", "by"), [("by: random", "random"), ("by: group, group: sender", "sender")])
def test_copies_that_a_split_without_a_clock_tears_apart(tmp_path: Path, split: str, by: str) -> None:
    [one] = spam(tmp_path, split)
    assert (one.code, one.where) == ("S06", "data.split.by")
    assert one.problem == f"10 of 600 rows share their 'message' with a row that a split by {by} may put on the other side"
    assert one.line is not None


def test_copies_that_the_split_keeps_together(tmp_path: Path) -> None:
    assert spam(tmp_path, "by: group, group: near_duplicates") == []
