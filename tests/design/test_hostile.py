"""Whatever a file holds, `check` answers with findings that have a line, soon, and never with a traceback."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from sevenfold.cli import main, new
from sevenfold.design import examine, read
from sevenfold.design.document import parse
from sevenfold.design.findings import Finding

SOUND = new.text("video")
SECONDS = 2


def told(content: bytes | str) -> list[Finding]:
    """The findings of a document, each of them whole, and given soon."""
    began = time.monotonic()
    found = examine(content)
    assert time.monotonic() - began < SECONDS
    for one in found:
        assert one.line is not None
        assert one.line >= 1
        assert one.problem == " ".join(one.problem.split())
        assert 0 < len(one.problem) <= 300
        assert 0 < len(one.hint) <= 300
    return found


def swapped(old: str, new_text: str) -> str:
    assert old in SOUND
    return SOUND.replace(old, new_text)


LAUGHS = "a0: &a0 [ha, ha, ha, ha, ha, ha, ha, ha, ha]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 30))


@pytest.mark.parametrize(("content", "code", "problem"), [
    (b"", "Z08", "the document is empty"),
    (b"\x00" * 1000, "Z08", "a character that YAML does not allow"),
    (b"name: vi\x00deo\n", "Z08", "a character that YAML does not allow"),
    (SOUND.encode("utf-16"), "Z08", "is not UTF-8"),
    (SOUND.encode("utf-16-le"), "Z08", "a character that YAML does not allow"),
    ("name: x\nwhy: caf\u00e9\n".encode("latin-1"), "Z08", "byte 0xe9 is not UTF-8"),
    (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "Z08", "byte 0x89 is not UTF-8"),
    (b"PK\x03\x04\x14", "Z08", "a character that YAML does not allow"),
    (b"#!/bin/sh\nrm -rf /\n", "Z08", "a document is a mapping of keys"),
    (b'{"name": "x", "framing": [1, 2', "Z08", "this is not YAML"),
    (b"<html><body>404</body></html>\n", "Z08", "a document is a mapping of keys"),
    (b"name:\tvideo\n\twhy: x\n", "Z08", "a tab stands where YAML wants spaces"),
    (b"name: video\nname: video\n", "Z03", "the key 'name' is given twice"),
    (b"a: &a\n  b: *a\n", "Z08", "stands inside its own value"),
    (b"a: &a [*b]\nb: &b [*a]\n", "Z08", "the alias '*b' names nothing above it"),
    (LAUGHS.encode(), "Z08", "holds more than 50,000 values"),
    (b"a: " + b"[" * 999_000, "Z08", "nested more than 40 levels deep"),
    (b"a: " + b"{a: " * 200_000, "Z08", "nested more than 40 levels deep"),
    (b"".join(b" " * n + b"a:\n" for n in range(1000)), "Z08", "nested more than 40 levels deep"),
    (b"- " * 400_000, "Z08", "nested more than 40 levels deep"),
    (b"[" * 10_000_000, "Z08", "at most 1,000,000 are read"),
    (b"a: [" + b"1, " * 300_000 + b"]", "Z08", "holds more than 50,000 values"),
    (b"k" * 999_000 + b": 1\n", "Z08", "a document is a mapping of keys, got 'kkkk"),
    (b"? " + b"k" * 900_000 + b"\n: 1\n", "Z01", "nothing reads the key"),
    (b"name: '" + b"x" * 900_000 + b"'\n", "Z09", "...' cannot be a name"),
    (b"!!python/object/apply:os.system [echo]\n", "Z08", "is not part of the language"),
    (b"%YAML 9.9\n---\nname: x\n", "Z08", "this is not YAML"),
    (b"%TAG ! tag:x,2000:\n---\nname: !a x\n", "Z08", "the tag 'tag:x,2000:a' is not part of the language"),
    (b"<<: {name: x}\n", "Z01", "nothing reads the key '<<'"),
    ("name: \U0001f3ac\n".encode(), "Z09", "'\U0001f3ac' cannot be a name"),
    ("\U0001f3ac: 1\n".encode(), "Z01", "nothing reads the key '\U0001f3ac'"),
    ("name: x\u2028y: 1\n".encode(), "Z01", "nothing reads the key 'y'"),
])
def test_what_is_no_design_is_told_as_a_finding(content: bytes, code: str, problem: str) -> None:
    found = told(content)
    assert any(one.code == code and problem in one.problem for one in found), found[:3]


def test_a_byte_order_mark_and_other_line_ends_change_nothing() -> None:
    for content in (b"\xef\xbb\xbf" + SOUND.encode(), SOUND.replace("\n", "\r\n").encode(), SOUND.replace("\n", "\r").encode()):
        assert told(content) == []


@pytest.mark.parametrize(("old", "put", "code", "problem", "hint"), [
    ("p99: 120ms", "p99: 120", "Z07", "'120' has no unit", "Add one of us, ms, s"),
    ("p99: 120ms", "p99: ms", "Z07", "'ms' is no duration", "Write it like 120ms"),
    ("p99: 120ms", "p99: 1e999ms", "Z07", "'1e999ms' is no duration", "too large"),
    ("p99: 120ms", f"p99: {'9' * 5000}ms", "Z07", "...' is no ", "too large"),
    ("p99: 120ms", "p99: -1ms", "Z07", "'-1ms' is no duration", "cannot be negative"),
    ("p99: 120ms", "p99: .nan", "Z07", "'.nan' is no duration", "finite"),
    ("p99: 120ms", "p99: １２０ms", "Z07", "is no duration", "Write it like 120ms"),
    ("p99: 120ms", "p99: [120ms, 90ms]", "Z07", "expected a duration, got a list", "Write it like"),
    ("users: 40M", "users: 40 M", "Z07", "'40 M' is no count", "without a space"),
    ("users: 40M", "users: 1e400", "Z07", "'1e400' is no count", "too large"),
    ("users: 40M", f"users: {'9' * 400}", "Z07", "...' is no ", "too large"),
    ("cost: $40k/month", "cost: 40k", "Z07", "'40k' is no money a month", "$40k/month"),
    ("min_coverage: 5%", "min_coverage: 500%", "Z07", "'500%' is no share", "between 0 and 1"),
    ("items: 10, at", "items: 1e308, at", "Z09", "expected a whole number, got '1e+308'", "in digits"),
    ("items: 10, at", f"items: {'9' * 301}, at", "Z09", "expected a whole number, got '1e+301'", "in digits"),
    ("metric: ndcg", "metrik: ndcg", "Z01", "nothing reads the key 'metrik'", "Did you mean 'metric'?"),
    ("requirements:", "requirments:", "Z01", "nothing reads the key 'requirments'", "Did you mean 'requirements'?"),
    ("rerank: diversity", "rerank: divrsity", "Z11", "no reranker is called 'divrsity'", "Did you mean 'diversity'?"),
    ("task: recommend", "task: recomend", "Z09", "got 'recomend'", "Did you mean 'recommend'?"),
    ("watched >= 0.7", "__import__('os')", "Z09", "is no expression: stuck at character 11, '('os')'", "Join"),
    ("watched >= 0.7", "'" + "(" * 99 + "a" + ")" * 99 + "'", "Z09", "is no expression: stuck at", "nested too deep"),
    ("watched >= 0.7", "'" + " and ".join(["a > 1"] * 90_000) + "'", "Z09", "899,995 letters", "Compute such a condition"),
])
def test_a_wrong_value_names_its_line_and_its_mend(old: str, put: str, code: str, problem: str, hint: str) -> None:
    text = swapped(old, put)
    found = [one for one in told(text) if one.code == code and problem in one.problem
             and hint in one.hint]
    assert found, told(text)
    line = 1 + next(number for number, line in enumerate(text.splitlines()) if put in line)
    assert line in {one.line for one in found}


def test_the_command_line_has_no_traceback_either(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for number, content in enumerate([b"\x00", b"[" * 10_000_000, b"\xed\xa0\x80", b"\xff\xfe", b"a: *a"]):
        path = tmp_path / f"{number}.yaml"
        path.write_bytes(content)
        for form in ("text", "json", "github"):
            assert main(["check", str(path), "--format", form]) == 1
            assert "Z08" in capsys.readouterr().out
    for path in (tmp_path, tmp_path / "none.yaml", tmp_path / "0.yaml" / "in.yaml"):
        assert main(["check", str(path)]) == 1
        assert "[error Z08]" in capsys.readouterr().out


SCRAPS = [":", "- ", "[", "]", "{", "}", "&a ", "*a", "!!int ", "'", '"', "|", ">", "\t", "\n", "\n\n  ", "# ", "na", "{na: }",
          "---", "null", "1e999", "-0", "\u00e9", "\U0001f3ac", "\u2028", "\x07", "\ud800", "%", "@", "`", "120m", "40M", "$",
          "~", "x" * 300]


@settings(max_examples=150, deadline=None)
@given(case=st.sampled_from(new.cases()), cuts=st.lists(
    st.tuples(st.floats(0, 1), st.integers(0, 30), st.sampled_from(SCRAPS)), min_size=1, max_size=4))
def test_a_shipped_design_with_scraps_in_it_is_read_or_told_about(case: str, cuts: list[tuple[float, int, str]]) -> None:
    text = new.text(case)
    for at, length, scrap in cuts:
        start = int(at * len(text))
        text = text[:start] + scrap + text[start + length:]
    design, findings = read(text)
    assert (design is None) == any(one.severity == "error" for one in findings)
    told(text)


@settings(max_examples=150, deadline=None)
@given(raw=st.binary(max_size=400), at=st.floats(0, 1))
def test_bytes_anywhere_in_a_design_are_read_or_told_about(raw: bytes, at: float) -> None:
    whole = SOUND.encode()
    start = int(at * len(whole))
    told(whole[:start] + raw + whole[start:])


WORDS = [10**299, 1e299, -1e-299, "1e299", "1e299ms", "$1e299/month", "1e300/d", "0", "0d", "120ms", "5%", "0%", "popular",
         "time", "none", "rating >= 4", "1..5", "40M", "design"]
KEYS = ["na", "path", "by", "is", "als", "loss", "metric", "items", "a b", "count", "over"]
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12) | st.sampled_from(WORDS),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=5), inner, max_size=3),
    max_leaves=6)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in inner:
        yield from places(one, (*path, key))


@settings(max_examples=250, deadline=None)
@given(case=st.sampled_from(new.cases()), put=st.lists(VALUES, min_size=1, max_size=3), seed=st.integers(0, 10**6))
def test_any_value_anywhere_is_read_or_told_about(case: str, put: list[Any], seed: int) -> None:
    design, chosen = parse(new.text(case))[0], random.Random(seed)
    for value in put:
        path = chosen.choice(list(places(design))[1:])
        inner = design
        for key in path[:-1]:
            inner = inner[key]
        inner[path[-1]] = value
    told(yaml.safe_dump(design, allow_unicode=True))
