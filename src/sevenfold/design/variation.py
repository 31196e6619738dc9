"""A design with some of its values changed, read again as a document is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sevenfold.design.findings import line_of, related
from sevenfold.design.mapping import at as at
from sevenfold.design.mapping import flow as flow
from sevenfold.design.mapping import laid_over, nested
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
        mapping = laid_over(mapping, nested(path, value))
    lines = {path: line_of(path, design.lines) or 1 for path in changes} if design.lines else {}
    return replace(from_mapping(mapping), lines={**lines, **design.lines}, source=design.source)
