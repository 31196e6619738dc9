"""`sevenfold data list | get NAME | simulate [WORLD] DIR`: public data sets and simulated worlds."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path

from sevenfold.data import catalogue, worlds

HELP = "public data sets and simulated worlds"


def arguments(parser: argparse.ArgumentParser) -> None:
    """The words of this verb."""
    verbs = parser.add_subparsers(dest="part", required=True, metavar="list|get|simulate")
    listing = verbs.add_parser("list", help="the data sets that a design can name, and which are here")
    listing.add_argument("--json", action="store_true", help="as JSON")
    listing.set_defaults(part=list_)
    getting = verbs.add_parser("get", help="fetch a data set from its publisher, its checksum compared")
    getting.add_argument("name", metavar="NAME")
    getting.set_defaults(part=get)
    simulating = verbs.add_parser("simulate", help="write a simulated world, and its truth, as the files that a design reads")
    simulating.add_argument("world", nargs="?", default="video", metavar="WORLD",
                            help=f"of which system: {', '.join(worlds.WORLDS)} (default video)")
    simulating.add_argument("folder", type=Path, metavar="DIR", help="where to")
    simulating.add_argument("--rows", type=int, help="how many rows of events; default: as many as are usual")
    simulating.add_argument("--seed", type=int, default=0, help="repeats a world (default 0)")
    simulating.set_defaults(part=simulate)


def run(arguments: argparse.Namespace) -> int:
    """Do what was asked; returns the exit status."""
    arguments.part(arguments)
    return 0


def list_(arguments: argparse.Namespace) -> None:
    """Every data set, or all that is known of them as JSON."""
    entries = [asdict(entry) | {"present": catalogue.present(entry)} for entry in catalogue.data_sets().values()]
    if arguments.json:
        print(json.dumps(entries, indent=2))
        return
    for entry in entries:
        tables = ", ".join(f"{entry['name']}:{table}" for table in entry["tables"])
        print(f"{entry['name']}\n    {entry['title']}\n    {tables}\n    {'here' if entry['present'] else 'not here'}; "
              f"{entry['terms']}\n    {entry['note']}\n")
    print(f"folder: {catalogue.root()}")


def get(arguments: argparse.Namespace) -> None:
    """Fetch a data set, or say that it is here."""
    entry = catalogue.find(arguments.name, where="data get")
    print(f"{entry.title}\nterms: {entry.terms}", file=sys.stderr)
    print(catalogue.fetch(entry.name, progress=True))


def simulate(arguments: argparse.Namespace) -> None:
    """Write a simulated world."""
    made = worlds.simulate(arguments.world, rows=arguments.rows, seed=arguments.seed)
    for file in worlds.write(made, arguments.folder):
        print(file)
