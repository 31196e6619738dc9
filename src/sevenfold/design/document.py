"""The text of a document as plain values, each with its line.

YAML's events are read with our own rules for scalars: whole numbers, decimals, true, false, null; all else is text.
Whatever is wrong with the text is one `Unreadable` with its line, in bounded time: duplicate keys, loops and explosions
of aliases, tags, depth, size, encoding.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import yaml

SIZE = 1_000_000  # bytes of a document
DEPTH = 40
VALUES = 50_000  # after aliases are followed

INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]*)")
DECIMAL = re.compile(r"[-+]?((0|[1-9][0-9]*)(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]+)?")
WORDS = {"": None, "~": None, "null": None, "Null": None, "NULL": None,
         "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Unreadable(Exception):
    """Why a text is no document: the code of the rule, the line, the path, the problem and a hint."""

    def __init__(self, line: int, problem: str, hint: str, *, code: str = "Z08", path: str = "") -> None:
        super().__init__(problem)
        self.line, self.problem, self.hint, self.code, self.path = line, problem, hint, code, path


def decode(content: bytes | str) -> str:
    """The bytes of a file as text; a text is held to the same."""
    content = content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content
    if len(content) > SIZE:
        raise Unreadable(1, f"the document has {len(content):,} bytes, and at most {SIZE:,} are read",
                         "A design is a page or two; data belong in files that it names.")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise Unreadable(line, f"byte {content[error.start]:#04x} is not UTF-8", "Save the file as UTF-8.") from None


@cache
def table(path: Path) -> dict[str, Any]:
    """What a YAML file that comes with the code says; nobody changes it."""
    return parse(path.read_text(encoding="utf-8"))[0]


def parse(text: str) -> tuple[dict[str, Any], dict[str, int]]:
    """The mapping that a text spells, and the line of each path (`data.events.path`, `waivers[0].until`)."""
    try:
        return _Builder(text).document()
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, max(error.position, 0)) + 1
        raise Unreadable(line, "the text holds a character that YAML does not allow",
                         "Delete the control character; a design is plain text.") from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise Unreadable(mark.line + 1 if mark else 1, *_explained(str(error.problem), text, mark)) from None


def scalar(text: str) -> str | int | float | bool | None:
    """What an unquoted scalar means; a number too long for a float stays text."""
    if text in WORDS:
        return WORDS[text]
    if INTEGER.fullmatch(text) and len(text) < 300:
        return int(text)
    if DECIMAL.fullmatch(text) and abs(float(text)) < float("inf"):
        return float(text)
    return text


def _explained(problem: str, text: str, mark: Any) -> tuple[str, str]:
    lines = text.split("\n")
    line = lines[mark.line] if mark and mark.line < len(lines) else ""
    if "\t" in line:
        return "a tab stands where YAML wants spaces", "Indent with spaces; most editors can convert tabs."
    if "mapping values are not allowed" in problem:
        return ("a second ': ' stands where a value should end",
                "Quote a text that holds ': ', or begin the key on a line of its own.")
    if "did not find expected" in problem or "could not find expected" in problem:
        return (f"this is not YAML: {problem}",
                "Look here and on the line above: an open bracket or quote, a missing comma or colon, uneven indents?")
    return f"this is not YAML: {problem}", "Quote texts that begin with one of @ ` % & * ! | > [ ] { }."


class _Builder:
    """Builds values from events; depth, and size after aliases, are bounded."""

    def __init__(self, text: str) -> None:
        self.events: Iterator[Any] = yaml.parse(text, Loader=_LOADER)
        self.lines: dict[str, int] = {"": 1}
        self.anchors: dict[str, tuple[Any, int] | None] = {}  # None while its value is still being built
        self.size = 0

    def document(self) -> tuple[dict[str, Any], dict[str, int]]:
        event = self._next()
        if isinstance(event, yaml.StreamEndEvent):
            raise Unreadable(1, "the document is empty", "Begin with a complete design: sevenfold new video DIR.")
        first = self._next()
        value = self._node(first, "", 0)
        if not isinstance(value, dict):
            raise Unreadable(first.start_mark.line + 1, f"a document is a mapping of keys, got {kind(value)}",
                             "Begin with 'name: ...', then the seven steps as keys.")
        self._next()
        more = self._next()
        if not isinstance(more, yaml.StreamEndEvent):
            raise Unreadable(more.start_mark.line + 1, "a second document begins here",
                             "Keep one design in one file; take the '---' away.")
        return value, self.lines

    def _next(self) -> Any:
        """The next event that says something."""
        return next(event for event in self.events if not isinstance(event, yaml.StreamStartEvent))

    def _node(self, event: Any, path: str, depth: int) -> Any:
        line = event.start_mark.line + 1
        self.size += 1
        if depth > DEPTH:
            raise Unreadable(line, f"the document is nested more than {DEPTH} levels deep",
                             "Close the brackets that were left open.")
        if self.size > VALUES:
            raise Unreadable(line, f"the document holds more than {VALUES:,} values",
                             "Aliases that repeat aliases multiply; write the values out.")
        if isinstance(event, yaml.AliasEvent):
            return self._alias(str(event.anchor), line)
        if event.tag is not None:
            raise Unreadable(line, f"the tag '{event.tag}' is not part of the language",
                             "Take the tag away: a document is data only.")
        if event.anchor:
            self.anchors[event.anchor] = None
        before = self.size
        if isinstance(event, yaml.ScalarEvent):
            value: Any = scalar(event.value) if event.implicit[0] else event.value
        else:
            value = (self._sequence if isinstance(event, yaml.SequenceStartEvent) else self._mapping)(path, depth)
        if event.anchor:
            self.anchors[event.anchor] = value, self.size - before + 1
        return value

    def _alias(self, anchor: str, line: int) -> Any:
        if anchor not in self.anchors:
            raise Unreadable(line, f"the alias '*{anchor}' names nothing above it",
                             f"Mark its value with '&{anchor}' first.")
        held = self.anchors[anchor]
        if held is None:
            raise Unreadable(line, f"the alias '*{anchor}' stands inside its own value",
                             "A value cannot hold itself; write it out.")
        value, size = held
        self.size += size
        return value

    def _sequence(self, path: str, depth: int) -> list[Any]:
        values: list[Any] = []
        while not isinstance(event := self._next(), yaml.SequenceEndEvent):
            place = f"{path}[{len(values)}]"
            self.lines[place] = event.start_mark.line + 1
            values.append(self._node(event, place, depth + 1))
        return values

    def _mapping(self, path: str, depth: int) -> dict[str, Any]:
        values: dict[str, Any] = {}
        while not isinstance(event := self._next(), yaml.MappingEndEvent):
            line = event.start_mark.line + 1
            if not isinstance(event, yaml.ScalarEvent):
                raise Unreadable(line, "a key is a single word, not a list or a mapping",
                                 "Write 'key: value'; quote a text that begins with [ or {.", path=path)
            key = event.value
            place = f"{path}.{key}" if path else key
            if key in values:
                raise Unreadable(line, f"the key '{key}' is given twice (first on line {self.lines[place]})",
                                 "Keep one of the two: the other would be silently dropped.", code="Z03", path=place)
            self.lines[place] = line
            values[key] = self._node(self._next(), place, depth + 1)
        return values


def kind(value: object) -> str:
    """A value as an error message names it."""
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list | tuple):
        return "a list"
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return "nothing" if value is None else f"'{text if len(text) <= 60 else text[:57] + '...'}'"
