"""The session holds what the document says, quotes the record and nothing else, and prints twice from one source."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from typing import get_args

import pytest

import sevenfold.design.vocabulary as vocabulary
from sample_record import sample
from sevenfold import design as documents
from sevenfold.design.checks.examples import DESIGNS
from sevenfold.design.convert import without_none, written
from sevenfold.design.estimate import estimate
from sevenfold.design.followups import begins, followups
from sevenfold.design.grade import STEPS
from sevenfold.design.read import varied
from sevenfold.design.sections import Bias, Design, TradeOffs
from sevenfold.evaluation import figures
from sevenfold.report.blocks import Heading, Points, Words, markdown, page, titled
from sevenfold.report.deep import deep
from sevenfold.report.diagrams import diagrams
from sevenfold.report.outline import AXES, MEASURED, clock, decided, exchange, measured, outline, told
from sevenfold.report.tables import Table

SHIPPED = {path.stem: documents.load(path) for path in sorted(DESIGNS.glob("*.yaml")) if "." not in path.stem}
VIDEO = SHIPPED["video"]
NASTY = "<script>alert('x')</script> & | `code` *"


class Closed(HTMLParser):
    """The tags of a page, which must close in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.mark.parametrize("name", SHIPPED)
def test_a_session_has_seven_steps_that_sum_to_45_minutes(name: str) -> None:
    text = markdown(outline(SHIPPED[name]))
    headings = re.findall(r"^## \d\. (\w+): minutes (\d+) to (\d+)$", text, flags=re.MULTILINE)
    assert [step.lower() for step, _, _ in headings] == list(STEPS)
    assert [int(start) for _, start, _ in headings] == [0, *(int(end) for _, _, end in headings)][:7]
    assert headings[-1][2] == "45"
    rows = re.findall(r"^\| \d\. \w+ \| (\d+) \|", text, flags=re.MULTILINE)
    assert sum(map(int, rows)) == 45
    assert "| all | 45 |" in text


@pytest.mark.parametrize("name", SHIPPED)
def test_a_session_says_what_the_document_says(name: str) -> None:
    design = SHIPPED[name]
    text = markdown((*outline(design), *deep(design)))
    assert all(f"| {solution} | " in text for solution in design.solutions)
    assert all(f"| {group} | {feature} | " in text for group, features in design.data.features.items() for feature in features)
    assert all(one.why in text for one in design.solutions.values() if one.why)
    assert text.count("### A strong answer") == text.count("### Draw") == 7
    assert text.count("```mermaid") >= 3
    assert len(re.findall(r"^- \*\*Weigh\.\*\*", text, flags=re.MULTILINE)) >= 8
    assert "None" not in text


def test_open_questions_are_marked_and_counted_and_reasons_are_told() -> None:
    text = markdown(outline(VIDEO))
    assert "**What would do without learning, and why is that not enough?** open: the document does not say" in text
    assert "| 1. requirements | 7 | 0–7 | 1 |" in text
    assert "set aside: messages are read in passing and not kept" in markdown(outline(SHIPPED["spam"]))


def test_the_numbers_are_those_of_the_estimate() -> None:
    text = markdown(outline(VIDEO))
    average, log = (estimate(VIDEO).get(name) for name in ("Q1", "S3"))
    assert average is not None
    assert log is not None
    assert f"- {_flat(average.text)}\n" in text
    assert f"- {_flat(log.text)} ({log.range})\n" in text
    assert re.search(r"\| solution \| p99 of the stages together \| .* \| replicas at the peak \|", text)


def _flat(text: str) -> str:
    return " ".join(text.split())


def test_lines_and_pictures_named_for_a_step_exist() -> None:
    known = [line for one in SHIPPED.values() for line in estimate(one).lines]
    for step in told()["steps"].values():
        for start in (*step["lines"], *step.get("each", ())):
            assert any(begins(line, start) for line in known), start
    drawn = [name for step in told()["steps"].values() for name in step.get("diagrams", ())]
    assert sorted(drawn) == sorted(one.name for one in diagrams(VIDEO))


def test_the_language_is_covered() -> None:
    parts = [(kind, name) for kind in ("retriever", "learner", "reranker") for name in vocabulary.VOCABULARY[kind]]
    assert {name for _, name in parts} == set(told()["parts"])
    assert {vocabulary.entry(kind, name).family for kind, name in parts} | {"other"} == set(told()["families"])
    assert set(get_args(Bias)) == set(told()["biases"])
    assert all(set(told()["trade_offs"][axis]) - {"title"} == _sides(axis) for axis in AXES)
    assert clock()["requirements"] == (0, told()["steps"]["requirements"]["minutes"])


def _sides(axis: str) -> set[str]:
    (choice,) = without_none(written(TradeOffs)[axis][1])
    return set(get_args(choice))


def test_what_watches_a_failure_is_a_key_of_the_language() -> None:
    for path in (path for failure in told()["failures"] for path in failure["watched"]):
        kind: object = Design
        for key in path.split("."):
            assert key in written(kind), path
            (kind, *_) = without_none(written(kind)[key][1])


