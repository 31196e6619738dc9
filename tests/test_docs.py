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

import sevenfold
from sevenfold import cli

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
VERBS = [verb for group in cli.VERBS.values() for verb in group]


def test_the_language_page_is_up_to_date() -> None:
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs" / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    generate = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(generate)
    assert (ROOT / "docs" / "language.md").read_text(encoding="utf-8") == generate.language(), "run: python docs/generate.py"


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
