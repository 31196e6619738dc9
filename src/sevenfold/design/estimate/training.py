"""What a training takes: A7, F2 to F9."""

from __future__ import annotations

import sevenfold.design.vocabulary as vocabulary
from sevenfold.design.estimate import formulas
from sevenfold.design.estimate.number import Number, number, total
from sevenfold.design.estimate.parts import WORK, distinct, label, of_part, table
from sevenfold.design.estimate.sheet import Absent, Sheet, Write, each, row
from sevenfold.design.facts import trained
from sevenfold.design.part import Part


def devices(sheet: Sheet) -> str:
    """The default that counts what a solution is trained on."""
    deep = any(vocabulary.entry(kind, part.name).family in ("deep", "graph") for kind, part in trained(sheet.solution))
    return "gpus" if deep and sheet.default("gpus").value else "training_cores"


def _tables(sheet: Sheet) -> None:
    """A7: vectors of ids while they are trained, with the optimiser's two slots and the gradient."""
    for kind, part in distinct(sheet.design):
        if found := table(sheet, kind, part):
            name = label(sheet, part)
            sheet.line("A7", f"table of ids in training, {name}", found * 3, "B", f"table {name}")


def _hours(sheet: Sheet) -> Number:
    """The operations of its parts, one after the other, on cores or on accelerators."""
    works = [sheet.of(key) for kind, part in trained(sheet.solution) if (key := _work(sheet, kind, part))]
    if not works:
        raise Absent
    kind = "core" if (on := devices(sheet)) == "training_cores" else "gpu"
    machine = sheet.default(f"{kind}_speed"), sheet.default(f"{kind}_share"), sheet.default(on)
    return formulas.seconds(total(works), *machine) / number(3_600)


def _work(sheet: Sheet, kind: str, part: Part) -> str:
    """The line of the operations of a part, put down where it is new; nothing where it needs next to none."""
    if (found := of_part(WORK, kind, part)) is None:
        return ""
    if not sheet.has(key := f"work {label(sheet, part)}"):
        sheet.line(found[0], f"work of {label(sheet, part)}", found[1](sheet, part), "FLOP", key, shared=True)
    return key


def _memory(sheet: Sheet) -> Number:
    """The examples, and of every table of ids its weights, gradients and the optimiser's slots."""
    keys = [f"table {label(sheet, part)}" for _, part in trained(sheet.solution)]
    return total([sheet.of("S2"), *(sheet.of(key) for key in keys if sheet.has(key))])


LINES: tuple[Write, ...] = (
    _tables,
    each(row("F8", "hours of a training", _hours, "h")),
    each(row("F9", "memory of a training", _memory, "B", when=lambda sheet: sheet.has("F8"))),
)
