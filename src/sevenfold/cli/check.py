"""`sevenfold check FILE`: every problem at once, each with its line and its mend."""

from __future__ import annotations

import argparse
import json
from collections import Counter
from dataclasses import asdict
from pathlib import Path

from sevenfold.design import load, unbuilt
from sevenfold.design.findings import RULES, SEVERITIES, Finding
from sevenfold.design.read import content, examine
from sevenfold.errors import DesignError

HELP = "Every problem of a design at once, each with its line and its mend; exit status 1 where one is an error."


def arguments(parser: argparse.ArgumentParser) -> None:
    """The words after `check`."""
    parser.add_argument("file", type=Path, help="the design")
    parser.add_argument("--json", action="store_true",
                        help="print a list of objects with code, name, severity, where, line, problem, hint")


def run(args: argparse.Namespace) -> int:
    """Print the findings; 1 where one of them is an error."""
    findings = _findings(args.file)
    if args.json:
        print(json.dumps([asdict(one) for one in findings], indent=1, ensure_ascii=False))
    else:
        print(text(findings, str(args.file)))
        if not findings and (ahead := unbuilt(load(args.file))):
            print("it cannot run here yet, for it names what no part of this installation builds: "
                  + ", ".join(one.where for one in ahead))
    return int(any(one.severity == "error" for one in findings))


def text(findings: list[Finding], source: str) -> str:
    """The findings for a person, and a line that counts them."""
    if not findings:
        return f"{source}: nothing to mend ({len(RULES)} rules)"
    count = Counter(one.severity for one in findings)
    total = ", ".join(f"{count[severity]} {severity}{'s' * (count[severity] > 1)}"
                      for severity in SEVERITIES if count[severity])
    return "\n".join([*(one.text(source) for one in findings), "", f"{total} in {source}"])


def _findings(path: Path) -> list[Finding]:
    try:
        return examine(content(path))
    except DesignError as error:
        return [Finding("Z08", RULES["Z08"].name, "error", "", None, error.problem, error.hint)]