def test_a_trade_off_is_argued_from_the_document_and_quotes_the_record() -> None:
    text = markdown(outline(VIDEO, sample()))
    assert "**Cost or quality? Cost.** The cheapest that does the job ships. Here: $40k/month is the limit" in text
    assert "Measured: trees buys +0.031 ndcg@10 (+0.029 to +0.033) over popular for 60.8 ms more p99." in text
    assert f"over popular for {_more(sample())} more." in text
    assert all(one.sentence in text for one in sample().decision.boundaries if one.setting in ("p99", "cost"))
    assert "recall@10 is popular 0.130 (0.125 to 0.135); trees" in text
    assert "Measured" not in markdown(outline(VIDEO)).replace("Measured numbers", "")


def _more(record: object) -> str:
    trees, popular = (record.solutions[name].cost_per_month for name in ("trees", "popular"))  # type: ignore[attr-defined]
    return figures.dollars(trees - popular)


def test_where_the_baseline_wins_the_others_are_priced_against_it() -> None:
    kept = sample(limits={"p99": 10.0})
    assert kept.winner == "popular"
    told_by_run = exchange(kept, "latency_accuracy")
    assert "trees buys +0.031" in told_by_run
    assert "deep buys +0.034" in told_by_run
    assert "popular buys" not in told_by_run
    assert sample(limits={"p99": 2.0}).winner is None
    assert "buys" not in exchange(sample(limits={"p99": 2.0}), "latency_accuracy")


def test_a_limit_that_the_run_measured_is_decided_again() -> None:
    text = markdown(outline(VIDEO, sample()))
    assert "**Decides.** trees → popular: Keep the baseline: popular wins" in text
    asked = [one for one in followups(VIDEO) if decided(sample(), varied(VIDEO, one.values), one)]
    assert {one.changes[0].path for one in asked} == set(MEASURED) - {"requirements.limits.memory"}
    tight = varied(VIDEO, {"requirements.limits.p99": "2ms"})
    (one,) = [one for one in asked if one.changes[0].path == "requirements.limits.p99"]
    assert decided(sample(), tight, one).startswith("trees → nothing: Nothing can ship")


def test_a_side_that_is_not_chosen_is_open() -> None:
    text = markdown(outline(varied(VIDEO, {"evaluation.trade_offs.cost_quality": None})))
    assert "- **Cost or quality?** open: the document does not say" in text


def test_the_record_is_said_to_be_fresh_stale_or_missing() -> None:
    (none,), (stale,) = measured(VIDEO, None), measured(VIDEO, sample())
    (fresh,) = measured(VIDEO, replace(sample(), design_hash=documents.hash_of(VIDEO)))
    assert "none is measured" in none.text
    assert stale.text.startswith("Measured numbers are stale")
    assert fresh.text == "Measured numbers are of the run with data 40fe40fe and 3 seeds."
    assert "Where the funnel loses" in markdown(outline(VIDEO, sample()))


def test_the_deep_dive_takes_each_solution_apart() -> None:
    text = markdown(deep(VIDEO))
    assert "- **als.** vectors for people and items" in text
    assert "- **Trains.** anew every 1d; judged over 3 seeds" in text
    assert "- **Somebody or something new.** is answered by popular and logistic" in text
    assert "- **Bias by position.** what stands high is clicked" in text
    assert "- **Built from the label's own column.** item.liked;" in text
    assert f"- {_flat(estimate(VIDEO).get('$0', 'deep').text)}\n" in text
    assert "**Trains.** from each event" in markdown(deep(SHIPPED["ads"]))
    assert "- **The log stops or comes late, and features grow old without a sign.** Watched by monitoring.drift (" in text
    blind = varied(VIDEO, {"evaluation.slices": []})
    assert "average hides it.** Nothing in the document watches it." in markdown(deep(blind))


def test_the_page_stands_alone_and_holds_the_same_words() -> None:
    session = (*outline(VIDEO, sample()), *deep(VIDEO))
    shown = page("video", session)
    found = Closed()
    found.feed(shown)
    assert found.open == []
    assert not found.seen & {"script", "link", "img", "iframe"}
    assert not re.search(r"https?:|url\(|@import", shown)
    assert shown.count("<figure") == len(diagrams(VIDEO))
    assert all(f">{block.text.replace(chr(39), '&#x27;')}<" in shown for block in session if isinstance(block, Heading))


def test_nothing_that_a_document_says_breaks_out_of_its_place() -> None:
    design = varied(VIDEO, {"why": NASTY, "solutions.popular.why": NASTY, "requirements.action": NASTY})
    session = (*outline(design), *deep(design))
    assert "<script" not in page("x", session)
    text = markdown(session)
    assert NASTY not in text
    rows = [line for line in text.splitlines() if line.startswith("| popular | popular")]
    assert [len(re.findall(r"(?<!\\)\|", row)) for row in rows] == [6]


def test_a_title_without_words_under_it_is_left_out() -> None:
    empty = (Points(()), Table(headings=("a",), rows=()))
    assert titled("x", *empty) == ()
    assert titled("x", Words("y"), *empty) == (Heading("x", 3), Words("y"))
    assert markdown((Heading("x", 3), Words("*y*", quiet=True), Points((("", "z"),)))) == "### x\n\n*\\*y\\**\n\n- z\n"
