"""`sevenfold run FILE`."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from sevenfold import design as documents
from sevenfold.cli import processes
from sevenfold.cli.progress import Lines
from sevenfold.errors import DesignError
from sevenfold.record import to_json
from sevenfold.report import terminal
from sevenfold.run import execute

HELP = "features, three solutions, comparison, decision, bundle and report"


def arguments(parser: argparse.ArgumentParser) -> None:
    """What the verb takes."""
    parser.add_argument("file", type=Path, help="the design")
    parser.add_argument("--out", type=Path, help="the run's folder (default: runs/NAME-HASH beside the design)")
    parser.add_argument("--store", metavar="URL",
                        help="what was posted to it is read beside the files; default: lmdb://RUN/store where there is one")
    parser.add_argument("--processes", type=processes, metavar="N",
                        help="fit and evaluate in so many; default: one for each core, at most 4, where the data are worth it")
    parser.add_argument("--json", action="store_true", help="print the record instead of the summary")


def run(arguments: argparse.Namespace) -> int:
    """Execute the design; 1 when no solution is admissible."""
    try:
        record, folder = execute(documents.load(arguments.file), arguments.out, Lines(sys.stderr), arguments.store,
                                 arguments.processes)
    except DesignError as error:
        for finding in error.findings:
            print(finding.text(str(arguments.file)), file=sys.stderr)  # type: ignore[attr-defined]
        if not error.findings:
            raise
        print("nothing was run", file=sys.stderr)
        return 1
    if arguments.json:
        print(json.dumps(to_json(record), indent=1))
    else:
        terminal.show(record, folder)
    return 0 if record.winner else 1
