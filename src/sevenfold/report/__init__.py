"""The report part of Sevenfold: a page and its Markdown twin from a design and a record, nothing else."""

from __future__ import annotations

from pathlib import Path

from sevenfold.design.sections import Design
from sevenfold.record import Record
from sevenfold.report.blocks import markdown, page
from sevenfold.report.sections import report


def write(folder: Path, design: Design, record: Record) -> Path:
    """Write `report.html` and `report.md` into a folder; returns the page. The record must have been concluded."""
    folder.mkdir(parents=True, exist_ok=True)
    blocks, title = tuple(report(design, record)), f"{record.name}: {record.winner or 'no winner'}"
    for name, words in (("report.md", markdown(blocks)), ("report.html", page(title, blocks))):
        unfinished = folder / f".{name}.unfinished"
        unfinished.write_text(words, encoding="utf-8")
        unfinished.replace(folder / name)
    return folder / "report.html"
