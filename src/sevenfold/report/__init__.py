"""The report part of Sevenfold: a page, its Markdown twin and a summary, from a design and a record, nothing else."""

from __future__ import annotations

from pathlib import Path

from sevenfold.design.sections import Design
from sevenfold.record import Record
from sevenfold.report import html, markdown


def write(folder: Path, design: Design, record: Record) -> Path:
    """Write `report.html` and `report.md` into a folder; returns the page. The record must have been concluded."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, words in (("report.md", markdown.text(design, record)), ("report.html", html.page(design, record))):
        unfinished = folder / f".{name}.unfinished"
        unfinished.write_text(words, encoding="utf-8")
        unfinished.replace(folder / name)
    return folder / "report.html"
