"""`sevenfold estimate FILE`: the size, the speed and the price of a design, every formula with its numbers."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from dataclasses import asdict
from itertools import groupby
from pathlib import Path

from sevenfold import record as records
from sevenfold.design import load
from sevenfold.design.estimate import Estimate, Line, estimate
from sevenfold.design.estimate.number import shown
from sevenfold.design.estimate.prices import prices
from sevenfold.errors import DesignError
from sevenfold.record import Record

HELP = "Requests, bytes, servers and dollars a month of a design: each formula with its numbers, and what is missing."
MARKS = {"stated": "=", "assumed": "?", "default": "~", "measured": "!"}
FORMULA = 100  # characters before the results no longer stand in a column


def arguments(parser: argparse.ArgumentParser) -> None:
    """The words after `estimate`."""
    parser.add_argument("file", type=Path, help="the design")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", dest="settings",
                        help="take another value than the default, such as row_bytes=300B")
    parser.add_argument("--prices", type=Path, metavar="FILE", help="your own prices, as JSON")
    parser.add_argument("--json", action="store_true", help="print every line with its inputs as JSON")


def run(arguments: argparse.Namespace) -> int:
    """Print the estimate; 0 even where something is missing: `check` judges."""
    design = load(arguments.file)
    own = prices(arguments.prices) if arguments.prices else None
    found = estimate(design, dict(map(_setting, arguments.settings)), own)
    held = _measured(arguments.file, design.name, found)
    if arguments.json:
        print(json.dumps({**asdict(found), "measured": held}, indent=1, ensure_ascii=False))
    else:
        print("\n".join([*_lines(found), *_inputs(found), *_end(found), *_beside(held)]))
    return 0


def _setting(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise DesignError(f"--set {text}", "expected NAME=VALUE", "Write it like --set row_bytes=300B.")
    return name, value


def _lines(found: Estimate) -> Iterator[str]:
    """The sections, with columns that align within each."""
    for section, group in groupby(found.lines, key=lambda one: one.section):
        rows = [(one.id, one.name, _formula(one), one.range) for one in group]
        names, formulas = (max(len(row[at]) for row in rows) for at in (1, 2))
        yield section
        width = min(formulas, FORMULA)
        yield from (f"  {id:3} {name:{names}}  {formula:{width}}  {ends}".rstrip() for id, name, formula, ends in rows)
        yield ""


def _formula(line: Line) -> str:
    result = shown(line.value, line.unit, 4 if line.unit == "%" else 2)  # 99.67 % must not read as all
    return result if line.formula == shown(line.value, line.unit) else f"{line.formula} = {result}"


def _inputs(found: Estimate) -> Iterator[str]:
    """Every number that went in, once, by who gave it."""
    yield "inputs: = stated, ? assumed ('# ?' in the document), ~ default (change one: --set NAME=VALUE, or requirements.assume)"
    rows = sorted(found.inputs.values(), key=lambda one: list(MARKS).index(one.source))
    names, values, ends = (max((len(getattr(one, key)) for one in rows), default=0) for key in ("name", "value", "range"))
    yield from (f"  {MARKS[one.source]} {one.name:{names}}  {one.value:{values}}  {one.range:{ends}}  {one.why}".rstrip()
                for one in rows)


def _end(found: Estimate) -> Iterator[str]:
    """What is missing, what the total depends on, how old the prices are."""
    yield ""
    yield from (f"missing: {one.path} ({one.asks}), for {one.for_}" for one in found.missing)
    if found.drivers:
        yield f"the total depends most on: {', '.join(found.drivers)}"
    yield f"prices: {found.prices}"


def _measured(file: Path, name: str, found: Estimate) -> list[dict[str, str | bool]]:
    """What the latest run beside the document measured, against the estimate; nothing where it ran another design."""
    record = latest(file, name)
    return [_against(*pair) for pair in _pairs(record, found)] if record else []


def latest(file: Path, name: str) -> Record | None:
    """The record of the latest run beside a design, where there is one and it ran the design of this name."""
    folder = file.parent / "runs" / "latest"
    record = records.read(folder) if (folder / records.FILE).is_file() else None
    return record if record and record.name == name else None


def _pairs(record: Record, found: Estimate) -> Iterator[tuple[str, str, str, float, float]]:
    """(solution, what, unit, measured, estimated) of everything that has both; a cost is serving and training."""
    for name, one in record.solutions.items():
        values = {"p99": (("p99",), "s", one.latency_ms and one.latency_ms.p99 / 1e3),
                  "memory": (("F0",), "B", one.memory_mb and one.memory_mb * 1e6),
                  "cost": (("$1", "$2"), "$/month", one.cost_per_month)}
        for what, (ids, unit, value) in values.items():
            lines = [line for id in ids if (line := found.get(id, name)) is not None]
            if value and lines:
                yield name, what, unit, value, sum(line.value for line in lines)


def _against(solution: str, what: str, unit: str, value: float, guess: float) -> dict[str, str | bool]:
    return {"solution": solution, "what": what, "estimated": shown(guess, unit, 2), "measured": shown(value, unit, 2),
            "outside": not 0.1 <= value / guess <= 10}


def _beside(held: list[dict[str, str | bool]]) -> Iterator[str]:
    if held:
        yield "\nmeasured by the latest run"
        yield from (f"  {one['solution']:12} {one['what']:7} estimated {one['estimated']:>14}, measured {one['measured']:>14}"
                    + ("  outside [0.1, 10] of the estimate  [warning C07]" if one["outside"] else "") for one in held)
