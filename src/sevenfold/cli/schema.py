"""`sevenfold schema`: JSON Schema of a design, for editors."""

from __future__ import annotations

import argparse
import json

from sevenfold.design import schema

HELP = "Print JSON Schema (draft 2020-12) of a design: an editor that knows it completes keys and underlines mistakes."


def arguments(parser: argparse.ArgumentParser) -> None:
    """The words after `schema`: none."""


def run(args: argparse.Namespace) -> int:
    """Print the schema."""
    print(json.dumps(schema(), indent=1, ensure_ascii=False))
    return 0
