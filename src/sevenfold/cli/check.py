"""`sevenfold check FILE...`: every problem at once, each with its line and its mend; the page of a rule; grades."""

from __future__ import annotations

import argparse
import importlib
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from datetime import date, timedelta
from pathlib import Path

from sevenfold.design import load, unbuilt
from sevenfold.design.checks.pages import address, code_of, page
from sevenfold.design.findings import RULES, SEVERITIES, Finding
from sevenfold.design.grade import grade, reference
from sevenfold.design.grade import text as report
from sevenfold.design.read import content, examine
from sevenfold.errors import DesignError, SevenfoldError

HELP = "Every problem of a design at once, each with its line and its mend; exit status 1 where one is an error."
QUARTER = timedelta(days=90)
COMMANDS = {"error": "error", "warning": "warning", "info": "notice"}  # as GitHub calls them

Found = Mapping[Path, list[Finding]]


def arguments(parser: argparse.ArgumentParser) -> None:
    """The words after `check`."""
    parser.add_argument("files", type=Path, nargs="*", metavar="FILE", help="a design; several are checked one by one")
    parser.add_argument("--format", choices=FORMATS, default="text",
                        help="text for a person; a list of objects for a program; annotations for GitHub's workflows")
    parser.add_argument("--json", action="store_const", const="json", dest="format", help="short for --format json")
    parser.add_argument("--data", action="store_true",
                        help="read the data too: leaks, duplicates, entities from the future, a history that is too short")
    parser.add_argument("--explain", metavar="CODE", help="print the page of one check, by its code or its name, and end")
    parser.add_argument("--against", metavar="REFERENCE",
                        help="grade one FILE step by step, and say where it differs from another file or a shipped design")


def run(args: argparse.Namespace) -> int:
    """Print the findings; 1 where one of them is an error."""
    if bool(args.files) == bool(args.explain):
        raise SevenfoldError("", f"check takes either files or --explain, got {'both' if args.files else 'neither'}",
                             "Write sevenfold check FILE, or sevenfold check --explain M01.")
    if args.explain:
        print(page(code_of(args.explain), f"{date.today() + QUARTER}"), end="")
        return 0
    if args.against:
        return _graded(args)
    found = {path: _findings(path) for path in args.files}
    if args.data:
        found = {path: _with_data(path, findings) for path, findings in found.items()}
    if said := FORMATS[args.format](found):
        print(said)
    return int(any(one.severity == "error" for _, one in _each(found)))


def _graded(args: argparse.Namespace) -> int:
    """Print the grades of one file against a reference."""
    if len(args.files) > 1 or args.format == "github":
        raise SevenfoldError("", "--against grades one file, as text or json", "Write sevenfold check MINE --against video.")
    mine = content(args.files[0])
    grades = grade(mine, reference(args.against))
    print(report(grades) if args.format == "text" else json.dumps(asdict(grades), indent=1, ensure_ascii=False))
    return int(any(one.severity == "error" for one in examine(mine)))


def text(found: Found) -> str:
    """The findings for a person, and a line for each file that counts them."""
    blocks = [_block(findings, path) for path, findings in found.items()]
    if not any(found.values()):
        return "\n".join(blocks)
    return "\n\n".join(blocks) + "\nsevenfold check --explain CODE says more"


def as_json(found: Found) -> str:
    """A list of objects with the file, every field of the finding, and the page of its rule."""
    objects = [{"file": str(path), **asdict(one), "page": address(one.code)} for path, one in _each(found)]
    return json.dumps(objects, indent=1, ensure_ascii=False)


def github(found: Found) -> str:
    """A workflow command for each finding, which GitHub shows beside its line."""
    return "\n".join(_command(path, one) for path, one in _each(found))


FORMATS: dict[str, Callable[[Found], str]] = {"text": text, "json": as_json, "github": github}


def _each(found: Found) -> Iterator[tuple[Path, Finding]]:
    return ((path, one) for path, findings in found.items() for one in findings)


def _block(findings: list[Finding], path: Path) -> str:
    if not findings:
        return f"{path}: nothing to mend ({len(RULES)} rules){_ahead(path)}"
    count = Counter(one.severity for one in findings)
    total = ", ".join(f"{count[severity]} {severity}{'s' * (count[severity] > 1)}"
                      for severity in SEVERITIES if count[severity])
    return "\n".join([*(one.text(str(path)) for one in findings), "", f"{total} in {path}"])


def _ahead(path: Path) -> str:
    """A line that names what a clean design needs and cannot have here yet."""
    ahead = ", ".join(dict.fromkeys(one.where for one in unbuilt(load(path))))
    return f"\nit cannot run here yet, for it names what no part of this installation builds: {ahead}" if ahead else ""


def _command(path: Path, one: Finding) -> str:
    place = {"file": str(path), "line": one.line, "title": f"{one.code} {one.name}"}
    properties = ",".join(f"{key}={_escaped(str(value), ':,')}" for key, value in place.items() if value)
    where = f"{one.where}: " if one.where else ""
    return f"::{COMMANDS[one.severity]} {properties}::" + _escaped(f"{where}{one.problem}\n{one.hint}")


def _escaped(value: str, more: str = "") -> str:
    """Percent signs, line ends and `more` as GitHub's workflow commands want them."""
    return "".join(f"%{ord(sign):02X}" if sign in f"%\r\n{more}" else sign for sign in value)


def _with_data(path: Path, findings: list[Finding]) -> list[Finding]:
    """The findings and what the data show; nothing is read for a document with errors."""
    if any(one.severity == "error" for one in findings):
        return findings
    examination = importlib.import_module("sevenfold.run.examination")  # with NumPy and Arrow: only when asked
    measured: list[Finding] = examination.examine_data(load(path))
    return sorted([*findings, *measured], key=lambda one: SEVERITIES.index(one.severity))


def _findings(path: Path) -> list[Finding]:
    try:
        return examine(content(path))
    except DesignError as error:
        return [Finding("Z08", RULES["Z08"].name, "error", "", None, error.problem, error.hint)]
