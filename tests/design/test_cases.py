"""The case library: each shipped design is whole, argues for itself, and is like no other."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import get_args

import pytest

from sevenfold import design
from sevenfold.design.checks.examples import DESIGNS
from sevenfold.design.estimate import estimate
from sevenfold.design.sections import Design, Task

CASES = {path.stem: path for path in sorted(DESIGNS.glob("*.yaml")) if "." not in path.stem}
DESIGNED = {name: design.load(path) for name, path in CASES.items()}
EACH = pytest.mark.parametrize("case", DESIGNED.values(), ids=list(DESIGNED))


def test_the_library_covers_every_task() -> None:
    assert len(CASES) == 12
    assert {case.framing.task for case in DESIGNED.values()} == set(get_args(Task))


@pytest.mark.parametrize("path", CASES.values(), ids=list(CASES))
def test_a_case_has_no_finding(path: Path) -> None:
    assert design.examine(path.read_bytes()) == []


@EACH
def test_a_case_is_complete(case: Design) -> None:
    assert Path(case.source).stem == case.name
    assert len(case.solutions) >= 3
    assert all(solution.why for solution in case.solutions.values())
    assert "events" in case.data.storage
    assert None not in vars(case.evaluation.trade_offs).values()
    assert case.evaluation.online is not None
    assert case.evaluation.online.guards
    assert case.monitoring.release is not None
    assert "# ?" in CASES[case.name].read_text()


@EACH
def test_a_case_says_all_that_an_estimate_asks(case: Design) -> None:
    assert estimate(case).missing == ()


@EACH
def test_a_case_reads_back_from_what_is_shown(case: Design) -> None:
    again, findings = design.read(design.show(case))
    assert findings == []
    assert again == case


def test_no_two_cases_say_the_same() -> None:
    said = Counter(text for case in DESIGNED.values() for text in (case.why, *(one.why for one in case.solutions.values())))
    assert [text for text, times in said.items() if times > 1] == []


@EACH
def test_a_case_stays_a_page(case: Design) -> None:
    lines = CASES[case.name].read_text().splitlines()
    assert len(lines) <= 80
    assert max(map(len, lines)) <= 140
