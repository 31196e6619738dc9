"""The report as Markdown: the same tables and the same words, for a pull request or a terminal."""

from __future__ import annotations

import sevenfold.report.tables as tables
from sevenfold import design as documents
from sevenfold.design.sections import Design
from sevenfold.evaluation import defence
from sevenfold.record import Record
from sevenfold.report.tables import Table


def text(design: Design, record: Record) -> str:
    """The whole report of a concluded record."""
    parts = [f"# {_plain(record.name)}", _plain(record.why), f"**{_plain(record.decision.sentence)}**"
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
    if not table.rows:
        return ""
    sides = ("---:" if n >= table.numbers else "---" for n in range(len(table.headings)))
    lines = [_row(table.headings), f"| {' | '.join(sides)} |", *(_row(row) for row in table.rows)]
    return (f"## {title}\n\n" if title else "") + "\n".join(lines)


def _row(cells: tuple[str, ...]) -> str:
    return f"| {' | '.join(_plain(cell) for cell in cells)} |"


def _plain(words: str) -> str:
    """Words that Markdown takes for nothing but words."""
    return "".join(f"\\{letter}" if letter in "\\`*[]<|" else letter for letter in " ".join(words.split()))
