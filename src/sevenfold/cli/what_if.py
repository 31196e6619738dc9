"""`sevenfold what-if RUN [--set p99=50ms]`."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any, get_args

from sevenfold import record as records
from sevenfold import units
from sevenfold.errors import DesignError, nearest
from sevenfold.evaluation.boundaries import changed, conclude
from sevenfold.record import Record

HELP = "where the decision flips"
SETTINGS: dict[str, tuple[Any, float]] = {  # how a setting is written, and what brings it to the record's unit
    "p99": (units.Duration, 1e3), "cost": (units.Money, 1.0), "memory": (units.Bytes, 1e-6),
    "min_coverage": (units.Share, 1.0), "least_effect": (float, 1.0),
}


def arguments(parser: argparse.ArgumentParser) -> None:
    """A run, and settings to try."""
    parser.add_argument("run", type=Path, metavar="RUN", help="the folder of a run")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", dest="settings",
                        help=f"decide under another setting, such as p99=50ms; names: {', '.join(SETTINGS)}")
    parser.add_argument("--json", action="store_true", help="print the decision as JSON")


def run(arguments: argparse.Namespace) -> int:
    """Print the decision, under the settings that were asked for, and where it flips."""
    record = records.read(arguments.run)
    for setting in arguments.settings:
        record = changed(record, *parse(setting))
    record = conclude(record)
    print(json.dumps(records.to_json(record.decision), indent=1, ensure_ascii=False) if arguments.json
          else text(record, arguments.settings))
    return 0


def parse(setting: str) -> tuple[str, float]:
    """`p99=50ms` as a name and a number in the record's unit; raises DesignError."""
    name, _, value = setting.partition("=")
    if name not in SETTINGS:
        raise DesignError(f"--set {setting}", f"no setting is called '{name}'", nearest(name, SETTINGS))
    kind, factor = SETTINGS[name]
    if kind is not float:
        return name, units.parse(value, get_args(kind)[1]) * factor
    try:
        return name, float(value)
    except ValueError:
        raise DesignError(f"--set {setting}", f"expected a number, got '{value}'", "Write it like 0.005.") from None


def text(record: Record, settings: list[str]) -> str:
    """The decision and its boundaries for a terminal."""
    assert record.decision is not None
    head = f"with {', '.join(settings)}: " if settings else ""
    return "\n".join([head + record.decision.sentence, *(f"  {one.sentence}" for one in record.decision.boundaries)])
