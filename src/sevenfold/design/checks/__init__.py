"""The checks of a design: small functions of the document with its defaults filled in, each a registered rule."""

from __future__ import annotations

from sevenfold.design.checks import (
    capacity,
    data,
    document,
    evaluation,
    features,
    framing,
    labels,
    monitoring,
    requirements,
    serving,
    solutions,
    splits,
)
from sevenfold.design.checks.running import check, unbuilt

__all__ = ["capacity", "check", "data", "document", "evaluation", "features", "framing", "labels", "monitoring", "requirements",
           "serving", "solutions", "splits", "unbuilt"]
