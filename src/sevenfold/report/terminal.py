"""The comparison and the decision, for the end of a run in a terminal."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import sevenfold.report.tables as tables
from sevenfold.record import Record

if TYPE_CHECKING:
    from rich.console import RenderableType

FEW = 200  # requests: below it an interval is a rough thing


def summary(record: Record) -> RenderableType:
    """The comparison table, the winner's row in green, and the sentence that decides."""
    from rich.box import SIMPLE
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    drawn = Table(box=SIMPLE, pad_edge=False, padding=(0, 1, 0, 0))
    for heading in ("solution", record.metric, "p99", "memory", "fit", "cost", "limits"):
        drawn.add_column(heading, justify="left" if heading in ("solution", "limits") else "right")
    for name, value, interval, *measured in tables.comparison(record).rows:
        quality = f"{value} [{interval.replace(' to ', '–')}]" if interval else value
        limits = record.solutions[name].limits.items()
        open_ = " ".join(f"{tables.SIGNS[held.holds]} {limit}" for limit, held in limits if not held.holds)
        cells = (name, quality, *measured[:4], open_ or tables.SIGNS[True])
        drawn.add_row(*map(Text, cells), style="bold green" if name == record.winner else "")
    asked = record.data.requests.get("test")
    judged = f" Judged by {asked:,} requests{'' if asked >= FEW else ': few, so look again with more data'}." if asked else ""
    return Group(drawn, Text((record.decision.sentence if record.decision else "") + judged))


def show(record: Record, folder: Path) -> None:
    """Print the summary and where the report lies."""
    from rich.console import Console

    console = Console(highlight=False)
    console.print(summary(record))
    console.print(f"\nreport: {folder / 'report.html'}", soft_wrap=True, markup=False)
