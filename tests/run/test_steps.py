"""A finished step is never computed twice; an unfinished one leaves nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from sevenfold.run.steps import Steps
from told import Told


def write(folder: Path) -> None:
    (folder / "result").write_text("42")


def test_the_same_inputs_reuse_the_step(tmp_path: Path) -> None:
    told = Told()
    first = Steps(tmp_path, told).finish("fit trees", ["data", 1], write)
    assert (first / "result").read_text() == "42"
    assert told.reused == {"fit trees": False}
    again = Steps(tmp_path, told).finish("fit trees", ["data", 1], lambda folder: pytest.fail("computed twice"))
    assert again == first
    assert told.reused == {"fit trees": True}


def test_other_inputs_compute_it_anew(tmp_path: Path) -> None:
    steps = Steps(tmp_path)
    assert steps.finish("fit", 1, write) != steps.finish("fit", 2, write)


@pytest.mark.parametrize("failure", [RuntimeError, KeyboardInterrupt])
def test_a_failed_or_interrupted_step_leaves_nothing(tmp_path: Path, failure: type[BaseException]) -> None:
    def fail(folder: Path) -> None:
        write(folder)
        raise failure

    with pytest.raises(failure):
        Steps(tmp_path).finish("fit", 1, fail)
    assert list(tmp_path.iterdir()) == []


def test_seconds_are_those_of_the_computation(tmp_path: Path) -> None:
    Steps(tmp_path).finish("fit", 1, write)
    kept = Steps(tmp_path)
    folder = kept.finish("fit", 1, write)
    assert kept.seconds["fit"] == float((folder / "took.json").read_text())
