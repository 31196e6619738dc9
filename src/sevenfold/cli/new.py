"""`sevenfold new`: a design to start from, or one drafted from your own table.

A shipped design is `designs/CASE.yaml`; `CASE.NAME.yaml` beside it holds the top-level sections that differ on other
data. Sections are replaced as text, so that comments survive.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from sevenfold.data import catalogue, draft, worlds
from sevenfold.data.sources import CATALOGUED
from sevenfold.design import Design, from_mapping, unbuilt
from sevenfold.design.checks.examples import DESIGNS
from sevenfold.design.checks.examples import cases as cases
from sevenfold.design.document import parse
from sevenfold.errors import DesignError, nearest

HELP = "Write a complete design that checks clean, with its assumptions marked '# ?'; or draft one from a table."

SIMULATED = "data/"  # where a design finds the world that is written beside it


@dataclass(frozen=True, kw_only=True)
class Case:
    """What there is to know of a shipped design before it is written."""

    name: str
    why: str
    task: str
    solutions: int
    data: tuple[str, ...]  # what it can start on: words for --data, else the paths of its tables
    not_built: tuple[str, ...]  # parts that it names and this installation cannot make
    no_data: tuple[str, ...]  # paths that nothing here can fill
    runs: bool


def arguments(parser: argparse.ArgumentParser) -> None:
    """The words after `new`."""
    parser.add_argument("case", nargs="?", help="a shipped design, such as video (with --from: the folder)")
    parser.add_argument("folder", nargs="?", type=Path, help="where to write it; default: a folder named like the case")
    parser.add_argument("--data", default=None, metavar="world|real|NAME",
                        help="the data it starts on; default: the case's own")
    parser.add_argument("--from", dest="table", type=Path, metavar="FILE",
                        help="draft data and framing from a CSV or Parquet file")
    parser.add_argument("--list", action="store_true", help="list the shipped designs, their data, and whether each runs here")
    parser.add_argument("--json", action="store_true", help="list them as JSON")


def run(args: argparse.Namespace) -> int:
    """Write a design, or list what there is."""
    if args.list or args.json:
        listed = [case_of(name) for name in cases()]
        print(json.dumps([asdict(one) for one in listed], indent=2) if args.json else "\n".join(map(_lines, listed)))
        return 0
    if args.table is not None:
        return _from_table(args.table, Path(args.case) if args.case else args.table.parent)
    if args.case is None:
        raise DesignError("new", "which design?",
                          f"Name one of {', '.join(cases())}, or draft one: sevenfold new --from my.csv.")
    return write_case(args.case, args.folder or Path(args.case), args.data)


def variants(case: str) -> dict[str, Path | None]:
    """Data that a case can start on → what differs; the first is its default, `real` its own public data."""
    others = {path.stem.partition(".")[2]: path for path in sorted(DESIGNS.glob(f"{case}.*.yaml"))}
    return {"world" if others else "real": None, **others}


def case_of(name: str) -> Case:
    """A shipped design on its own data, and what keeps it from running here."""
    design, words = from_mapping(parse(text(name))[0]), list(variants(name))
    not_built = tuple(dict.fromkeys(one.problem.split("'")[1] for one in unbuilt(design)))  # the problem names the part first
    no_data = tuple(path for path in tables(design) if not at_hand(path))
    return Case(name=name, why=design.why, task=design.framing.task, solutions=len(design.solutions),
                data=tuple(words if len(words) > 1 else tables(design)), not_built=not_built, no_data=no_data,
                runs=not not_built and not no_data)


def tables(design: Design) -> dict[str, str]:
    """The path of each table that a design reads → what it holds."""
    data = design.data
    held = {"events": data.events, "users": data.users, "items": data.items, "queries": data.queries}
    return {table.path: what for what, table in held.items() if table}


def at_hand(path: str) -> bool:
    """A table that is simulated, lies here, or can be fetched from its publisher."""
    if not CATALOGUED.fullmatch(path):
        return path.startswith(SIMULATED)
    entry = catalogue.find(path.partition(":")[0], where="new")
    return entry.url is not None or catalogue.present(entry)


def _lines(case: Case) -> str:
    lacks = [f"{what}: {', '.join(names)}" for what, names in (("not built", case.not_built), ("no data", case.no_data)) if names]
    return (f"{case.name:9}{case.why}\n{'':9}{case.task}, {case.solutions} solutions, data: {', '.join(case.data)}\n"
            f"{'':9}{'; '.join(lacks) or 'runs here'}")


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
    """Write a shipped design, and its world where it reads one, into a folder; say which data it expects."""
    document = text(case, data)
    design = from_mapping(parse(document)[0])
    simulated = design.data.events.path.startswith(SIMULATED)

    def make(staging: Path) -> None:
        (staging / f"{case}.yaml").write_text(document, encoding="utf-8")
        if simulated:
            worlds.write(worlds.simulate(case), staging / "data")

    _place(folder, [f"{case}.yaml", "data"] if simulated else [f"{case}.yaml"], make)
    path = folder / f"{case}.yaml"
    print(f"{path}  a complete design; its assumptions are marked '# ?'")
    if simulated:
        names = ", ".join(sorted(path.name for path in (folder / "data").iterdir()))
        print(f"{folder / 'data'}  a simulated world: {names}")
    else:
        print("\n".join(_expected(one, what, folder) for one, what in tables(design).items()))
    print(f"next: sevenfold check {path}, then sevenfold {'estimate' if unbuilt(design) else 'run'} {path}")
    return 0


def _expected(path: str, what: str, folder: Path) -> str:
    if not CATALOGUED.fullmatch(path):
        return f"{folder / path}  expected: your own {what}"
    entry = catalogue.find(path.partition(":")[0], where="new")
    if catalogue.present(entry):
        return f"{path}  is here: {what}"
    return f"{path}  expected: {what}; {f'sevenfold data get {entry.name}' if entry.url else entry.note}"


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
