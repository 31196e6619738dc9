"""`compare` and `what-if`: what a changed line did, and what a changed setting would do."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

import pytest

from sample_record import MILLISECONDS, QUALITY, sample
from sevenfold import record
from sevenfold.cli import compare, what_if
from sevenfold.errors import BundleError, DesignError
from sevenfold.evaluation.changes import changes, text
from sevenfold.record import Record

BEFORE = "name: video\nsolutions:\n  trees: {retrieve: [popular, als], rank: boosted}\n"
AFTER = "name: video\nsolutions:\n  trees: {retrieve: [popular, ease], rank: boosted, rerank: diversity}\n"


def run(verb: Any, *words: str) -> int:
    parser = ArgumentParser()
    verb.arguments(parser)
    return int(verb.run(parser.parse_args(words)))


def written(folder: Path, one: Record, document: str) -> Path:
    record.write(one, folder)
    (folder / "design.yaml").write_text(document)
    return folder


@pytest.fixture
def runs(tmp_path: Path) -> tuple[str, str]:
    slower = sample(milliseconds={**MILLISECONDS, "trees": 140.0}, quality={**QUALITY, "deep": 0.122})
    return str(written(tmp_path / "a", sample(), BEFORE)), str(written(tmp_path / "b", slower, AFTER))


def test_compare_tells_lines_measures_and_decision(runs: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(compare, *runs) == 0
    shown = capsys.readouterr().out
    assert "  solutions.trees.retrieve[1]: als → ease\n" in shown
    assert "  solutions.trees.rerank: (not there) → diversity\n" in shown
    assert "  trees    p99      64.2 ms       140 ms        +75.8 ms, intervals apart\n" in shown
    assert "  deep     ndcg@10  0.115         0.122         +0.0075, intervals apart\n" in shown
    assert "  popular  ndcg@10  0.081         0.081         +0.000\n" in shown
    assert "Decision: trees → deep\n" in shown


def test_compare_as_json(runs: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(compare, *runs, "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["same_data"] is True
    assert found["winner_before"] == "trees"
    assert found["winner_after"] == "deep"
    assert {"where": "solutions.trees.rerank", "before": None, "after": "diversity"} in found["lines"]


def test_two_like_runs_differ_in_nothing(runs: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(compare, runs[0], runs[0]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("The documents say the same.")
    assert "Decision: trees, as before" in shown


def test_other_data_and_other_solutions_are_said() -> None:
    fewer = sample(quality={name: QUALITY[name] for name in ("popular", "trees")}, data_fingerprint="other")
    found = changes(sample(), fewer, {}, {})
    assert found.same_data is False
    assert text(found).startswith("The data differ: ")
    assert "only before" in text(found)


def test_a_run_without_its_document_is_refused(tmp_path: Path) -> None:
    record.write(sample(), tmp_path)
    with pytest.raises(BundleError, match=r"design\.yaml: expected the run's document, found none"):
        compare.document(tmp_path)


def test_what_if_prints_where_it_flips(runs: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(what_if, runs[0]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("trees wins with ndcg@10 0.112")
    assert "  trees wins at a p99 limit of 61.6 ms or more; deep from 39.4 ms to 61.6 ms;" in shown


def test_what_if_under_another_setting(runs: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(what_if, runs[0], "--set", "p99=50ms", "--set", "least_effect=0.5", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["winner"] == "popular"
    assert found["refused"] == {"trees": ["p99"]}
    assert run(what_if, runs[0], "--set", "p99=50ms") == 0
    assert capsys.readouterr().out.startswith("with p99=50ms: deep wins")


@pytest.mark.parametrize(("setting", "expected"), [
    ("p99=50ms", ("p99", 50.0)), ("cost=$30k/month", ("cost", 30_000.0)), ("memory=2GB", ("memory", 2_000.0)),
    ("min_coverage=5%", ("min_coverage", 0.05)), ("least_effect=0.01", ("least_effect", 0.01))])
def test_settings_are_written_as_in_a_document(setting: str, expected: tuple[str, float]) -> None:
    name, value = what_if.parse(setting)
    assert (name, value) == (expected[0], pytest.approx(expected[1]))


@pytest.mark.parametrize(("setting", "message"), [
    ("p95=50ms", "no setting is called 'p95'\n.*Did you mean 'p99'"),
    ("least_effect=much", "expected a number, got 'much'\n.*Write it like 0.005"), ("p99=50", "50")])
def test_a_setting_that_cannot_be_read_is_refused(setting: str, message: str) -> None:
    with pytest.raises(DesignError, match=message):
        what_if.parse(setting)
