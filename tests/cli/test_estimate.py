from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

import sevenfold
from sample_record import sample
from sevenfold import record as records
from sevenfold.cli import main

VIDEO = Path(sevenfold.__file__).parent / "designs" / "video.yaml"


@pytest.fixture
def video(tmp_path: Path) -> Path:
    (tmp_path / "video.yaml").write_text(VIDEO.read_text())
    return tmp_path / "video.yaml"


def printed(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert main(["estimate", *words]) == 0
    return capsys.readouterr().out


def test_sections_inputs_and_prices(video: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = printed(capsys, str(video))
    assert "  Q1  average requests            8M × 12/d = 1,100/s\n" in text
    assert "1 − 1% ÷ 3 = 99.67%" in text  # two digits would read as all
    heads = [line for line in text.splitlines() if line and not line.startswith(" ")]
    assert heads[:9] == ["traffic", "latency", "storage", "features", "index", "training", "serving", "money", "experiment"]
    rows = [line for line in text.splitlines() if line.startswith("  $0 ")]
    assert [line.index("$", 4) for line in rows] == [rows[0].index("$", 4)] * 3  # columns align
    marks = {line.split()[1]: line.split()[0] for line in text.split("\ninputs: ")[1].splitlines() if line.startswith("  ")}
    assert (marks["requirements.scale.users"], marks["requirements.limits.p99"], marks["row_bytes"]) == ("?", "=", "~")
    assert "the total depends most on: row_bytes, log_index, touch_time\n" in text
    assert "\nprices: 20" in text
    assert "missing" not in text


def test_a_value_and_prices_of_your_own(video: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "11,110/s × 90d × 300B" in printed(capsys, str(video), "--set", "row_bytes=300B")
    own = video.parent / "prices.json"
    built_in = Path(sevenfold.__file__).parent / "design" / "estimate" / "prices.json"
    own.write_text(json.dumps({**json.loads(built_in.read_text()), "core_month": 77, "source": "our contract"}))
    text = printed(capsys, str(video), "--prices", str(own))
    assert "4 × $77" in text
    assert "our contract" in text


def test_what_is_missing_is_asked_for(video: Path, capsys: pytest.CaptureFixture[str]) -> None:
    video.write_text(video.read_text().replace("users: 40M, ", ""))
    assert ("missing: requirements.scale.users (how many users are there in all?), for lists computed ahead (S7)"
            in printed(capsys, str(video)))


def test_json_holds_every_line_and_input(video: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = json.loads(printed(capsys, str(video), "--json"))
    (line,) = [one for one in told["lines"] if one["key"] == "Q1"]
    assert line["value"] == pytest.approx(8e6 * 12 / 86_400)
    told_by = {"name": "requirements.scale.requests_per_user", "value": "12/d", "source": "assumed", "why": "", "range": ""}
    assert line["inputs"] == [told_by]
    assert (told["missing"], told["measured"]) == ([], [])


@pytest.mark.parametrize(("words", "problem"), [
    (("--set", "row_bytes"), "--set row_bytes: expected NAME=VALUE"),
    (("--set", "row_byte=1KB"), "--set row_byte: no default of the estimate is called 'row_byte'"),
    (("--prices", "none.json"), "none.json: expected date, source, core_month")])
def test_words_that_do_not_read(video: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], problem: str) -> None:
    assert main(["estimate", str(video), *words]) == 1
    assert problem in capsys.readouterr().err


def test_what_a_run_measured_stands_beside(video: Path, capsys: pytest.CaptureFixture[str]) -> None:
    record = sample()
    slow = replace(record.solutions["deep"], latency_ms=replace(record.solutions["deep"].latency_ms, p99=9_000.0))
    records.write(replace(record, solutions={**record.solutions, "deep": slow}), video.parent / "runs" / "latest")
    text = printed(capsys, str(video)).split("measured by the latest run\n")[1].splitlines()
    assert [line.split()[:2] for line in text] == [[name, what] for name in ("popular", "trees", "deep")
                                                   for what in ("p99", "memory", "cost")]
    assert [line.split()[0] for line in text if line.endswith("[warning C07]")] == ["deep"]
    assert "measured             9s" in text[6]
    assert len(json.loads(printed(capsys, str(video), "--json"))["measured"]) == 9


def test_the_run_of_another_design_is_left_aside(video: Path, capsys: pytest.CaptureFixture[str]) -> None:
    records.write(sample(name="other"), video.parent / "runs" / "latest")
    assert "measured" not in printed(capsys, str(video))


def test_estimating_imports_nothing_heavy() -> None:
    code = (f"import sys; from sevenfold.cli import main; main(['estimate', {str(VIDEO)!r}]); "
            "print([name for name in sys.modules if name in ('numpy', 'pyarrow', 'torch', 'rich', 'scipy')])")
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert told.rstrip().endswith("[]")
