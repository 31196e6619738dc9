"""The checks of a design: small functions of the document with its defaults filled in, each a registered rule."""

from __future__ import annotations

from sevenfold.design.checks import document, evaluation, framing, requirements, solutions, splits
from sevenfold.design.checks.running import check, unbuilt

__all__ = ["check", "document", "evaluation", "framing", "requirements", "solutions", "splits", "unbuilt"]
