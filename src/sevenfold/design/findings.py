"""What a check says, and the register of everything that can be said.

Finding   one problem of one document: code, name, severity, where, line, problem, hint
Rule      a stable code and the function that looks; its reason and examples stand beside it in YAML
check     the decorator by which a function becomes a rule        rule      the same for one that is words and a condition
RULES     code → rule
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from operator import attrgetter
from typing import Any, Literal, NamedTuple, get_args

from sevenfold import units
from sevenfold.errors import DesignError

Severity = Literal["error", "warning", "info"]
Stage = Literal["concept", "design", "prototype", "pilot", "production"]
SEVERITIES: tuple[Severity, ...] = get_args(Severity)
STAGES: tuple[Stage, ...] = get_args(Stage)
DAY = 86_400.0
DURATION: units.Unit = get_args(units.Duration)[1]


class Place(NamedTuple):
    """Where a rule may speak and what it says: `when` so, else where nothing is given; `{paths}` in the problem are filled in."""

    where: str
    problem: str
    hint: str
    when: Callable[[Any], object] | None = None

    def holds(self, design: Any) -> bool:
        """The problem is there."""
        return bool(self.when(design)) if self.when else attrgetter(self.where)(design) in (None, (), "")


class Problem(NamedTuple):
    """What a rule's function yields: where, what, and how to mend it."""

    where: str
    problem: str
    hint: str


Find = Callable[[Any], Iterable[Problem]]


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
        place = self.place(source)
        head = f"{place}{': ' if self.where else '  ' if place else ''}{self.problem}"
        return f"{head}  [{self.severity} {self.code}]\n    hint: {self.hint}"

    def place(self, source: str) -> str:
        """`video.yaml:41  solutions.trees.retrieve`, or as much of it as is known."""
        return "  ".join(filter(None, (f"{source}:{self.line}" if self.line and source else source, self.where)))


@dataclass(frozen=True)
class Rule:
    """A check, and from which stage on it speaks with its full severity; without `find`, reading finds the problem."""

    code: str
    name: str
    severity: Severity = "error"
    since: str = "concept"
    find: Find | None = None

    def finding(self, where: str, problem: str, hint: str, stage: str = "design") -> Finding:
        """This rule's finding at a place; its line is found later."""
        return Finding(self.code, self.name, self.at(stage) or "info", where, None, _line(problem), _line(hint))

    def at(self, stage: str) -> Severity | None:
        """Its severity in a stage: one step milder for each stage before its own, and at last silent."""
        early = max(0, STAGES.index(self.since) - STAGES.index(stage)) if stage in STAGES else 0
        return dict(enumerate(SEVERITIES)).get(SEVERITIES.index(self.severity) + early)


def _line(text: str) -> str:
    """One line of at most 300 letters, long quotations cut first, whatever a document's values hold."""
    flat = " ".join(text.split())
    flat = flat if len(flat) <= 300 else re.sub(r"'([^']{57})[^']{4,}'", r"'\1...'", flat)
    return flat if len(flat) <= 300 else f"{flat[:297]}..."


MEASURED = {  # only the data can show them: `check --data` and a run look, and no document alone breaks them
    "D09": "data-unusable", "S06": "duplicates-across-split", "X05": "fit-outside-split", "X12": "golden-feature",
    "X13": "future-changes-the-past"}
UNUSABLE = "D09"  # the one measured finding that no waiver helps: there is nothing to train on
RULES = {code: Rule(code, name) for code, name in {
    "Z01": "silent-key", "Z02": "na-without-reason", "Z03": "contradiction", "Z07": "unit-ambiguous",
    "Z08": "unreadable", "Z09": "value-mismatch", "Z10": "key-missing", "Z11": "name-unknown", "Z12": "not-built",
    **MEASURED}.items()}


def check(code: str, name: str, severity: Severity, since: str = "design") -> Callable[[Find], Find]:
    """Register a function of a design as a rule; its docstring says when it fires."""

    def register(find: Find) -> Find:
        assert code not in RULES or RULES[code].find is None, f"two checks are called {code}"
        RULES[code] = Rule(code, name, severity, since, find)
        return find

    return register


def rule(code: str, name: str, severity: Severity, says: str, *places: Place, since: str = "design") -> None:
    """Register a rule whose words are the same for every design, but for values that it names."""

    def find(design: Any) -> Iterable[Problem]:
        return [Problem(one.where, one.problem.format_map(vars(design)), one.hint) for one in places if one.holds(design)]

    find.__doc__ = says
    check(code, name, severity, since)(find)


def span(seconds: float) -> str:
    """A duration as a document writes it, rounded where that would be long."""
    exact = units.write(seconds, DURATION)
    return exact if len(exact) < 6 else f"{seconds / DAY:.3g}d" if seconds >= DAY else f"{seconds:.3g}s"


def percent(share: float) -> str:
    """A share as a document writes it."""
    return f"{share * 100:.3g}%"


def located(findings: Iterable[Finding], lines: Mapping[str, int]) -> list[Finding]:
    """Findings with their lines (the nearest known ancestor's), worst first, then from the top."""
    placed = (replace(one, line=line_of(one.where, lines), where=re.sub(r"\[\d+\]$", "", one.where)) for one in findings)
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


def refused(findings: list[Finding], source: str = "") -> DesignError:
    """The error that names the first finding and carries them all."""
    first, more = findings[0], f" (and {len(findings) - 1} more)" if len(findings) > 1 else ""
    return DesignError(first.place(source), first.problem + more, first.hint, tuple(findings))
