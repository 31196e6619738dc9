"""What is written is read again, and what is damaged is said to be."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sample_record import sample
from sevenfold import record as records
from sevenfold.errors import BundleError
from sevenfold.record import Estimate, Record, Solution


def test_a_record_is_read_as_it_was_written(tmp_path: Path) -> None:
    record = sample()
    path = records.write(record, tmp_path / "new" / "run")
    assert path == tmp_path / "new" / "run" / "record.json"
    assert records.read(path.parent) == record
    assert [one.name for one in path.parent.iterdir()] == ["record.json"]


def test_the_stable_keys_are_there() -> None:
    values = records.to_json(sample())
    assert {"schema", "design_hash", "data_fingerprint", "seeds", "versions", "machine", "split", "solutions", "winner",
            "decision", "pareto"} <= set(values)
    trees = values["solutions"]["trees"]
    assert set(trees["metrics"]["ndcg@10"]) >= {"value", "low", "high"}
    assert set(trees["latency_ms"]) >= {"p50", "p99"}
    assert {"memory_mb", "fit_seconds", "cost_per_month", "stages"} <= set(trees)


def test_numpy_scalars_become_numbers(tmp_path: Path) -> None:
    solution = Solution(order=np.int64(0), metrics={"ndcg@10": Estimate(value=np.float32(0.5))})
    record = replace(sample(), solutions={"one": solution})
    assert records.read(records.write(record, tmp_path).parent).solutions["one"].metrics["ndcg@10"].value == 0.5


def test_a_number_that_is_not_finite_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    record = replace(sample(), timings={"load": float("nan")})
    with pytest.raises(BundleError, match=r"timings\.load: expected a finite number, got nan"):
        records.write(record, tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("change", "message"), [
    ({"schema": 99}, "expected schema 1, got 99"),
    ({"stray": 1}, r"record\.json\.stray: expected no such key, got 1"),
    ({"metric": 3}, r"record\.json\.metric: expected str, got 3"),
    ({"seeds": "012"}, r"record\.json\.seeds: expected list, got '012'"),
    ({"least_effect": True}, r"record\.json\.least_effect: expected float or int, got True"),
    ({"data": []}, r"record\.json\.data: expected dict, got \[\]"),
    ({"machine": {"cores": None}}, r"machine\.cores: expected str or int or float, got None"),
])
def test_damage_is_named(tmp_path: Path, change: dict[str, object], message: str) -> None:
    path = records.write(sample(), tmp_path)
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(BundleError, match=message):
        records.read(tmp_path)


def test_a_missing_key_and_a_wrong_word_are_named(tmp_path: Path) -> None:
    path = records.write(sample(), tmp_path)
    values = json.loads(path.read_text())
    del values["design_hash"]
    path.write_text(json.dumps(values))
    with pytest.raises(BundleError, match=r"design_hash: expected a value, got None"):
        records.read(tmp_path)
    values["design_hash"] = "x"
    values["solutions"]["trees"]["latency_ms"]["basis"] = "guessed"
    path.write_text(json.dumps(values))
    with pytest.raises(BundleError, match=r"trees\.latency_ms\.basis: expected 'measured' or .*, got 'guessed'"):
        records.read(tmp_path)


@pytest.mark.parametrize("content", [b"{", b"\xff\xfe\x00", b"[]"])
def test_what_is_no_record_is_said_to_be_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "record.json").write_bytes(content)
    with pytest.raises(BundleError, match=r"is not JSON|expected schema 1, got None"):
        records.read(tmp_path)


def test_a_run_is_found_by_its_folder_its_file_or_as_the_latest(tmp_path: Path) -> None:
    run = tmp_path / "video-9b1c"
    path = records.write(sample(), run)
    assert records.locate(run) == records.locate(path) == run
    with pytest.raises(BundleError, match=r"a run folder with record\.json, found none\n.*Runs in it: video-9b1c\."):
        records.locate(tmp_path)
    (tmp_path / "latest").symlink_to(run.name)
    assert records.locate(tmp_path) == run
    with pytest.raises(BundleError, match="Give the folder that `sevenfold run` wrote"):
        records.locate(tmp_path / "nowhere")


def test_reading_and_deciding_load_nothing_heavy() -> None:
    code = ("import sys, sevenfold.record, sevenfold.evaluation.boundaries, sevenfold.evaluation.defence, "
            "sevenfold.cli.what_if; assert not {'numpy', 'pyarrow', 'yaml'} & set(sys.modules)")
    subprocess.run([sys.executable, "-c", code], check=True)


def test_defaults_make_a_small_record_easy() -> None:
    small = Record(name="x", design_hash="d", data_fingerprint="f", metric="ndcg@10")
    assert records.from_json(Record, json.loads(json.dumps(records.to_json(small)))) == small
