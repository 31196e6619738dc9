from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import pytest

from sevenfold import design
from sevenfold.cli import main, new
from sevenfold.design import vocabulary
from sevenfold.design.vocabulary import VOCABULARY

ALL = [(case, data) for case in new.cases() for data in new.variants(case)]


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(new.worlds, "simulate", partial(new.worlds.simulate, rows=500))


@pytest.mark.parametrize(("case", "data"), ALL)
def test_every_design_on_every_data_checks_clean(case: str, data: str) -> None:
    text = new.text(case, data)
    assert design.examine(text.encode()) == []
    assert "# ?" in text


def test_video_on_real_data_keeps_the_comments() -> None:
    text = new.text("video", "real")
    assert text == new.text("video", "ml-1m")
    assert "ml-1m:ratings" in text
    assert "data/events.parquet" not in text
    assert text.count("\nsolutions:") == text.count("\ndata:") == 1
    assert "# ? is a rating of four" in text
    assert "# ? the least gain" in text


@pytest.mark.usefixtures("small")
def test_new_writes_a_design_and_its_world(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "my-video"
    assert main(["new", "video", str(folder)]) == 0
    assert "a simulated world: events.parquet, items.parquet" in capsys.readouterr().out
    assert main(["check", str(folder / "video.yaml")]) == 0
    assert {path.name for path in folder.iterdir()} == {"video.yaml", "data"}
    assert (folder / "data" / "events.parquet").is_file()


def test_new_on_real_data_writes_the_design_alone(tmp_path: Path) -> None:
    assert main(["new", "video", str(tmp_path), "--data", "real"]) == 0
    assert [path.name for path in tmp_path.iterdir()] == ["video.yaml"]


def test_new_does_not_overwrite(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "spam.yaml").write_text("mine")
    assert main(["new", "spam", str(tmp_path)]) == 1
    assert "spam.yaml: exists already, and is not overwritten" in capsys.readouterr().err
    assert (tmp_path / "spam.yaml").read_text() == "mine"


def test_nothing_half_written_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(new.worlds, "write", fail)
    assert main(["new", "video", str(tmp_path)]) == 130
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("words", "problem"), [
    (["vidoe"], "no design is called 'vidoe'\n    hint: Did you mean 'video'?"),
    (["video", "x", "--data", "ml-2m"],
     "the design 'video' has no data called 'ml-2m'\n    hint: Did you mean 'ml-1m'?"),
    ([], "which design?")])
def test_refusals(words: list[str], problem: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                  capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["new", *words]) == 1
    assert problem in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_file_stands_where_the_folder_should(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "here").write_text("")
    assert main(["new", "spam", str(tmp_path / "here")]) == 1
    assert "nothing can be written here" in capsys.readouterr().err


def test_list_names_every_design(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["new", "--list"]) == 0
    text = capsys.readouterr().out
    assert all(f"{case} " in text for case in new.cases())
    assert "recommend, 3 solutions, data: world, ml-1m\n         runs here" in text
    assert "no data: payments.parquet, merchants.parquet" in text


def test_the_list_as_json_says_what_keeps_a_design_from_running(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["new", "--list", "--json"]) == 0
    listed = {one["name"]: one for one in json.loads(capsys.readouterr().out)}
    assert list(listed) == new.cases()
    assert listed["video"] == {
        "name": "video", "why": "Viewers leave when the first screen bores them. Show ten videos they will finish.",
        "task": "recommend", "solutions": 3, "data": ["world", "ml-1m"], "not_built": [], "no_data": [], "runs": True}
    for one in listed.values():
        assert one["runs"] == (one["not_built"] == one["no_data"] == [])
        assert set(one["no_data"]) <= set(one["data"])


@pytest.mark.parametrize("case", ["feed", "search"])
def test_not_built_are_names_of_the_language(case: str) -> None:
    known = {name for kind in VOCABULARY for name in vocabulary.names(kind)}
    found = new.case_of(case).not_built
    assert set(found) <= known
    assert len(found) == len(set(found))


def test_data_that_can_be_fetched_do_not_keep_a_design_from_running(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEVENFOLD_DATA", str(tmp_path))
    assert new.case_of("ratings").no_data == ()
    assert not new.at_hand("globo:clicks")  # its publisher wants a login
    (tmp_path / "globo").mkdir()
    (tmp_path / "globo" / "clicks.parquet").touch()
    assert new.at_hand("globo:clicks")


@pytest.mark.parametrize(("case", "lines"), [
    ("fraud", ["payments.parquet  expected: your own events", "merchants.parquet  expected: your own items"]),
    ("ratings", ["ml-1m:ratings  expected: events; sevenfold data get ml-1m"]),
    ("similar", ["globo:clicks  expected: events; fetch by hand, behind a login"])])
def test_new_says_which_data_it_expects(case: str, lines: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                        capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("SEVENFOLD_DATA", str(tmp_path / "none"))
    assert main(["new", case, str(tmp_path / case), "--data", "real"]) == 0
    told = capsys.readouterr().out
    assert all(line in told for line in lines)
    assert [path.name for path in (tmp_path / case).iterdir()] == [f"{case}.yaml"]


def test_data_that_are_here_are_said_to_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                           capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("SEVENFOLD_DATA", str(tmp_path))
    (tmp_path / "globo").mkdir()
    (tmp_path / "globo" / "clicks.parquet").touch()
    assert main(["new", "similar", str(tmp_path / "mine"), "--data", "real"]) == 0
    assert "globo:clicks  is here: events" in capsys.readouterr().out


def test_new_from_a_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = "".join(f"{1_600_000_000 + 3600 * n},{n % 7},{n % 11},{n % 2}\n" for n in range(200))
    (tmp_path / "my log.csv").write_text(f"when,user,item,clicked\n{rows}")
    assert main(["new", "--from", str(tmp_path / "my log.csv")]) == 0
    path = tmp_path / "my-log.yaml"
    assert "# ?" in path.read_text()
    assert f"next: sevenfold check {path}" in capsys.readouterr().out
    made, findings = design.read(path.read_text())
    assert findings == []
    assert made is not None
    assert made.data.events.user == "user"
