"""`sevenfold compare RUN RUN`."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from sevenfold import record
from sevenfold.design.document import parse
from sevenfold.errors import BundleError
from sevenfold.evaluation.changes import changes, text

HELP = "what a changed line did to quality, latency and cost"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Two runs, the earlier first."""
    parser.add_argument("before", type=Path, metavar="RUN", help="the folder of a run")
    parser.add_argument("after", type=Path, metavar="RUN", help="the folder of the run to hold against it")
    parser.add_argument("--json", action="store_true", help="print the changes as JSON")


def run(arguments: argparse.Namespace) -> int:
    """Print the changes."""
    before, after = arguments.before, arguments.after
    found = changes(record.read(before), record.read(after), document(before), document(after))
    print(json.dumps(record.to_json(found), indent=1, ensure_ascii=False) if arguments.json else text(found))
    return 0


def document(run: Path) -> dict[str, Any]:
    """The document of a run with every default; raises BundleError where the run has none."""
    path = record.locate(run) / "design.yaml"
    try:
        return parse(path.read_text(encoding="utf-8"))[0]
    except FileNotFoundError:
        raise BundleError(str(path), "expected the run's document, found none",
                          "Run the design again: a run keeps its document beside its record.") from None
