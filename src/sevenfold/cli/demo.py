"""`sevenfold demo`: the main job on the embedded world, then one planted leak."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from sevenfold import design as documents
from sevenfold.cli import new
from sevenfold.cli.progress import Lines
from sevenfold.errors import LeakError, SevenfoldError
from sevenfold.report import terminal
from sevenfold.run import execute

HELP = "the main job on a simulated world: decide, and stop one planted leak"
HONEST = "    context:\n      device:\n"
LEAKY = HONEST + "      clicked:   # planted: written after the answer\n"


def arguments(parser: argparse.ArgumentParser) -> None:
    """What the verb takes."""
    parser.add_argument("--out", type=Path, default=Path("demo"), help="the folder to work in (default: demo)")


def run(arguments: argparse.Namespace) -> int:
    """Decide on the honest design; 0 only if the leaky one is stopped."""
    design = arguments.out / "video.yaml"
    if not design.exists():
        new.write_case("video", arguments.out, "world")
    record, folder = execute(documents.load(design), None, Lines(sys.stderr), processes=None)
    terminal.show(record, folder)
    leaky = plant(design)
    print(f"\nnow the same design with one more feature, `clicked` ({leaky}):")
    try:
        execute(documents.load(leaky), None, Lines(sys.stderr))
    except LeakError as leak:
        print(f"stopped before training:\n{leak}")
        return 0
    raise SevenfoldError(str(leaky), "the planted leak was not stopped", "This is a defect: please report it.")


def plant(design: Path) -> Path:
    """The design with a column that is only known afterwards among its context features."""
    text = design.read_text(encoding="utf-8")
    if HONEST not in text:
        raise SevenfoldError(str(design), "was changed, so the leak cannot be planted",
                             f"Remove {design.parent} and run the demo again.")
    leaky = design.with_name("leaky.yaml")
    leaky.write_text(text.replace(HONEST, LEAKY), encoding="utf-8")
    return leaky
