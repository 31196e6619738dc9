"""`sevenfold outline`: what is printed and written, the empty form, and the examiner driven through pipes."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from sample_record import sample
from sevenfold import design as documents
from sevenfold import record as records
from sevenfold.cli import main
from sevenfold.design.checks.examples import DESIGNS, laid_over
from sevenfold.design.document import parse
from sevenfold.design.grade import STEPS
from sevenfold.record import Record
from sevenfold.report.blank import blank

VIDEO = (DESIGNS / "video.yaml").read_text(encoding="utf-8")


@pytest.fixture
def video(tmp_path: Path) -> Path:
    (tmp_path / "video.yaml").write_text(VIDEO, encoding="utf-8")
    return tmp_path / "video.yaml"


def run_beside(video: Path, record: Record) -> None:
    records.write(record, video.parent / "runs" / "latest")


def test_markdown_is_printed(video: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["outline", str(video)]) == 0
    short = capsys.readouterr().out
    assert short.startswith("# video: a design in 45 minutes\n")
    assert "Deep dive" not in short
    assert main(["outline", str(video), "--deep"]) == 0
    assert capsys.readouterr().out.startswith(short)


def test_the_latest_run_is_quoted_where_it_is_of_this_design(video: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run_beside(video, replace(sample(), name="another"))
    assert main(["outline", str(video)]) == 0
    assert "none is measured" in capsys.readouterr().out
    run_beside(video, sample())
    assert main(["outline", str(video)]) == 0
    assert "Measured numbers are stale" in capsys.readouterr().out
    run_beside(video, replace(sample(), design_hash=documents.hash_of(documents.load(video))))
    assert main(["outline", str(video)]) == 0
    assert "Measured: trees buys +0.031 ndcg@10" in capsys.readouterr().out


def test_a_run_that_is_named_must_be_there(video: Path, capsys: pytest.CaptureFixture[str]) -> None:
    records.write(sample(), video.parent / "elsewhere")
    assert main(["outline", str(video), "--run", str(video.parent / "elsewhere")]) == 0
    assert "Where the funnel loses" in capsys.readouterr().out
    assert main(["outline", str(video), "--run", str(video.parent / "none")]) == 1
    assert "expected a run folder" in capsys.readouterr().err


def test_a_page_and_the_diagrams_are_written(video: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page, folder = video.parent / "out" / "outline.html", video.parent / "drawn"
    assert main(["outline", str(video), "--html", str(page), "--diagrams", str(folder)]) == 0
    assert "<title>video: a design in 45 minutes</title>" in page.read_text()
    names = {path.name for path in folder.iterdir()}
    assert {"data.mmd", "data.svg", "funnel.mmd", "funnel.svg"} <= names
    assert (folder / "funnel.svg").read_text().startswith("<svg")
    assert sorted(capsys.readouterr().out.split()) == sorted(map(str, [page, *folder.iterdir()]))


def test_a_place_that_cannot_be_written_is_said(video: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["outline", str(video), "--html", str(video / "page.html")]) == 1
    assert "cannot be written" in capsys.readouterr().err


def test_without_a_file_one_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["outline"]) == 1
    assert capsys.readouterr().err.startswith("outline: which design?")


def test_a_design_that_does_not_read_is_refused(video: Path, capsys: pytest.CaptureFixture[str]) -> None:
    video.write_text(VIDEO.replace("120ms", "120m"))
    assert main(["outline", str(video)]) == 1
    assert "'120m' is ambiguous" in capsys.readouterr().err


def test_the_empty_form_has_every_step_with_its_minute_and_its_questions() -> None:
    form = blank()
    values, _ = parse(form)
    assert list(values)[-7:] == list(STEPS)
    assert re.findall(r"^# \d\. done by minute (\d+)$", form, flags=re.MULTILINE)[-1] == "45"
    assert form.count("?\n") >= 25
    unread = [one for one in documents.examine(form) if one.code in ("Z01", "Z02", "Z08")]
    assert unread == []


@pytest.mark.parametrize("case", sorted(path.stem for path in DESIGNS.glob("*.yaml") if "." not in path.stem))
def test_a_form_that_is_filled_in_is_the_design(case: str) -> None:
    design = documents.load(DESIGNS / f"{case}.yaml")
    form, _ = parse(blank(design))
    written, _ = parse((DESIGNS / f"{case}.yaml").read_text(encoding="utf-8"))
    assert set(form) == set(form) | set(written)
    filled = laid_over({**form, "solutions": {}}, written)
    assert documents.from_mapping(filled) == design


def test_a_form_of_a_problem_asks_only_what_its_task_raises(video: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["outline", str(video), "--blank"]) == 0
    form = capsys.readouterr().out
    assert parse(form)[0]["name"] == "video"
    assert parse(form)[0]["why"] == documents.load(video).why
    assert parse(form)[0]["framing"]["task"] == "recommend"
    assert "How many items are there" in form
    assert "How much worse is one error" not in form
    assert "How much worse is one error" in blank()


class Dialogue:
    """A process that is talked to: `hear` reads up to the next prompt, `say` types a line."""

    def __init__(self, *words: str) -> None:
        self.process = subprocess.Popen([sys.executable, "-m", "sevenfold", "outline", *words], text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def hear(self) -> str:
        heard = ""
        assert self.process.stdout is not None
        while not heard.endswith("q ends > ") and (letter := self.process.stdout.read(1)):
            heard += letter
        return heard

    def say(self, line: str = "") -> str:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()
        return self.hear()

    def end(self) -> str:
        out, err = self.process.communicate()
        assert err == ""
        assert self.process.returncode == 0
        return out


@pytest.fixture
def examined() -> Iterator[Callable[..., Dialogue]]:
    begun: list[Dialogue] = []

    def begin(*words: str) -> Dialogue:
        begun.append(Dialogue(*words, "--examine"))
        return begun[-1]

    yield begin
    for one in begun:
        one.process.kill()
        one.process.communicate()


def until(dialogue: Dialogue, heard: str, question: str) -> str:
    """Skip to the question that changes a path."""
    while f"   {question}" not in heard:
        assert "reached:" not in heard
        heard = dialogue.say("s")
    return heard


def test_an_examination_judges_the_edit_and_never_writes(video: Path, examined: Callable[..., Dialogue]) -> None:
    run_beside(video, sample())
    dialogue = examined(str(video))
    heard = dialogue.hear()
    assert "questions, the one that breaks most first" in heard
    heard = until(dialogue, heard, "requirements.limits.p99: 120ms → 30ms")
    assert "not yet: requirements.limits.p99 is 120ms" in dialogue.say()

    video.write_text(VIDEO.replace("p99: 120ms", "p99: 30m"))
    assert "'30m' is ambiguous" in dialogue.say()

    edited = VIDEO.replace("p99: 120ms", "p99: 30ms").replace("40ms", "9ms").replace("60ms", "15ms")
    video.write_text(edited.replace("within: 10ms, else: skip", "within: 5ms, else: skip"))
    judged = dialogue.say()
    assert "mended  error V01  serving: 'trees' may take retrieve 40ms" in judged
    assert "new     " not in judged
    assert "grades  requirements A, framing A" in judged
    assert "run     as measured before your edits, trees → popular: Keep the baseline: popular wins" in judged
    assert "a strong answer weighs: Which stage spends the time" in judged
    assert "30ms" in video.read_text()

    before = video.read_text()
    closing = dialogue.say("q") + dialogue.end()
    assert video.read_text() == before
    assert "reached: 1 answered" in closing
    assert "held against video" in closing
    assert "requirements.limits.p99: 30ms | 120ms" in closing


def test_what_an_edit_breaks_is_told_with_its_grade(video: Path, examined: Callable[..., Dialogue]) -> None:
    dialogue = examined(str(video))
    until(dialogue, dialogue.hear(), "requirements.limits.p99: 120ms → 30ms")
    video.write_text(VIDEO.replace("p99: 120ms", "p99: 30ms"))
    judged = dialogue.say()
    assert "new     error V01  serving: 'trees' may take" in judged
    assert "serving A → C" in judged
    assert "run     none was made of this design" in judged


def test_the_end_of_the_input_ends_it_politely(video: Path) -> None:
    for typed in ("", "s\ns\n", "s\nq\n"):
        done = subprocess.run([sys.executable, "-m", "sevenfold", "outline", str(video), "--examine"], input=typed,
                              capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")
        assert "reached: 0 answered" in done.stdout
        assert "A  requirements" in done.stdout


def test_all_questions_skipped_come_to_an_end_and_the_seed_orders_equals(video: Path) -> None:
    def asked(seed: str) -> list[str]:
        words = [sys.executable, "-m", "sevenfold", "outline", str(video), "--examine", "--seed", seed]
        out = subprocess.run(words, input="s\n" * 60, capture_output=True, text=True, check=True).stdout
        return re.findall(r"^\d+\. (.*)$", out, flags=re.MULTILINE)

    first, again, other = asked("0"), asked("0"), asked("1")
    assert first == again
    assert sorted(first) == sorted(other)
    assert first != other
    assert len(set(first)) == len(first) >= 10


def test_a_reference_can_be_named_or_is_refused(video: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["outline", str(video), "--examine", "--reference", "nobody"]) == 1
    assert "no design is called 'nobody'" in capsys.readouterr().err
    own = video.with_name("mine.yaml")
    own.write_text(yaml.safe_dump({**parse(VIDEO)[0], "name": "mine"}))
    words = [sys.executable, "-m", "sevenfold", "outline", str(own), "--examine"]
    alone = subprocess.run(words, input="q\n", capture_output=True, text=True, check=True).stdout
    assert "held against" not in alone
    held = subprocess.run([*words, "--reference", str(video)], input="q\n", capture_output=True, text=True, check=True).stdout
    assert "name: mine | video" in held
