"""`sevenfold new`: a design to start from, or one drafted from your own table.

A shipped design is `designs/CASE.yaml`; `CASE.NAME.yaml` beside it holds the top-level sections that differ on other
data. Sections are replaced as text, so that comments survive.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from sevenfold.data import draft, world
from sevenfold.errors import DesignError, nearest

HELP = "Write a complete design that checks clean, with its assumptions marked '# ?'; or draft one from a table."

DESIGNS = Path(__file__).parent.parent / "designs"
WORLD = {"users": 2_000, "items": 1_000, "events": 100_000, "seed": 0}


def arguments(parser: argparse.ArgumentParser) -> None:
    """The words after `new`."""
    parser.add_argument("case", nargs="?", help="a shipped design, such as video (with --from: the folder)")
    parser.add_argument("folder", nargs="?", type=Path, help="where to write it; default: a folder named like the case")
    parser.add_argument("--data", default=None, metavar="world|real|NAME",
                        help="the data it starts on; default: the case's own")
    parser.add_argument("--from", dest="table", type=Path, metavar="FILE",
                        help="draft data and framing from a CSV or Parquet file")
    parser.add_argument("--list", action="store_true", help="list the shipped designs and their data")


def run(args: argparse.Namespace) -> int:
    """Write a design, or list what there is."""
    if args.list:
        print(catalogue())
        return 0
    if args.table is not None:
        return _from_table(args.table, Path(args.case) if args.case else args.table.parent)
    if args.case is None:
        raise DesignError("new", "which design?",
                          f"Name one of {', '.join(cases())}, or draft one: sevenfold new --from my.csv.")
    return write_case(args.case, args.folder or Path(args.case), args.data)


def cases() -> list[str]:
    """The shipped designs."""
    return sorted(path.stem for path in DESIGNS.glob("*.yaml") if "." not in path.stem)


def variants(case: str) -> dict[str, Path | None]:
    """Data that a case can start on → what differs; the first is its default, `real` its own public data."""
    others = {path.stem.partition(".")[2]: path for path in sorted(DESIGNS.glob(f"{case}.*.yaml"))}
    return {"world" if others else "real": None, **others}


def catalogue() -> str:
    """A line for each shipped design: why it exists and the data it starts on."""
    whys = {case: _sections(text(case))["why"].removeprefix("why:").strip() for case in cases()}
    return "\n".join(f"{case:9}{why}\n{'':9}--data {', '.join(variants(case))}" for case, why in whys.items())


def text(case: str, data: str | None = None) -> str:
    """A shipped design on some data."""
    if case not in cases():
        raise DesignError("new", f"no design is called '{case}'", nearest(case, cases()))
    known = variants(case)
    chosen = list(known)[-1] if data == "real" else data or next(iter(known))
    if chosen not in known:
        raise DesignError("new", f"the design '{case}' has no data called '{chosen}'",
                          nearest(chosen, {*known, "real"}))
    base, other = (DESIGNS / f"{case}.yaml").read_text(encoding="utf-8"), known[chosen]
    return splice(base, other.read_text(encoding="utf-8")) if other else base


def splice(base: str, other: str) -> str:
    """`base` with the top-level sections that `other` has, as text."""
    theirs = {key: f"{section.rstrip()}\n\n" for key, section in _sections(other).items() if key}
    return "".join({**_sections(base), **theirs}.values())


def _sections(document: str) -> dict[str, str]:
    """Key → the lines from it to the next key; what stands before the first has the key ''."""
    head, *pieces = re.split(r"^(?=[a-z_]+:)", document, flags=re.MULTILINE)
    return {"": head, **{piece.partition(":")[0]: piece for piece in pieces}}


def write_case(case: str, folder: Path, data: str | None) -> int:
    """Write a shipped design, and its world where it reads one, into a folder."""
    document = text(case, data)
    simulated = "path: data/events.parquet" in document

    def make(staging: Path) -> None:
        (staging / f"{case}.yaml").write_text(document, encoding="utf-8")
        if simulated:
            world.write(world.simulate(**WORLD), staging / "data")

    _place(folder, [f"{case}.yaml", "data"] if simulated else [f"{case}.yaml"], make)
    print(f"{folder / case}.yaml  a complete design; its assumptions are marked '# ?'")
    if simulated:
        sizes = ", ".join(f"{WORLD[key]:,} {key}" for key in ("users", "items", "events"))
        print(f"{folder / 'data'}  a simulated world: {sizes}")
    print(f"next: sevenfold check {folder / case}.yaml, then sevenfold run {folder / case}.yaml")
    return 0


def _from_table(table: Path, folder: Path) -> int:
    document = draft.draft(table, folder=folder)
    name = f"{re.sub(r'[^A-Za-z0-9_-]+', '-', table.stem)}.yaml"
    _place(folder, [name], lambda staging: (staging / name).write_text(document, encoding="utf-8"))
    print(f"{folder / name}  drafted from {table.name}; answer what is marked '# ?'")
    print(f"next: sevenfold check {folder / name}")
    return 0


def _place(folder: Path, names: list[str], make: Callable[[Path], object]) -> None:
    """Make files beside the folder, then move them in: either all are there, or none."""
    for name in names:
        if (folder / name).exists():
            raise DesignError(str(folder / name), "exists already, and is not overwritten",
                              "Choose another folder, or move it away.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        staging = Path(tempfile.mkdtemp(prefix=".new-", dir=folder))
    except OSError as error:
        raise DesignError(str(folder), f"nothing can be written here: {error.strerror}",
                          "Name a folder of your own.") from None
    try:
        make(staging)
        for name in names:
            os.rename(staging / name, folder / name)
    finally:
        shutil.rmtree(staging)
