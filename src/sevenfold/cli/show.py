"""`sevenfold show FILE`: the document with every default filled in."""

from __future__ import annotations

import argparse
from pathlib import Path

from sevenfold.design import load, show

HELP = "Print a design with every default filled in; what is printed is the same design."


def arguments(parser: argparse.ArgumentParser) -> None:
    """The words after `show`."""
    parser.add_argument("file", type=Path, help="the design")


def run(args: argparse.Namespace) -> int:
    """Print the design."""
    print(show(load(args.file)), end="")
    return 0
