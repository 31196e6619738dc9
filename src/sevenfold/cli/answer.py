"""`sevenfold answer RUN --user U`."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from sevenfold.run import answer

HELP = "one answer from a run's bundle"


def arguments(parser: argparse.ArgumentParser) -> None:
    """What the verb takes."""
    parser.add_argument("run", type=Path, help="a run's folder")
    parser.add_argument("--user", required=True, help="the user's id, as the data write it")
    parser.add_argument("--k", type=int, help="how many items (default: the design's)")
    parser.add_argument("--explain", action="store_true", help="who proposed each item, what each stage thought, what fell out")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(arguments: argparse.Namespace) -> int:
    """Answer from the bundle."""
    told = answer(arguments.run, arguments.user, arguments.k, explain=arguments.explain)
    if arguments.json:
        print(json.dumps(told, indent=1, ensure_ascii=False))
        return 0
    console = Console()
    known = "" if told["known"] else " (nobody the log knows: answered as a new user)"
    console.print(f"for user {told['user']}{known}, by '{told['solution']}' (bundle {told['bundle']})")
    if told.get("history"):
        console.print("because of: " + ", ".join(_name(item) for item in told["history"][:5]))
    console.print(_table(told.get("why") or told["items"], "place", "shown"))
    if told.get("nearly"):
        stages = told["stages"]
        console.print(f"{stages['proposed']} proposed → {stages['kept_by_rank']} kept by rank → {stages['shown']} shown")
        console.print(_table(told["nearly"], "rank_place", "nearly shown"))
    return 0


def _table(items: list[dict[str, Any]], place: str, title: str) -> Table:
    table = Table(title=title, title_justify="left", box=SIMPLE, pad_edge=False)
    for name in ("#", "item", "score", *(("ranked", "proposed by") if "proposed_by" in (items or [{}])[0] else ()),
                 *(("fell out",) if "fell_out" in (items or [{}])[0] else ())):
        table.add_column(name, justify="right" if name in ("#", "score", "ranked") else "left")
    for number, item in enumerate(items, start=1):
        cells = [str(item.get(place, number)), _name(item), f"{item['score']:.4f}"]
        if "proposed_by" in item:
            cells += [str(item["rank_place"]), ", ".join(f"{name} #{at}" for name, at in item["proposed_by"].items())]
        table.add_row(*cells, *([item["fell_out"]] if "fell_out" in item else []))
    return table


def _name(item: dict[str, Any]) -> str:
    return f"{item['item']} {item['name']}".strip()
