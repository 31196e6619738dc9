"""The tutorial's documents give the findings that stand below them, and its last one is clean."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sevenfold import cli, design

TEXT = (Path(__file__).parents[1] / "docs" / "tutorial.md").read_text(encoding="utf-8")
STEPS = re.findall(r"```yaml\n(.*?)```.*?```text\n(.*?)```", TEXT, re.DOTALL)


def test_there_are_three_documents() -> None:
    assert len(STEPS) == 3


@pytest.mark.parametrize(("document", "told"), STEPS, ids=["second", "third", "last"])
def test_a_document_gives_the_findings_below_it(document: str, told: str) -> None:
    found = design.examine(document.encode())
    assert {one.code for one in found} == set(re.findall(r"\[\w+ ([A-Z]\d\d)\]", told))
    lines = {line for one in found for line in one.text().splitlines()}
    assert [line for line in told.splitlines() if line not in lines and "nothing to mend" not in line] == []


def test_the_figures_are_the_estimate_s(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "recipes.yaml").write_text(STEPS[-1][0], encoding="utf-8")
    assert cli.main(["estimate", str(tmp_path / "recipes.yaml")]) == 0
    printed = {" ".join(line.split()) for line in capsys.readouterr().out.splitlines()}
    (shown,) = re.findall(r"```\n(  Q1.*?)```", TEXT, re.DOTALL)
    assert [line for line in shown.splitlines() if " ".join(line.split()) not in printed] == []


def test_every_verb_of_the_tutorial_is_one() -> None:
    known = {verb for group in cli.VERBS.values() for verb in group}
    assert set(re.findall(r"`?sevenfold ([a-z-]+)", TEXT)) <= known
