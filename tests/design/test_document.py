from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sevenfold.design import examine
from sevenfold.design.document import Unreadable, decode, parse, scalar


@pytest.mark.parametrize(("text", "value"), [
    ("12", 12), ("-3", -3), ("0.5", 0.5), ("1e3", 1000.0), (".5", 0.5), ("true", True), ("False", False),
                                             ("null", None), ("~", None), ("", None),
    ("yes", "yes"), ("on", "on"), ("12:30:00", "12:30:00"), ("2024-01-31", "2024-01-31"), ("007", "007"),
                                             ("0x1f", "0x1f"), ("none", "none"),
    ("1_000", "1_000"), (".inf", ".inf"), ("1e400", "1e400"), ("e5", "e5"), ("9" * 400, "9" * 400)])
def test_scalars(text: str, value: object) -> None:
    assert scalar(text) == value
    assert type(scalar(text)) is type(value)


def test_lines_of_every_path() -> None:
    values, lines = parse("a:\n  b: 1\n  c: [x,\n      y]\nd: {e: 'yes'}\n")
    assert values == {"a": {"b": 1, "c": ["x", "y"]}, "d": {"e": "yes"}}
    assert lines == {"": 1, "a": 1, "a.b": 2, "a.c": 3, "a.c[0]": 3, "a.c[1]": 4, "d": 5, "d.e": 5}


def test_aliases_repeat_a_value() -> None:
    assert parse("a: &x {n: 1}\nb: *x\n")[0] == {"a": {"n": 1}, "b": {"n": 1}}


BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 12))


@pytest.mark.parametrize(("text", "line", "problem"), [
    ("name: video\nname: videos\n", 2, "the key 'name' is given twice (first on line 1)"),
    ("a:\n  b: 1\n  b: 2\n", 3, "the key 'b' is given twice"),
    ("a:\n\tb: 1\n", 2, "a tab stands where YAML wants spaces"),
    ("a: [1, 2\nb: 3\n", 2, "this is not YAML"),
    ("a: 'open\n", 2, "this is not YAML"),
    ("a: b: c\n", 1, "a second ': ' stands where a value should end"),
    ("a: *b\n", 1, "the alias '*b' names nothing above it"),
    ("a: 1\nb: &b [*b]\n", 2, "the alias '*b' stands inside its own value"),
    (BOMB, 5, "the document holds more than 50,000 values"),
    ("a: " + "[" * 50_000, 1, "nested more than 40 levels deep"),
    ("a: !!python/object:os.system {}\n", 1, "the tag 'tag:yaml.org,2002:python/object:os.system' is not part"),
    ("a: !x 1\n", 1, "the tag '!x' is not part of the language"),
    ("a: 1\n---\nb: 2\n", 2, "a second document begins here"),
    ("", 1, "the document is empty"),
    ("# nothing\n", 1, "the document is empty"),
    ("- a\n- b\n", 1, "a document is a mapping of keys, got a list"),
    ("just text\n", 1, "a document is a mapping of keys, got 'just text'"),
    ("a: 1\n? [x]\n: 2\n", 2, "a key is a single word"),
    ("a: 1\nb: \x07\n", 2, "a character that YAML does not allow"),
    ("a: @b\n", 1, "this is not YAML")])
def test_unreadable_texts(text: str, line: int, problem: str) -> None:
    began = time.monotonic()
    with pytest.raises(Unreadable) as caught:
        parse(text)
    assert problem in caught.value.problem
    assert caught.value.line == line
    assert caught.value.hint.endswith((".", "?"))
    assert time.monotonic() - began < 5
    (finding,) = examine(text.encode())
    assert finding.severity == "error"
    assert finding.line == line


def test_bytes() -> None:
    with pytest.raises(Unreadable, match="byte 0xff is not UTF-8") as caught:
        decode(b"name: video\nwhy: \xff\n")
    assert caught.value.line == 2
    with pytest.raises(Unreadable, match="1,000,001 bytes"):
        decode(b"#" * 1_000_001)
    assert decode(b"\xef\xbb\xbfname: video") == "name: video"


@given(raw=st.binary(max_size=200))
def test_any_bytes_end_in_findings(raw: bytes) -> None:
    assert examine(raw)


@given(text=st.text(alphabet="ab:-[]{}&*!|>'\"#\n ,?", max_size=60))
def test_any_text_ends_in_findings(text: str) -> None:
    assert examine(text.encode())
