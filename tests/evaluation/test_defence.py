"""The prose says what the record says, and no number of its own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from sample_record import QUALITY, sample, unconcluded
from sevenfold.evaluation import defence, figures
from sevenfold.evaluation.boundaries import conclude
from sevenfold.record import Estimate, Record, to_json
from sevenfold.report.blocks import Points, markdown, titled

NUMBER = re.compile(r"[−+]?\d[\d,]*(?:\.\d+)?")


def formatted(value: Any) -> Iterator[str]:
    """Every form that a number of the record may take in prose."""
    if isinstance(value, dict):
        for part in value.values():
            yield from formatted(part)
    elif isinstance(value, list):
        for part in value:
            yield from formatted(part)
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        for form in (figures.three, figures.quality, figures.gain, figures.ms, figures.dollars, figures.megabytes,
                     figures.share, "{:,}".format, lambda one: figures.gain(-one)):
            yield from NUMBER.findall(form(value))


def prose(record: Record) -> str:
    return markdown(block for one in defence.defence(record) for block in titled(one.title, Points(one.points), level=2))


def unproved() -> Record:
    record = unconcluded(limits={"p99": 63.0, "cost": 2_900.0, "memory": 900.0})
    popular = record.solutions["popular"]
    small = replace(popular, latency_ms=replace(popular.latency_ms, basis="unproved", catalogue=3_655), memory_mb=None)
    return conclude(replace(record, solutions={**record.solutions, "popular": small}))


RECORDS = [sample(), sample(least_effect=0.04), sample(limits={"p99": 50.0}), sample(limits={"p99": 2.0}), unproved(),
           sample(limits={}), sample(quality={**QUALITY, "deep": 0.09}, higher_is_better=False)]


@pytest.mark.parametrize("record", RECORDS)
def test_every_number_is_quoted_from_the_record(record: Record) -> None:
    known = set(formatted(to_json(record)))
    text = re.sub(r"p99|ndcg@10", "", prose(record))
    strange = [number for number in NUMBER.findall(text) if number not in known]
    assert strange == []


@pytest.mark.parametrize("record", RECORDS)
def test_every_loser_is_told_why(record: Record) -> None:
    losers = [name for name in record.solutions if name != record.winner]
    chapter = next(one for one in defence.defence(record) if one.title.startswith(("What each", "What stands")))
    assert [subject for subject, _ in chapter.points] == losers
    assert all(text for _, text in chapter.points)


def test_the_argument_for_trees() -> None:
    text = prose(sample())
    assert text.startswith("## Why trees\n")
    assert "- **trees** gains +0.031 (+0.029 to +0.033) ndcg@10 over popular, which is simpler." in text
    assert "- **popular** is beaten by trees, which gains +0.031 (+0.029 to +0.033) over it. It would need" in text
    assert "- **deep** gains +0.0025 (+0.0001 to +0.0049) over trees, not surely more than 0.005. It would" in text
    assert "- **new_users** popular reaches 0.070 (0.066 to 0.074), trees 0.060" in text
    assert "- **cost** is projected, not measured, for popular, trees and deep." in text


def test_the_baseline_is_kept_in_the_heading() -> None:
    assert prose(sample(least_effect=0.04)).startswith("## Keep the baseline, popular\n")


def test_a_refused_solution_reads_its_limit() -> None:
    assert ("- **trees** is refused by its p99: 64.2 ms (61.6 to 70 ms) where 50 ms is allowed. Its quality would do."
            in prose(sample(limits={"p99": 50.0})))


def test_when_nothing_ships_the_heading_says_so() -> None:
    assert prose(sample(limits={"p99": 2.0})).startswith("## Why nothing ships\n\n- Nothing can ship: popular")


def test_what_is_not_proved_is_said() -> None:
    text = prose(unproved())
    assert "- **popular** p99 is unproved: it was measured with 3,655 items, not the declared 500,000." in text
    assert "- **popular** memory is unproved: it was measured with 3,655 items, not the declared 500,000." in text
    assert "where 63 ms is allowed: not shown to break its limit, nor to keep it." in text


@pytest.mark.parametrize(("low", "high", "words"), [
    (None, None, ""), (None, 2.0, "up to 2 ms"), (1.0, None, "1 ms or more"), (1.0, 2.0, "1 to 2 ms")])
def test_an_interval_may_lack_an_end(low: float | None, high: float | None, words: str) -> None:
    assert figures.span(Estimate(value=1.5, low=low, high=high), figures.ms) == words


@pytest.mark.parametrize(("value", "words"), [
    (0, "0"), (999.6, "1,000"), (99.96, "100"), (9.996, "10"), (0.00012, "0.00012"), (1e6, "1,000,000"), (0.5, "0.5"),
    (12.34, "12.3")])
def test_three_figures(value: float, words: str) -> None:
    assert figures.three(value) == words
