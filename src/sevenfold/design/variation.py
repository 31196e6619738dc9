"""A design with some of its values changed, read again as a document is, and the values of a document as text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sevenfold.design.checks.examples import laid_over
from sevenfold.design.findings import line_of, related
from sevenfold.design.read import from_mapping
from sevenfold.design.sections import Design
from sevenfold.design.show import plain


def varied(design: Design, changes: Mapping[str, Any]) -> Design:
    """The design with other values at some paths, spelled as a document spells them; None takes a value away.

    Lines and file stay those of the document; raises DesignError where the changed document does not read.
    """
    aside = {path: {"na": reason} for path, reason in design.na.items() if not any(related(path, other) for other in changes)}
    mapping = plain(design)
    for path, value in {**aside, **changes}.items():
        mapping = laid_over(mapping, _nested(path, value))
    lines = {path: line_of(path, design.lines) or 1 for path in changes} if design.lines else {}
    return replace(from_mapping(mapping), lines={**lines, **design.lines}, source=design.source)


def at(mapping: Mapping[str, Any], path: str) -> Any:
    """The value at a path of plain values; None where there is none."""
    value: Any = mapping
    for key in path.split("."):
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def flow(value: Any) -> str:
    """A plain value on one line, as a document writes it; what is empty inside it is left out.

    >>> flow({"keep": 500, "else": ["popular", True]})
    '{keep: 500, else: [popular, true]}'
    """
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{key}: {flow(one)}' for key, one in value.items() if one not in ([], {}))}}}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(flow, value))}]"
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def _nested(path: str, value: Any) -> dict[str, Any]:
    for key in reversed(path.split(".")):
        value = {key: value}
    return dict(value)
