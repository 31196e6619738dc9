"""`sevenfold outline FILE`: the design as a 45-minute session at the whiteboard; the same as an examination."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from sevenfold import record as records
from sevenfold.cli import examine
from sevenfold.cli.estimate import latest
from sevenfold.design import load
from sevenfold.design.sections import Design
from sevenfold.errors import DesignError
from sevenfold.record import Record
from sevenfold.report.blank import blank
from sevenfold.report.blocks import markdown, page
from sevenfold.report.deep import deep
from sevenfold.report.diagrams import diagrams, standalone
from sevenfold.report.outline import outline

HELP = ("Print a design as a 45-minute whiteboard session: questions and answers, diagrams, numbers, trade-offs and follow-up "
        "questions with what each would break.")


def arguments(parser: argparse.ArgumentParser) -> None:
    """The words after `outline`."""
    parser.add_argument("file", type=Path, nargs="?", metavar="FILE", help="the design; --blank needs none")
    parser.add_argument("--run", type=Path, help="the run whose numbers are quoted (default: runs/latest beside FILE)")
    parser.add_argument("--deep", action="store_true", help="add each solution in depth, labels and leakage, ways to fail")
    parser.add_argument("--html", type=Path, metavar="PAGE", help="write one HTML page instead of printing Markdown")
    parser.add_argument("--diagrams", type=Path, metavar="FOLDER", help="write each diagram as Mermaid and as SVG instead")
    parser.add_argument("--blank", action="store_true", help="print an empty form of the seven steps, with FILE as its problem")
    parser.add_argument("--examine", action="store_true", help="be asked follow-up questions, and judged by your edits of FILE")
    parser.add_argument("--reference", metavar="FILE|CASE", help="with --examine: what to be held against in the end")
    parser.add_argument("--seed", type=int, default=0, help="with --examine: orders questions of one weight (default 0)")


def run(args: argparse.Namespace) -> int:
    """Print, write or ask, as was wanted."""
    if args.blank:
        print(blank(load(args.file) if args.file else None), end="")
        return 0
    if args.file is None:
        raise DesignError("outline", "which design?", "Name its file, or print an empty form: sevenfold outline --blank.")
    design = load(args.file)
    record = found(args.file, design, args.run)
    if args.examine:
        examine.examine(args.file, record, args.reference, args.seed)
        return 0
    blocks = (*outline(design, record), *(deep(design) if args.deep else ()))
    if args.diagrams:
        write_diagrams(design, record, args.diagrams)
    if args.html:
        write(args.html, page(f"{design.name}: a design in 45 minutes", blocks))
    if not (args.diagrams or args.html):
        sys.stdout.write(markdown(blocks))
    return 0


def found(file: Path, design: Design, run: Path | None) -> Record | None:
    """The run that was named, or else the latest one beside a design if it is a run of that design."""
    return records.read(run) if run else latest(file, design.name)


def write_diagrams(design: Design, record: Record | None, folder: Path) -> None:
    """NAME.mmd and NAME.svg for each diagram."""
    for one in diagrams(design, record):
        write(folder / f"{one.name}.mmd", one.mermaid)
        write(folder / f"{one.name}.svg", standalone(one.svg))


def write(path: Path, words: str) -> None:
    """Write a file and say so; raises DesignError where nothing can be written."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(words, encoding="utf-8")
    except OSError as error:
        raise DesignError(str(path), f"cannot be written: {error.strerror}", "Name a place of your own.") from None
    print(path)
