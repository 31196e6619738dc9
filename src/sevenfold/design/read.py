"""From a file, a text or a mapping to a design, with every problem at once.

`read` tells what is wrong with the document as a document. `examine` adds what the checks say of the design, as far as
it could be read: a check that touches an unreadable value is silent, and so is one that complains of its default.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from sevenfold.design.checks import check
from sevenfold.design.convert import Reading, written
from sevenfold.design.document import Unreadable, decode, parse
from sevenfold.design.findings import RULES, Finding, line_of, located, refused, related
from sevenfold.design.mapping import laid_over, nested
from sevenfold.design.sections import Design
from sevenfold.design.show import plain
from sevenfold.errors import DesignError


def load(path: Path | str) -> Design:
    """The design in a file; `DesignError` carries all findings when it cannot be read."""
    path = Path(path)
    design, findings = read(content(path), str(path))
    if design is None:
        raise refused(findings, str(path))
    return design


def content(path: Path) -> bytes:
    """The bytes of a file that should be a design."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        near = sorted(str(one) for one in path.parent.glob("*.y*ml"))[:5]
        hint = f"There is {', '.join(near)}." if near else "Make a design first: sevenfold new video my-video/."
        raise DesignError(str(path), "no such file", hint) from None
    except IsADirectoryError:
        raise DesignError(str(path), "this is a folder, not a design", f"Name the file in it: {path}/NAME.yaml.") from None
    except OSError as error:
        raise DesignError(str(path), f"cannot be read: {error.strerror}", "Check its permissions.") from None


def read(text: str | bytes, source: str = "") -> tuple[Design | None, list[Finding]]:
    """The design that a text or a file's bytes spell, or None, and what is wrong with the document; never raises."""
    design, findings, _ = _draft(text, source)
    return (None if any(one.severity == "error" for one in findings) else design), findings


def examine(text: str | bytes) -> list[Finding]:
    """Everything that can be said of a document: reading and all checks."""
    design, findings, lines = _draft(text, "")
    if design is None:
        return findings
    checked = [one for one in check(design) if not any(related(one.where, other.where) for other in findings)]
    return located([*findings, *checked], lines)


def from_mapping(mapping: Mapping[str, Any]) -> Design:
    """The design that plain values spell; `DesignError` carries all findings."""
    reading = Reading()
    design = _built(mapping, reading)
    if reading.findings:
        raise refused(located(reading.findings, {}))
    return design


def varied(design: Design, changes: Mapping[str, Any]) -> Design:
    """The design with other values at some paths, spelled as a document spells them; None takes a value away.

    Lines and file stay those of the document; raises DesignError where the changed document does not read.
    """
    aside = {path: {"na": reason} for path, reason in design.na.items() if not any(related(path, other) for other in changes)}
    mapping = plain(design)
    for path, value in {**aside, **changes}.items():
        mapping = laid_over(mapping, nested(path, value))
    lines = {path: line_of(path, design.lines) or 1 for path in changes} if design.lines else {}
    return replace(from_mapping(mapping), lines={**lines, **design.lines}, source=design.source)


def _draft(text: str | bytes, source: str) -> tuple[Design | None, list[Finding], Mapping[str, int]]:
    try:
        mapping, lines = parse(decode(text))
    except Unreadable as error:
        finding = RULES[error.code].finding(error.path, error.problem, error.hint)
        return None, [replace(finding, line=error.line)], {}
    reading = Reading()
    design = _built(mapping, reading, lines=lines, source=source)
    return design, located(reading.findings, lines), lines


def _built(mapping: Mapping[str, Any], reading: Reading, **origin: Any) -> Design:
    known = written(Design)
    reading.strangers(mapping, known, "")
    values = reading.fields(known, mapping, "")
    return Design(**values, na=dict(reading.na), **origin)
