"""The report as Markdown: the same tables and the same words, for a pull request or a terminal."""

from __future__ import annotations

import sevenfold.report.tables as tables
from sevenfold import design as documents
from sevenfold.design.sections import Design
from sevenfold.evaluation import defence
from sevenfold.record import Record
from sevenfold.report.blocks import plain, table_lines
from sevenfold.report.tables import Table


def text(design: Design, record: Record) -> str:
    """The whole report of a concluded record."""
    parts = [f"# {plain(record.name)}", plain(record.why), f"**{plain(record.decision.sentence)}**"
             if record.decision else "", _table("", tables.comparison(record)),
             _table("Where the funnel loses", tables.stages(record)), _table("Slices", tables.slices(record)),
             defence.prose(record).rstrip(), _boundaries(record), _table("Leaks", tables.leaks(record)),
             _table("Findings", tables.findings(record)), _table("Every limit", tables.limits(record)),
             _table("Every metric", tables.quality(record)), _costs(record),
             f"## The design\n\n````yaml\n{documents.show(design).rstrip()}\n````",
             _table("Where the numbers come from", tables.provenance(record))]
    return "\n\n".join(part for part in parts if part) + "\n"


def _boundaries(record: Record) -> str:
    found = record.decision.boundaries if record.decision else ()
    return "## What if\n\n" + "\n".join(f"- {one.sentence}" for one in found) if found else ""


def _costs(record: Record) -> str:
    formulas = ["\n".join([f"### {name}\n", *(f"- {formula}" for formula in one.cost.formulas),
                           f"- prices of {one.cost.prices}"])
                for name, one in record.solutions.items() if one.cost]
    return "\n\n".join(["## How the cost comes about", *formulas]) if formulas else ""


def _table(title: str, table: Table) -> str:
    lines = table_lines(table) if table.rows else []
    return "\n".join([f"## {title}\n", *lines] if lines and title else lines)
