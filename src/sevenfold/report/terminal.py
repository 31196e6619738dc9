"""The comparison and the decision, for the end of a run in a terminal."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import sevenfold.report.tables as tables
from sevenfold.record import Record

if TYPE_CHECKING:
    from rich.console import RenderableType

LAST_NUMBER = 6
STYLES = {True: "bold green", False: ""}


def summary(record: Record) -> RenderableType:
    """The comparison table, the winner's row in green, and the sentence that decides."""
    from rich.box import SIMPLE
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    words = tables.comparison(record)
    drawn = Table(box=SIMPLE, pad_edge=False)
    for number, heading in enumerate(words.headings):
        number_here = words.numbers <= number <= LAST_NUMBER
        drawn.add_column(heading, justify="right" if number_here else "left", no_wrap=number == 0)
    for number, cells in enumerate(words.rows):
        drawn.add_row(*map(Text, cells), style=STYLES[number in words.marked])
    return Group(drawn, Text(record.decision.sentence if record.decision else ""))


def show(record: Record, folder: Path) -> None:
    """Print the summary and where the report lies."""
    from rich.console import Console

    console = Console(highlight=False)
    console.print(summary(record))
    console.print(f"\nreport: {folder / 'report.html'}", soft_wrap=True, markup=False)
