"""`sevenfold data list | get NAME | simulate`: public data sets and the simulated world."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path

from sevenfold.data import catalogue, world

HELP = "public data sets and the simulated world"


def arguments(parser: argparse.ArgumentParser) -> None:
    """The words of this verb."""
    verbs = parser.add_subparsers(dest="part", required=True, metavar="list|get|simulate")
    listing = verbs.add_parser("list", help="the data sets that a design can name, and which are here")
    listing.add_argument("--json", action="store_true", help="as JSON")
    listing.set_defaults(part=list_)
    getting = verbs.add_parser("get", help="fetch a data set from its publisher, its checksum compared")
    getting.add_argument("name", metavar="NAME")
    getting.set_defaults(part=get)
    simulating = verbs.add_parser("simulate", help="write the simulated world as Parquet files")
    for name, default, what in (("users", 2000, "how many users"), ("items", 1000, "how many items"),
                                ("events", 100_000, "how many items are shown"), ("seed", 0, "repeats a world")):
        simulating.add_argument(f"--{name}", type=int, default=default, help=f"{what} (default {default})")
    simulating.add_argument("--out", type=Path, default=Path("data"), metavar="DIR", help="where to (default data)")
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
        print(f"{entry['name']:9}{entry['title']}\n{'':9}{tables}\n{'':9}{'here' if entry['present'] else 'not here'}; "
              f"{entry['terms']}\n{'':9}{entry['note']}\n")
    print(f"folder: {catalogue.root()}")


def get(arguments: argparse.Namespace) -> None:
    """Fetch a data set, or say that it is here."""
    entry = catalogue.find(arguments.name, where="data get")
    print(f"{entry.title}\nterms: {entry.terms}", file=sys.stderr)
    print(catalogue.fetch(entry.name, progress=True))


def simulate(arguments: argparse.Namespace) -> None:
    """Write a simulated world."""
    made = world.simulate(users=arguments.users, items=arguments.items, events=arguments.events, seed=arguments.seed)
    for file in world.write(made, arguments.out):
        print(file)
