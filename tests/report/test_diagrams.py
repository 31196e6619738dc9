"""Every diagram of every design: words stay in their boxes and boxes apart, Mermaid reads, and what is drawn is so."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from sample_record import design as sample_design
from sample_record import sample
from sevenfold import design as documents
from sevenfold.design.sections import Design
from sevenfold.report import diagrams as drawn
from sevenfold.report import svg
from sevenfold.report.diagrams import Diagram, diagrams, funnel, layout, pipeline, release, standalone, timeline
from sevenfold.report.diagrams.graph import Graph

FOLDER = Path(__file__).parents[2] / "src" / "sevenfold" / "designs"
FILES = sorted(path for path in FOLDER.glob("*.yaml") if "." not in path.stem)
WORDS = r"(?:[^\"#&;<>`\[\](){}|\\*~$\n]|#\d+;|<br/>)+"
LINE = re.compile("|".join((
    "flowchart (LR|TB)", rf'subgraph g\d+\["{WORDS}"\]', "direction LR", "end", rf'n\d+\["{WORDS}"\](:::aside)?',
    rf'n\d+\[\("{WORDS}"\)\]', rf'n\d+ -->(\|"{WORDS}"\|)? n\d+', r"g\d+ ~~~ g\d+", "classDef aside stroke-dasharray:5 4")))


def case(name: str) -> Design:
    return documents.load(FOLDER / f"{name}.yaml")


def video(**changes: Any) -> Design:
    """The shipped design with keys changed: `framing__label__delay="6h"`."""
    mapping = yaml.safe_load((FOLDER / "video.yaml").read_text(encoding="utf-8"))
    for path, value in changes.items():
        *way, key = path.split("__")
        section = mapping
        for step in way:
            section = section[step]
        section[key] = value
    return documents.from_mapping(mapping)


def assert_reads(one: Diagram) -> None:
    """Each line is Mermaid as we write it; every arrow joins boxes that are there; no subgraph stays open."""
    lines = [line.strip() for line in one.mermaid.splitlines()]
    assert [line for line in lines if not LINE.fullmatch(line)] == []
    named = re.findall(r"^(n\d+)\[", "\n".join(lines), re.MULTILINE)
    assert len(named) == len(set(named))
    assert {end for line in lines if "-->" in line for end in re.findall(r"^n\d+|n\d+$", line)} <= set(named)
    assert sum(line.startswith("subgraph") for line in lines) == lines.count("end")


def assert_drawn(drawing: str) -> None:
    """The file is XML; nothing leaves the drawing, and no two boxes touch."""
    root = ElementTree.fromstring(standalone(svg.Safe(drawing)))
    left, top, width, height = (float(side) for side in root.attrib["viewBox"].split())
    paper = svg.Box(left, top, width, height)
    boxes = [svg.Box(*(float(one.attrib[key]) for key in ("x", "y", "width", "height"))) for one in root.iter()
             if one.tag.endswith("rect") and one.attrib["class"].startswith("box")]
    for number, box in enumerate(boxes):
        assert box.overlap(paper) == pytest.approx(box.width * box.height)
        assert all(box.overlap(other) == 0 for other in boxes[number + 1:])
    for one in root.iter("{http://www.w3.org/2000/svg}text"):
        wide, x = svg.wide(one.text or "", 12), float(one.attrib["x"])
        start = x - {"start": 0.0, "middle": wide / 2, "end": wide}[one.attrib["text-anchor"]]
        assert start >= left
        assert start + wide <= left + width, one.text


def joined(one: Graph) -> set[tuple[str, str]]:
    return {(edge.start, edge.end) for edge in one.edges}


def text(one: Graph, name: str) -> tuple[str, ...]:
    found = next(box for box in one.nodes if box.name == name)
    return (found.title, *found.lines, *found.notes)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_shipped_design_has_four_diagrams_that_read_and_fit(path: Path) -> None:
    found = diagrams(documents.load(path))
    assert [one.name for one in found] == ["data", "time", "funnel", "release"]
    for one in found:
        assert_reads(one)
        assert_drawn(one.svg)
        assert_drawn(one.narrow)
        assert float(re.findall(r'width="([\d.]+)"', one.svg)[0]) <= layout.WIDE + 30
        assert float(re.findall(r'width="([\d.]+)"', one.narrow)[0]) == layout.PHONE


names = some.from_regex(r"[A-Za-z_][A-Za-z0-9_-]{0,63}", fullmatch=True)
words = some.text(min_size=1, max_size=80).filter(lambda one: not any(unicodedata.category(letter) == "Cs" for letter in one))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(solutions=some.lists(names, min_size=1, max_size=4, unique=True), features=some.lists(names, max_size=12, unique=True),
       said=words, days=some.integers(1, 4000), delay=some.sampled_from(["0", "1ms", "6h", "90d"]), clock=some.booleans())
def test_whatever_is_written_the_diagrams_read_and_fit(solutions: list[str], features: list[str], said: str, days: int,
                                                       delay: str, clock: bool) -> None:
    one = {"retrieve": ["popular", "two_tower"], "rank": "cross_network", "rerank": "diversity"}
    made = video(solutions=dict.fromkeys(solutions, one), framing__answer__at=said, framing__label__delay=delay,
                 data__events__path=said, data__events__delay=delay, data__events__time="timestamp" if clock else "none",
                 data__features__user={name: {"count": "events", "over": f"{days + n}d"} for n, name in enumerate(features)},
                 monitoring__release__undo_on=[said, *features], serving__batch={"store": said, "for": "everything"})
    for found in diagrams(made):
        assert_reads(found)
        assert_drawn(found.svg)
        assert_drawn(found.narrow)


def test_a_table_flows_only_into_what_is_made_of_it() -> None:
    found = pipeline.graph(video())
    assert joined(found) >= {("source.events", "live"), ("live", "store.events"), ("file", "store.items"),
                             ("store.events", "label"), ("store.users", "features.user"), ("store.items", "features.pair"),
                             ("features.pair", "store.features"), ("split", "test")}
    assert ("store.items", "features.user") not in joined(found)
    assert text(found, "live") == ("live", "over http", "shows within 1min")
    assert text(found, "train") == ("training", "80%", "retrievers, then", "ranker: last 20%")
    assert ("live", "store.live") in joined(pipeline.graph(video(data__storage={"events": "lake", "live": "stream"})))
    unread = pipeline.graph(video(data__features__user={"active": {"count": "events", "over": "7d"}}))
    assert text(unread, "source.users") == ("users", "users.parquet", "no feature reads it")


def test_where_no_store_is_named_ingestion_flows_into_the_features() -> None:
    found = pipeline.graph(video(data__storage={}))
    assert found.lanes == ("sources", "ingestion", "label and features", "split", "sets")
    assert {("live", "label"), ("file", "label"), ("file", "features.user")} <= joined(found)
    assert ("live", "features.item") in joined(found)
    assert max(one.lane for one in found.nodes) == len(found.lanes) - 1


def test_counts_of_a_run_stand_beside_their_tables() -> None:
    found = pipeline.graph(sample_design(), sample())
    assert text(found, "source.events")[-1] == "800,193 in the run"
    assert text(found, "test") == ("test", "10%", "5,214 requests")


def test_a_window_ends_where_nothing_later_had_arrived() -> None:
    day = 86_400.0
    late = video(data__events__delay="1h", framing__label__delay="2d")
    found = {one.words: (one.start, one.end) for one in timeline.spans(late)}
    known = -3600.0 - 3 * day  # the window of the label, its delay, and the arrival
    assert found["active"] == (-3600.0 - 7 * day, -3600.0)
    assert found["liked"] == (known - 30 * day, known)
    assert found["taste"] == (known - 90 * day, known)  # impressions are logged, so it waits for labels
    assert found["seen"] == (None, -3600.0)
    assert found["label watched >= 0.7"] == (0.0, day)
    assert found["arrives"] == (day, 3 * day)


def test_history_bounds_the_whole_past() -> None:
    found = {one.words: one.start for one in timeline.spans(video(data__events__history="400d"))}
    assert found["seen"] == -400 * 86_400.0


def test_the_examples_are_cut_in_order_with_a_gap_as_long_as_a_label_takes() -> None:
    found = [(one.name, one.share and round(one.share, 6), one.free) for one in timeline.cuts(video())]
    assert found == [("retrievers", 0.64, 0.0), ("ranker", 0.16, 0.0), ("gap", None, 86_400.0), ("validate", 0.1, 0.0),
                     ("gap", None, 86_400.0), ("test", 0.1, 0.0)]
    assert [one.name for one in timeline.cuts(case("search"))] == ["train", "validate", "test"]


def test_without_a_clock_no_axis_is_drawn() -> None:
    picture = next(one for one in diagrams(case("spam")) if one.name == "time")
    assert "The data have no clock" in picture.svg
    assert 'class="now"' not in picture.svg
    assert "by near_duplicates: none lies on two sides" in picture.mermaid


def test_the_funnel_says_what_a_stage_takes_and_loses() -> None:
    record = sample()
    found = funnel.graph(sample_design(), record)
    boxes = [one for one in found.nodes if one.name.startswith("trees.")]
    assert [one.title for one in boxes] == ["data", "retrieve", "features", "rank", "rerank", "answer"]
    assert [edge.label for edge in found.edges if edge.start.startswith("trees.")] == ["500k items", "500", "", "100", "10"]
    assert boxes[1].notes == ("p99 19.3 ms of 40ms", "late: popular", "recall 0.560")
    assert boxes[-1].notes == ("p99 64.2 ms of 120ms",)
    assert funnel.graph(sample_design()).nodes[1].notes == ("within 40ms", "late: popular")
    for draw in (layout.across, layout.down):
        picture = draw(found, "trees")
        assert all(f">{said}<" in picture for said in ("neighbours", "movies.parquet", "10 items", "500k items"))


def test_features_stand_only_where_something_learnt_reads_them() -> None:
    solutions = {"popular": {"retrieve": "popular"}, "trees": {"retrieve": "popular", "rank": "boosted"}}
    found = funnel.graph(video(solutions=solutions))
    assert ("popular.retrieve", "popular.answer") in joined(found)
    assert ("trees.retrieve", "trees.features") in joined(found)


def test_lists_for_everything_stand_in_the_funnel() -> None:
    assert ("trees.rank", "trees.lists") in joined(funnel.graph(case("friends")))
    assert not [one for one in funnel.graph(case("video")).nodes if one.title == "lists"]


def test_the_loop_closes_and_is_watched() -> None:
    found = release.graph(case("video"))
    assert joined(found) >= {("log", "training"), ("training", "candidate"), ("candidate", "step.0"), ("step.2", "serving"),
                             ("serving", "log"), ("log", "monitoring"), ("monitoring", "training"), ("undo", "step.2"),
                             ("lists", "serving")}
    assert "if not worse" in {edge.label for edge in found.edges}


def test_an_alarm_retrains_nothing_and_no_release_has_no_steps() -> None:
    assert ("monitoring", "training") not in joined(release.graph(case("spam")))
    bare = release.graph(video(monitoring__release={"na": "it is shipped by hand"}))
    assert ("candidate", "serving") in joined(bare)
    assert not [one for one in bare.nodes if one.name in ("undo", "step.0")]


def test_the_loop_shows_what_the_winner_took() -> None:
    found = release.graph(sample_design(), sample())
    assert text(found, "candidate") == ("candidate", "trees")
    assert text(found, "serving")[-1] == "p99 64.2 ms of 120ms"


def test_a_file_of_its_own_carries_its_colours() -> None:
    written = standalone(diagrams(case("video"))[0].svg)
    assert not re.search(r"var\(|url\(|@import|<script", written)
    assert "prefers-color-scheme: dark" in written
    colours = set(re.findall(r"#[0-9a-f]{6}", written))
    assert {"#fcfcfa", "#16181a"} <= colours  # paper by day and by night


def test_a_page_shows_both_drawings_in_one_figure() -> None:
    one = drawn.diagrams(case("ads"))[0]
    assert one.figure.index('class="diagram wide"') < one.figure.index('class="diagram narrow"')
