from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
import yaml

import sevenfold
from sevenfold import design
from sevenfold.cli import main
from sevenfold.design.findings import RULES

VIDEO = Path(sevenfold.__file__).parent / "designs" / "video.yaml"


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    text = VIDEO.read_text().replace("ease, als", "ease, alls").replace("p99: 120ms", "p99: 120m")
    (tmp_path / "video.yaml").write_text(text.replace("out_of_scope: [live streams, search]", "out_of_scope: []"))
    return tmp_path / "video.yaml"


def test_a_clean_design(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(VIDEO)]) == 0
    assert capsys.readouterr().out == f"{VIDEO}: nothing to mend ({len(RULES)} rules)\n"
    assert main(["check", str(VIDEO), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == []


def test_all_problems_each_with_its_line(broken: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(broken)]) == 1
    text = capsys.readouterr().out
    lines = broken.read_text().split("\n")
    at = 1 + next(number for number, line in enumerate(lines) if "alls" in line)
    assert (f"{broken}:{at}  solutions.trees.retrieve: no retriever is called 'alls'  [error Z11]\n"
            "    hint: Did you mean 'als'?\n") in text
    assert "requirements.limits.p99: '120m' is ambiguous" in text
    assert text.endswith(f"2 errors, 1 warning in {broken}\n")


def test_json_has_the_promised_keys(broken: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(broken), "--json"]) == 1
    findings = json.loads(capsys.readouterr().out)
    assert [one["code"] for one in findings] == ["Z07", "Z11", "R05"]
    assert all(list(one) == ["code", "name", "severity", "where", "line", "problem", "hint"] for one in findings)


def test_warnings_alone_do_not_fail(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "video.yaml"
    path.write_text(VIDEO.read_text().replace("out_of_scope: [live streams, search]", "out_of_scope: []"))
    assert main(["check", str(path)]) == 0
    assert "1 warning in" in capsys.readouterr().out


def test_a_missing_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(tmp_path / "none.yaml")]) == 1
    assert "no such file" in capsys.readouterr().out
    assert main(["check", str(tmp_path / "none.yaml"), "--json"]) == 1
    (finding,) = json.loads(capsys.readouterr().out)
    assert finding["problem"] == "no such file"


def test_show_prints_the_same_design(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", str(VIDEO)]) == 0
    assert design.read(capsys.readouterr().out)[0] == design.load(VIDEO)


def test_show_of_a_broken_design(broken: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", str(broken)]) == 1
    assert "requirements.limits.p99: '120m' is ambiguous" in capsys.readouterr().err


def test_schema_prints_json_schema(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema"]) == 0
    schema = json.loads(capsys.readouterr().out)
    jsonschema.validate(yaml.safe_load(VIDEO.read_text()), schema)


def test_a_design_ahead_of_the_code_says_so(capsys):
    shipped = Path(sevenfold.__file__).parent / "designs" / "spam.yaml"
    assert main(["check", str(shipped)]) == 0
    assert "it cannot run here yet" in (printed := capsys.readouterr().out)
    assert "solutions.bayes.predict" in printed
