"""Several processes at one run: the same results, nothing done twice, and one that dies is made up for."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from sevenfold import design as documents
from sevenfold import record as records
from sevenfold.run import companions, execute
from sevenfold.run.job import Job
from sevenfold.run.steps import Steps
from small_run import write_design
from told import Told


def test_another_process_finds_what_this_one_finds(finished: tuple[records.Record, Path], tmp_path: Path) -> None:
    design, told = documents.load(write_design(tmp_path)), Told()
    job = Job(design=design, folder=tmp_path / "runs", steps=Steps(tmp_path / "runs" / "steps"))
    with companions.companions(job, 2):
        while not job.done():
            time.sleep(0.1)
        job.share()  # waits for what is not evaluated yet
    record, folder = execute(design, None, told)
    assert all(told.reused[f"{step} {name}, seed 0"] for step in ("fit", "evaluate") for name in record.solutions)
    for name, solution in finished[0].solutions.items():
        assert record.solutions[name].metrics == solution.metrics
        assert record.solutions[name].tuning == solution.tuning
    assert record.winner == finished[0].winner
    assert (folder / "record.json").is_file()
    assert not list(folder.parent.glob("steps/unfinished-*"))


def test_a_step_is_one_process_s_at_a_time(tmp_path: Path) -> None:
    steps = Steps(tmp_path / "steps")
    claim = f"""
from pathlib import Path
from sevenfold.run.steps import Steps
with Steps(Path({str(steps.folder)!r})).claimed("fit") as mine:
    print(mine, flush=True)
    input()
"""
    with subprocess.Popen([sys.executable, "-c", claim], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "True\n"
        with steps.claimed("fit") as mine, steps.claimed("evaluate") as another:
            assert not mine
            assert another
        other.kill()
        other.wait()
        with steps.claimed("fit") as mine:
            assert mine, "who ends lets go"


def test_a_process_that_dies_is_told_and_made_up_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                                     caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr(companions, "__name__", "sevenfold.no_such_module")
    record, _ = execute(documents.load(write_design(tmp_path)), processes=2)
    assert record.winner
    assert "its work was done here" in caplog.text


def test_others_end_with_the_run_that_began_them(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "sevenfold", "run", str(write_design(tmp_path)), "--processes", "2"]
    with subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as run:
        while not (others := [one for one in psutil.Process(run.pid).children() if "companions" in str(one.cmdline())]):
            assert run.poll() is None
            time.sleep(0.05)
        run.kill()
    gone, alive = psutil.wait_procs(others, timeout=20)
    assert gone
    assert not alive
