"""A whole run on a small simulated world: record, decision, bundle, answers, leaks, and what a second run reuses."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from sevenfold import design as documents
from sevenfold import record as records
from sevenfold.bundle import manifest
from sevenfold.cli import main
from sevenfold.errors import BundleError, DesignError, LeakError, MissingPackage, SevenfoldError
from sevenfold.evaluation import boundaries, decision
from sevenfold.run import answer, execute
from told import Told


def test_the_record_says_all_that_a_decision_needs(finished: tuple[records.Record, Path]) -> None:
    record, folder = finished
    kept = json.loads((folder / "record.json").read_text())
    assert {"design_hash", "data_fingerprint", "seeds", "versions", "machine", "split"} <= set(kept)
    assert {"winner", "decision", "pareto"} <= set(kept)
    assert list(kept["solutions"]) == ["popular", "trees", "deep"]
    for solution in kept["solutions"].values():
        assert set(solution["metrics"]["ndcg@10"]) >= {"value", "low", "high"}
        assert 0 < solution["latency_ms"]["p50"] <= solution["latency_ms"]["p99"]
        assert solution["latency_ms"]["catalogue"] == 400, "filled up to the declared size"
        assert solution["memory_mb"] > 50
        assert solution["fit_seconds"] > 0
        assert solution["cost_per_month"] > 0
        assert [stage["stage"] for stage in solution["stages"]] == ["retrieve", "rank", "rerank"]
        recalls = [stage["recall"] for stage in solution["stages"]]
        assert recalls == sorted(recalls, reverse=True), "a later stage cannot find what an earlier one lost"
    assert records.read(folder) == record


def test_the_decision_is_a_function_of_the_record(finished: tuple[records.Record, Path]) -> None:
    record, _ = finished
    assert record.decision is not None
    assert decision.winner(record) == record.winner == record.decision.winner
    assert boundaries.conclude(record) == record


def test_the_report_is_one_file_that_needs_no_network(finished: tuple[records.Record, Path]) -> None:
    page = (finished[1] / "report.html").read_text()
    assert "http://" not in page.replace("http://www.w3.org", "")
    assert "https://" not in page
    assert "<script" not in page
    for words in ("popular", "trees", "deep", "ndcg@10"):
        assert words in page
        assert words in (finished[1] / "report.md").read_text()


def test_a_second_run_computes_nothing_again(design: Path, finished: tuple[records.Record, Path]) -> None:
    told = Told()
    record, folder = execute(documents.load(design), None, told)
    assert folder == finished[1]
    computed = [step for step, reused in told.reused.items() if not reused]
    quick = ["load", "probe for leaks", "replay requests as they are served"]
    assert computed == quick, "these look at the data each time"
    assert replace(record, timings={}) == replace(finished[0], timings={})


def test_a_changed_line_computes_only_what_depends_on_it(design: Path, finished: tuple[records.Record, Path]) -> None:
    told = Told()
    text = design.read_text().replace("    retrieve: popular\n    rank: logistic",
                                      "    retrieve: {popular: {half_life: 3d}}\n    rank: logistic")
    other = design.with_name("other.yaml")
    other.write_text(text)
    record, folder = execute(documents.load(other), None, told)
    assert folder != finished[1]
    assert not told.reused["fit popular, seed 0"]
    assert told.reused["fit trees, seed 0"]
    assert record.solutions["trees"].metrics == finished[0].solutions["trees"].metrics
    assert main(["compare", str(finished[1]), str(folder)]) == 0


def test_a_fresh_process_answers_from_the_bundle(finished: tuple[records.Record, Path]) -> None:
    folder = finished[1]
    words = [sys.executable, "-m", "sevenfold", "answer", str(folder), "--user", "7", "--json"]
    printed = [subprocess.run(words, capture_output=True, text=True, check=True).stdout for _ in range(2)]
    assert printed[0] == printed[1], "the same question has the same answer"
    told = json.loads(printed[0])
    assert told["known"]
    assert len({item["item"] for item in told["items"]}) == 10
    assert told == answer(folder, "7")


def test_an_explained_answer_says_who_proposed_and_what_fell_out(finished: tuple[records.Record, Path]) -> None:
    told = answer(finished[1], "7", explain=True)
    assert [why["item"] for why in told["why"]] == [item["item"] for item in told["items"]]
    assert all(why["proposed_by"] for why in told["why"])
    assert {one["item"] for one in told["nearly"]}.isdisjoint({item["item"] for item in told["items"]})
    assert told["stages"]["proposed"] >= told["stages"]["kept_by_rank"] >= told["stages"]["shown"] == 10


@pytest.mark.parametrize("user", ["999999", "nobody", ""])
def test_somebody_unknown_is_answered_as_a_new_user(finished: tuple[records.Record, Path], user: str) -> None:
    told = answer(finished[1], user)
    assert not told["known"]
    assert len(told["items"]) == 10


def test_a_damaged_bundle_is_refused(finished: tuple[records.Record, Path], tmp_path: Path) -> None:
    copy = tmp_path / "run"
    shutil.copytree(finished[1], copy, symlinks=True)
    damaged = next((manifest.live(copy) / "parts").rglob("*.json"))
    damaged.write_text(damaged.read_text() + " ")
    with pytest.raises(BundleError, match="was changed after it was written"):
        answer(copy, "7")


def test_an_incomplete_step_one_is_refused_before_anything_is_read(design: Path, tmp_path: Path) -> None:
    text = design.read_text().replace("limits: {p99: 120ms, cost: $40k/month, min_coverage: 5%}", "limits: {cost: $40k/month}")
    bare = tmp_path / "bare.yaml"
    bare.write_text(text)
    with pytest.raises(DesignError, match="so nothing was run") as refused:
        execute(documents.load(bare))
    assert "R04" in {finding.code for finding in refused.value.findings}  # type: ignore[attr-defined]
    assert not (tmp_path / "runs").exists()


def test_a_part_that_nobody_builds_is_refused(design: Path, tmp_path: Path) -> None:
    ahead = tmp_path / "ahead.yaml"
    ahead.write_text(design.read_text().replace("retrieve: popular\n", "retrieve: nearby\n"))
    with pytest.raises(DesignError, match="so nothing was run"):
        execute(documents.load(ahead))


def test_a_missing_package_is_said_before_anything_is_read(design: Path, tmp_path: Path,
                                                           monkeypatch: pytest.MonkeyPatch) -> None:
    bare = tmp_path / "video.yaml"
    bare.write_text(design.read_text())
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(MissingPackage, match=r"solutions\.deep: needs the package 'torch', which is not installed"):
        execute(documents.load(bare))
    assert not (tmp_path / "runs").exists()


LEAKY = "    context:\n      device:\n      clicked:\n"


def test_a_planted_leak_stops_the_run_by_name(design: Path) -> None:
    leaky = design.with_name("leaky.yaml")
    leaky.write_text(design.read_text().replace("    context:\n      device:\n", LEAKY))
    with pytest.raises(LeakError, match="clicked") as stopped:
        execute(documents.load(leaky))
    assert stopped.value.column == "clicked"


def test_what_if_reads_the_record_alone(finished: tuple[records.Record, Path], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["what-if", str(finished[1])]) == 0
    assert finished[0].winner is not None
    assert finished[0].winner in capsys.readouterr().out


def test_a_folder_with_another_run_or_a_file_is_not_overwritten(design: Path, finished: tuple[records.Record, Path],
                                                               tmp_path: Path) -> None:
    other = documents.load(design)
    with pytest.raises(DesignError, match="holds a run of the design 'video', which would be lost"):
        execute(replace(other, name="another"), finished[1])
    (tmp_path / "file").write_text("")
    with pytest.raises(DesignError, match="is a file, expected a folder for the run"):
        execute(other, tmp_path / "file")


def test_an_answer_takes_plain_words_and_refuses_no_items(finished: tuple[records.Record, Path]) -> None:
    assert answer(str(finished[1]), 7) == answer(finished[1], "7")
    with pytest.raises(SevenfoldError, match="expected a number of items from 1 on, got -3"):
        answer(finished[1], "7", -3)
