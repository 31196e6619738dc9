"""The documentation says what the code does: every verb, key, part and public name is written about, and examples run."""

from __future__ import annotations

import importlib.util
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

import sevenfold
from sevenfold import cli

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
VERBS = [verb for group in cli.VERBS.values() for verb in group]


@pytest.fixture(scope="module")
def made() -> dict[str, str]:
    """Path below docs → text, of every page that is made from the code."""
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs" / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    generate = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(generate)
    return dict(generate.everything())


def test_what_is_made_from_the_code_is_up_to_date(made: dict[str, str]) -> None:
    there = {name: path.read_text(encoding="utf-8") for name in made if (path := ROOT / "docs" / name).exists()}
    assert [name for name, text in made.items() if there.get(name) != text] == [], "run: python docs/generate.py"
    assert {f"checks/{path.name}" for path in (ROOT / "docs" / "checks").iterdir()} == {one for one in made if "/" in one}


def test_every_link_of_the_documentation_leads_somewhere(made: dict[str, str]) -> None:
    for name, text in made.items():
        for link in re.findall(r"\]\(([^)#]+)\)", text):
            assert link.startswith("https://") or (ROOT / "docs" / name).parent.joinpath(link).exists(), f"{name}: {link}"


def test_the_measured_table_is_full(made: dict[str, str]) -> None:
    caught, planted = re.search(r"\*\*(\d+) of (\d+)\*\*", made["mutations.md"]).groups()  # type: ignore[union-attr]
    assert caught == planted
    assert "**0 false findings**" in made["mutations.md"]


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_is_in_the_readme_and_explains_itself(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert f"| `{verb}` |" in README
    with pytest.raises(SystemExit) as ended:
        cli.main([verb, "--help"])
    assert ended.value.code == 0
    assert f"sevenfold {verb}" in capsys.readouterr().out


def test_every_public_name_is_there_and_documented() -> None:
    for name in sevenfold.__all__:
        assert (getattr(sevenfold, name).__doc__ or "").strip(), f"{name} has no docstring"
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = sevenfold.nothing


def test_every_command_of_the_readme_parses() -> None:
    lines = [line for block in re.findall(r"```sh\n(.*?)```", README, re.DOTALL) for line in block.splitlines()]
    words = [shlex.split(line, comments=True) for line in lines]
    commands = [one for one in words if one and one[0] in ("sevenfold", "make")]
    assert len(commands) >= 6
    for command in commands:
        if command[0] == "make":
            assert f"\n{command[1]}:" in (ROOT / "Makefile").read_text()
        else:
            assert command[1] in VERBS


def test_help_needs_no_heavy_library() -> None:
    code = ("import sys; from sevenfold.cli import main; main(['--help']); "
            "print([name for name in sys.modules if name in ('numpy', 'pyarrow', 'rich')])")
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env={**os.environ}).stdout
    assert printed.rstrip().endswith("[]")


def test_an_unknown_verb_is_answered_with_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["chek"]) == 1
    assert "Did you mean 'check'?" in capsys.readouterr().err


def test_the_hook_for_a_commit_runs_check_on_designs() -> None:
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    assert hook["entry"].split() == ["sevenfold", "check"]
    paths = ["designs/video.yaml", "ml/design/a.yml", "config/app.yaml", "designs/deep/a.yaml", "designs/a.txt"]
    assert [path for path in paths if re.search(hook["files"], path)] == paths[:2]
