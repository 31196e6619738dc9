from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sevenfold.design.checks.examples import DESIGNS, examples
from sevenfold.design.grade import LETTERS, STEPS, Difference, cases, grade, reference, text
from sevenfold.errors import DesignError

VIDEO = (DESIGNS / "video.yaml").read_text(encoding="utf-8")
MUTANTS = [one.text() for example in examples().values() for one in example.fires]


def letters(mine: str, against: str | None = VIDEO) -> dict[str, str]:
    return {one.step: one.letter for one in grade(mine, against).steps}


@pytest.mark.parametrize("case", cases())
def test_a_shipped_design_held_against_itself(case: str) -> None:
    grades = grade(reference(case), reference(case))
    assert [one.letter for one in grades.steps] == ["A"] * 7
    assert grades.differences == ()
    assert text(grades) == "\n".join(f"A  {step}" for step in STEPS)


def test_an_error_costs_two_grades_and_a_warning_one() -> None:
    assert letters(VIDEO.replace("p99: 120ms", "p99: 120m"))["requirements"] == "C"
    assert letters(VIDEO.replace("[live streams, search]", "[]"), None)["requirements"] == "B"


def test_what_the_reference_answers_and_the_attempt_leaves_out_costs_a_little() -> None:
    aside = VIDEO.replace("  action: watch\n", "  action: {na: nobody acts}\n")
    assert grade(aside, VIDEO).steps[0].missing == ()
    lacks = re.sub(r"  storage: .*\n", "", VIDEO)
    (data,) = [one for one in grade(lacks, VIDEO).steps if one.step == "data"]
    assert data.missing == ("data.storage",)
    assert "the reference also answers data.storage" in text(grade(lacks, VIDEO))
    assert grade(lacks).differences == ()


def test_four_keys_that_are_missing_cost_a_grade_and_more_cost_no_more() -> None:
    more = "  without_ml: a list by hand\n  assume: {row_bytes: 1KB}\n"
    limits = "limits: {memory: 4GiB, "
    four = VIDEO.replace("  action: watch\n", f"  action: watch\n{more}").replace("limits: {", limits)
    assert letters(VIDEO, four)["requirements"] == "A"
    assert letters(VIDEO, four.replace("scale: {", "scale: {requests: 1k/s, "))["requirements"] == "B"
    assert letters(VIDEO, four.replace("scale: {", "scale: {requests: 1k/s, peak: 4, "))["requirements"] == "B"


def test_an_empty_step_is_an_f_and_an_unreadable_one_too() -> None:
    start, end = VIDEO.index("monitoring:"), len(VIDEO)
    assert letters(VIDEO[:start])["monitoring"] == "F"
    assert letters(VIDEO[:start] + "monitoring:\n")["monitoring"] == "F"
    assert letters(VIDEO[:start] + "monitoring: later\n")["monitoring"] == "F"
    assert "F  monitoring: left empty" in text(grade(VIDEO[:start], VIDEO))
    assert VIDEO[start:end].startswith("monitoring")


def test_a_file_that_is_no_document_is_seven_times_f() -> None:
    for broken in ("requirements: [", b"\xff\xfe", "", "- a list"):
        grades = grade(broken, VIDEO)
        assert {one.letter for one in grades.steps} == {"F"}
        assert grades.steps[0].note == "cannot be read"
        assert grades.steps[0].findings
        assert grades.differences == ()
    assert "line 2: this is not YAML" in text(grade("requirements: [", VIDEO))


def test_differences_are_told_field_by_field_as_they_are_written() -> None:
    mine = VIDEO.replace("p99: 120ms", "p99: 0.09s").replace("name: video", "name: mine").replace(
        "  popular:\n", "  simple:\n").replace("  action: watch\n", "")
    grades = grade(mine, VIDEO)
    assert Difference("requirements.limits.p99", "0.09s", "120ms") in grades.differences
    assert Difference("requirements.action", None, "watch") in grades.differences
    assert [one.path for one in grades.differences if one.path.startswith("sol")] == ["solutions.popular", "solutions.simple"]
    assert "requirements: mine | the reference\n  name: mine | video\n  requirements.action: – | watch" in text(grades)


def test_another_spelling_of_the_same_is_no_difference() -> None:
    assert grade(VIDEO.replace("p99: 120ms", "p99: 0.12s"), VIDEO).differences == ()


@settings(max_examples=30, deadline=None)
@given(st.sets(st.sampled_from(STEPS)))
def test_a_step_that_is_left_out_is_an_f_whatever_else_is_missing(left_out: set[str]) -> None:
    pieces = re.split(r"^(?=[a-z_]+:)", VIDEO, flags=re.MULTILINE)
    found = letters("".join(piece for piece in pieces if piece.partition(":")[0] not in left_out))
    assert {step for step, letter in found.items() if letter == "F"} >= left_out


@settings(max_examples=25, deadline=None)
@given(st.sampled_from(MUTANTS))
def test_whatever_the_attempt_there_are_seven_letters_and_a_text(mutant: str) -> None:
    grades = grade(mutant, VIDEO)
    assert [one.step for one in grades.steps] == list(STEPS)
    assert all(one.letter in LETTERS for one in grades.steps)
    worst = {one.step for one in grades.steps if any(found.severity == "error" for found in one.findings)}
    assert all(one.letter > "B" for one in grades.steps if one.step in worst)
    assert text(grades).count("\n") >= 6


def test_a_reference_is_a_shipped_name_or_a_file() -> None:
    assert reference("video") == VIDEO.encode()
    assert reference(str(DESIGNS / "spam.yaml")) == reference("spam")
    with pytest.raises(DesignError, match="no design is called 'vidoe'"):
        reference("vidoe")
    with pytest.raises(DesignError, match="no such file"):
        reference("none/there.yaml")
