"""What a check says, and the register of everything that can be said.

Finding   one problem of one document: code, name, severity, where, line, problem, hint
Rule      a stable code with its reason, a document that breaks it and one that nearly does; the function that looks
check     the decorator by which a function becomes a rule
RULES     code → rule, in the order of the families
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple

Severity = Literal["error", "warning", "info"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "info")
STAGES = ("concept", "design", "prototype", "pilot", "production")


class Problem(NamedTuple):
    """What a rule's function yields: where, what, and how to mend it."""

    where: str
    problem: str
    hint: str


@dataclass(frozen=True)
class Finding:
    """One problem of one document; `line` is None where the document was made in Python."""

    code: str
    name: str
    severity: Severity
    where: str
    line: int | None
    problem: str
    hint: str

    def text(self, source: str = "") -> str:
        """Two lines for a person: `video.yaml:41  solutions.trees.retrieve: what`, and the hint."""
        place = f"{source}:{self.line}" if self.line and source else source
        head = "  ".join(filter(None, (place, f"{self.where}: {self.problem}" if self.where else self.problem)))
        return f"{head}  [{self.severity} {self.code}]\n    hint: {self.hint}"


@dataclass(frozen=True)
class Rule:
    """A check: from which stage on it speaks with its full severity, and two examples that pin it down.

    `fires` and `near` are YAML laid over the shipped design `on` (a null takes a key away, a list or a scalar
    replaces); with `on=""` each is a whole text of its own. `find` is None where reading itself finds the problem.
    """

    code: str
    name: str
    severity: Severity
    since: str
    rule: str
    reason: str
    on: str
    fires: str
    near: str
    find: Callable[[Any], Iterable[Problem]] | None = None

    def severity_at(self, stage: str) -> Severity:
        """One step milder before the stage from which it counts in full."""
        early = stage in STAGES and STAGES.index(stage) < STAGES.index(self.since)
        return SEVERITIES[min(SEVERITIES.index(self.severity) + early, 2)]

    def finding(self, where: str, problem: str, hint: str, stage: str = "design") -> Finding:
        """This rule's finding at a place; its line is found later."""
        return Finding(self.code, self.name, self.severity_at(stage), where, None, _line(problem), _line(hint))


def _line(text: str) -> str:
    """One line of at most 300 letters, whatever a document's values hold."""
    flat = " ".join(text.split())
    return flat if len(flat) <= 300 else f"{flat[:297]}..."


RULES: dict[str, Rule] = {}


def check(code: str, name: str, severity: Severity, *, fires: str, near: str, reason: str, on: str = "video",
          since: str = "design") -> Callable[[Callable[[Any], Iterable[Problem]]], Callable[[Any], Iterable[Problem]]]:
    """Register a function of a design as a rule; its docstring says when it fires."""

    def register(find: Callable[[Any], Iterable[Problem]]) -> Callable[[Any], Iterable[Problem]]:
        read_too = RULES.pop(code, None)
        assert read_too is None or read_too.find is None, f"two checks are called {code}"
        rule = " ".join((find.__doc__ or "").split())
        RULES[code] = Rule(code, name, severity, since, rule, reason, on, fires, near, find)
        return find

    return register


def _read(code: str, name: str, rule: str, reason: str, fires: str, near: str, on: str = "video") -> None:
    RULES[code] = Rule(code, name, "error", "concept", rule, reason, on, fires, near)


_read("Z01", "silent-key", "A key that nothing reads.", "A setting that is ignored in silence is worse than none.",
      "requirements: {limits: {p95: 80ms}}", "requirements: {limits: {p99: 80ms}}")
_read("Z02", "na-without-reason", "Something is set aside without saying why.",
      "'Considered and left out' must differ from 'forgotten'.",
      "requirements: {privacy: {na: }}", "requirements: {privacy: {na: no personal data is held}}", on="spam")
_read("Z03", "contradiction", "The same fact is given twice.", "Of two values one would be silently dropped.",
      "name: video\nname: videos\n", "name: video\nwhy: videos\n", on="")
_read("Z07", "unit-ambiguous", "A quantity that does not read as one number of one known unit.",
      "A bare m may be minutes, milliseconds or millions.",
      "requirements: {limits: {p99: 120m}}", "requirements: {limits: {p99: 2min}}")
_read("Z08", "unreadable", "The text is not a YAML mapping of text, or is too deep, too long or not UTF-8.",
      "A document must read the same everywhere, and safely.", "name: [video\n", "name: video\n", on="")
_read("Z09", "value-mismatch", "A value of another type than its key takes.", "A guessed conversion hides a mistake.",
      "serving: {retrieve: {keep: many}}", "serving: {retrieve: {keep: 400}}")
_read("Z10", "key-missing", "A key without which nothing can be built.", "There is no honest default for it.",
      "data: {events: {path: null}}", "data: {events: {delay: null}}")
_read("Z11", "name-unknown", "A part that neither the language nor an installed package knows.",
      "A misspelt name must not choose something else.",
      "solutions: {trees: {retrieve: [popular, alls]}}", "solutions: {trees: {retrieve: [popular, als]}}")
_read("Z12", "not-built", "A part that the language names and this installation cannot build yet.",
      "A design may be ahead of the code; a run may not.", "solutions: {trees: {retrieve: bm25}}",
      "solutions: {trees: {retrieve: als}}")


def located(findings: Iterable[Finding], lines: Mapping[str, int]) -> list[Finding]:
    """Findings with their lines (the nearest known ancestor's), worst first, then from the top."""
    placed = (replace(one, line=line_of(one.where, lines), where=re.sub(r"\[\d+\]$", "", one.where))
              for one in findings)
    return sorted(placed, key=lambda one: (SEVERITIES.index(one.severity), one.line or 0))


def line_of(path: str, lines: Mapping[str, int]) -> int | None:
    """The line of a path, or of the nearest ancestor that has one."""
    while path and path not in lines:
        path = path[: max(path.rfind("."), path.rfind("["), 0)]
    return lines.get(path)


def related(one: str, other: str) -> bool:
    """One path is the other, or lies above it."""
    a, b = sorted((one, other), key=len)
    return a == b or (b.startswith(a) and (not a or b[len(a)] in ".["))
