"""The page stands alone, escapes everything and says what the record says, whatever is missing from it."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from sample_record import QUALITY, design, estimate, sample, unconcluded
from sevenfold import report
from sevenfold.design.sections import Design
from sevenfold.evaluation.boundaries import conclude
from sevenfold.record import Finding, Record, Solution, Tuning
from sevenfold.report import pictures, tables, terminal
from sevenfold.report.blocks import markdown
from sevenfold.report.blocks import page as framed
from sevenfold.report.sections import report as sections

NASTY = "<script>alert('x')</script> & \"quoted\" | `code`"


def bare() -> Record:
    """A record in which nearly everything is missing."""
    return conclude(Record(name="bare", design_hash="d", data_fingerprint="f", metric="ndcg@10",
                           solutions={"one": Solution(order=0), "two": Solution(order=1)}))


def many() -> Record:
    names = ("popular", "neighbours_by_covisitation", "trees", "trees_with_every_feature_we_have", "deep", "deep_int8")
    quality = dict(zip(names, (0.081, 0.101, 0.112, 0.1125, 0.1145, 0.1139), strict=True))
    times = dict(zip(names, (3.4, 9.0, 64.2, 66.0, 41.0, 39.0), strict=True))
    return conclude(unconcluded(quality=quality, milliseconds=times))


RECORDS = {"three": sample(), "none wins": sample(limits={"p99": 2.0}), "bare": bare(), "six": many(),
           "two": sample(quality={name: QUALITY[name] for name in ("popular", "trees")}, findings=(), leaks=())}


class Parsed(HTMLParser):
    """The tags of a page, which must close in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def parsed(page: str) -> Parsed:
    found = Parsed()
    found.feed(page)
    assert found.open == []
    return found


def html(design: Design, record: Record) -> str:
    return framed(record.name, sections(design, record))


@pytest.mark.parametrize("record", RECORDS.values(), ids=RECORDS)
def test_the_page_stands_alone(record: Record) -> None:
    page = html(design(tuple(record.solutions)), record)
    found = parsed(page)
    assert not {tag for tag, _ in found.tags} & {"script", "link", "img", "iframe", "object"}
    assert not any({"src", "href", "onclick", "style"} & set(attributes) for _, attributes in found.tags)
    assert not re.search(r"https?:|url\(|@import", page)
    assert page.index(record.decision.sentence.split(".")[0].replace("'", "&#x27;")) < page.index("<h2>")
    assert all(f">{name}<" in page for name in record.solutions)


def test_every_section_is_there() -> None:
    page = html(design(), sample())
    for title in ("The comparison", "Quality, latency, cost", "The pipeline", "Where the funnel loses", "Slices",
                  "The defence", "Where the decision flips", "Findings and leaks", "The design",
                  "Where the numbers come from"):
        assert f">{title}<" in page
    assert "Q6 replicas = ⌈" in page
    assert "9b1c9b1c" in page
    assert "requests_per_user: 12/d" in page


def test_everything_is_escaped() -> None:
    record = unconcluded(name=NASTY, why=NASTY, findings=(Finding(code=NASTY, problem=NASTY, waived=NASTY),))
    solutions = {f"a{NASTY}" if name == "deep" else name: replace(one, slices={NASTY: {"ndcg@10": estimate(0.1)}})
                 for name, one in record.solutions.items()}
    record = conclude(replace(record, solutions=solutions))
    page = html(design(), record)
    parsed(page)
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    lines = [line for line in markdown(sections(design(), record)).splitlines() if line.startswith("|")]
    assert all("\\|" in line for line in lines if "script" in line)


@pytest.mark.parametrize("record", RECORDS.values(), ids=RECORDS)
def test_words_in_the_picture_keep_apart(record: Record) -> None:
    picture = pictures.trade_off(record)
    if picture is None:
        assert all(one.latency_ms is None for one in record.solutions.values())
        return
    labels = re.findall(r'<text x="([\d.]+)" y="([\d.]+)" text-anchor="middle" class="label[^>]*>([^<]+)<', picture)
    assert len(labels) == len(record.solutions)
    boxes = [pictures.svg.Box(float(x) - pictures.svg.wide(words) / 2, float(y) - 12, pictures.svg.wide(words), 15)
             for x, y, words in labels]
    for number, box in enumerate(boxes):
        assert all(box.overlap(other) == 0 for other in boxes[number + 1:])
        assert box.x >= 0
        assert box.x + box.width <= pictures.WIDTH


def test_boundaries_mark_where_the_setting_stands() -> None:
    strips = {found.setting: picture for found, picture in pictures.flips(sample())}
    assert set(strips) == {"p99", "cost", "memory", "min_coverage", "least_effect"}
    assert strips["p99"].count("▾") == strips["min_coverage"].count("▾") == 1
    assert "▾ now 120 ms" in strips["p99"]
    assert "▾ no limit is set" in strips["memory"]


def test_tables_say_none_where_nothing_was_measured() -> None:
    table = tables.comparison(bare())
    assert table.rows[0] == ("one", *[tables.NONE] * 6)
    assert tables.comparison(sample()).rows[1] == (
        "trees", "0.112", "0.109 to 0.115", "64.2 ms", "812 MB", "80 s", "$2,958/month", "✓ p99  ✓ cost  ✓ coverage")


def test_a_duration_that_trials_found_is_told_in_its_unit() -> None:
    solutions = {name: replace(solution, tuning={}) for name, solution in sample().solutions.items()}
    found = {"popular": Tuning(trials=4, metric="recall@500", default=0.71, best=0.72, params={"half_life": 2_201_581.0}),
             "boosted": Tuning(trials=4, metric="ndcg", default=0.24, best=0.25, params={"learning_rate": 0.1376, "depth": 3}),
             "als": Tuning(trials=4, metric="recall@500", default=0.7, best=0.7)}
    table = tables.tuning(sample(solutions=solutions | {"trees": replace(solutions["trees"], tuning=found)}))
    assert [row[-1] for row in table.rows] == ["half_life 25.5 d", "learning_rate 0.138, depth 3", "as they come"]


@pytest.mark.parametrize("record", RECORDS.values(), ids=RECORDS)
def test_both_files_are_written_and_agree(tmp_path: Path, record: Record) -> None:
    page = report.write(tmp_path / "run", design(tuple(record.solutions)), record)
    assert sorted(path.name for path in page.parent.iterdir()) == ["report.html", "report.md"]
    text = (page.parent / "report.md").read_text(encoding="utf-8")
    assert text.startswith(f"# {record.name}\n")
    assert record.decision.sentence in text
    compared = text.partition("## The comparison\n\n")[2].partition("\n\n")[0].splitlines()
    widths = [line.replace("\\|", "").count("|") for line in compared]
    assert len(widths) == 2 + len(record.solutions)
    assert len(set(widths)) == 1


def test_the_terminal_shows_the_winner_and_the_sentence() -> None:
    from rich.console import Console

    console = Console(file=io.StringIO(), width=120, color_system=None)
    console.print(terminal.summary(sample()))
    shown = console.file.getvalue()
    assert "trees" in shown
    assert "$2,958/month" in shown
    assert "trees keeps every limit that was set." in shown


def test_show_prints_where_the_report_lies(capsys: pytest.CaptureFixture[str]) -> None:
    terminal.show(sample(), Path("runs/video"))
    assert "report: runs/video/report.html" in capsys.readouterr().out
