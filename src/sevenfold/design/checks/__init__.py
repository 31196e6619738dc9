"""The checks of a design: small functions of the document with its defaults filled in, each a registered rule."""

from __future__ import annotations

from importlib import import_module

from sevenfold.design.checks.running import check, unbuilt

__all__ = ["FAMILIES", "check", "unbuilt"]

FAMILIES = tuple(import_module(f"{__name__}.{family}") for family in (
    "capacity", "data", "document", "evaluation", "features", "framing", "labels", "monitoring", "requirements", "serving",
    "solutions", "splits"))
