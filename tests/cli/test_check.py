from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path

import jsonschema
import pytest
import yaml

import sevenfold
from sevenfold import design
from sevenfold.cli import main
from sevenfold.design.checks.pages import page
from sevenfold.design.findings import RULES

ROOT = Path(__file__).parents[2]
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
    assert text.endswith(f"2 errors, 1 warning in {broken}\nsevenfold check --explain CODE says more\n")


def test_json_has_the_promised_keys(broken: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(broken), "--json"]) == 1
    findings = json.loads(capsys.readouterr().out)
    assert [one["code"] for one in findings] == ["Z07", "Z11", "R05"]
    assert all(list(one) == ["file", "code", "name", "severity", "where", "line", "problem", "hint", "page"] for one in findings)
    assert {one["file"] for one in findings} == {str(broken)}
    assert all((ROOT / one["page"]).exists() for one in findings)


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


def said(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    """Exit status, standard output and standard error of one `check`."""
    status = main(["check", *words])
    return status, *capsys.readouterr()


def test_several_files_are_checked_one_by_one(broken: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = said(capsys, str(VIDEO), str(broken), str(tmp_path / "none.yaml"))
    assert status == 1
    assert out.startswith(f"{VIDEO}: nothing to mend ({len(RULES)} rules)\n\n{broken}:")
    assert f"2 errors, 1 warning in {broken}\n\n{tmp_path / 'none.yaml'}  no such file" in out
    assert out.count("says more") == 1
    findings = json.loads(said(capsys, str(VIDEO), str(broken), "--format", "json")[1])
    assert [one["file"] for one in findings] == [str(broken)] * 3


def test_github_gets_a_command_for_each_finding(broken: Path, capsys: pytest.CaptureFixture[str]) -> None:
    odd = broken.rename(broken.with_name("a,b:100%.yaml"))
    odd.write_text(odd.read_text().replace("min_coverage: 5%", "min_coverage: 500%"))
    status, out, _ = said(capsys, str(odd), "--format", "github")
    lines = out.splitlines()
    assert status == 1
    assert len(lines) == 4
    name = str(odd).replace("a,b:100%", "a%2Cb%3A100%25")
    at = {one.where: one.line for one in design.examine(odd.read_text())}
    line = at["requirements.limits.min_coverage"]
    assert (f"::error file={name},line={line},title=Z07 unit-ambiguous::"
            "requirements.limits.min_coverage: '500%25' is no share%0A") in out
    assert any(line.startswith("::warning ") and ",title=R05 no-non-goals::" in line for line in lines)
    assert said(capsys, str(VIDEO), "--format", "github") == (0, "", "")
    missing = said(capsys, str(broken.with_name("none.yaml")), "--format", "github")[1]
    assert missing.startswith("::error file=")
    assert ",line=" not in missing


def test_an_info_is_a_notice_on_github(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "video.yaml"
    path.write_text(VIDEO.read_text().replace("out_of_scope: [live streams, search]", "out_of_scope: []") + "stage: concept\n")
    status, out, _ = said(capsys, str(path), "--format", "github")
    assert status == 0
    assert out.startswith("::notice file=")


def test_a_page_is_printed_by_code_and_by_name(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = said(capsys, "--explain", "M07")
    assert status == 0
    until = f"{date.today() + timedelta(days=90)}"
    assert out == page("M07", until)
    assert until in out
    assert said(capsys, "--explain", "cadence-slower-than-freshness")[1] == out


@pytest.mark.parametrize(("words", "problem", "hint"), [
    (["--explain", "M77"], "no check is called 'M77'", "Did you mean 'M07'?"),
    (["--explain", "M07", str(VIDEO)], "check takes either files or --explain, got both", "sevenfold check --explain M01"),
    ([], "check takes either files or --explain, got neither", "sevenfold check FILE"),
    ([str(VIDEO), "--against", "vidio"], "no design is called 'vidio'", "Did you mean 'video'?"),
    ([str(VIDEO), str(VIDEO), "--against", "video"], "--against grades one file", "check MINE --against video"),
    ([str(VIDEO), "--against", "video", "--format", "github"], "--against grades one file, as text or json", "MINE")])
def test_words_that_cannot_be_followed(words: list[str], problem: str, hint: str, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = said(capsys, *words)
    assert (status, out) == (1, "")
    assert problem in err
    assert hint in err


def test_a_design_is_graded_against_another(broken: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = said(capsys, str(broken), "--against", "video")
    assert status == 1
    assert "ease, alls" in out
    assert "Z11" in out
    graded = json.loads(said(capsys, str(broken), "--against", str(VIDEO), "--json")[1])
    letters = {one["step"]: one["letter"] for one in graded["steps"]}
    assert letters["framing"] == "A"
    assert letters["solutions"] > "A"
    assert said(capsys, str(VIDEO), "--against", "video")[0] == 0


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
    shipped = Path(sevenfold.__file__).parent / "designs" / "visual.yaml"
    assert main(["check", str(shipped)]) == 0
    assert "it cannot run here yet" in (printed := capsys.readouterr().out)
    assert "solutions.colours.retrieve" in printed
