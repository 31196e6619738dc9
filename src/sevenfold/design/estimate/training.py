"""What a training takes: F2 to F9, $1."""

from __future__ import annotations

import sevenfold.design.vocabulary as vocabulary
from sevenfold.design.estimate import formulas
from sevenfold.design.estimate.number import Number, number, total
from sevenfold.design.estimate.parts import WORK, label, tables, trained
from sevenfold.design.estimate.sheet import MONTH, Sheet, each
from sevenfold.design.part import Part
from sevenfold.design.sections import Solution


@each
def hours(sheet: Sheet, name: str, solution: Solution) -> None:
    """F8: the operations of its parts, one after the other, on cores or on accelerators."""
    works = [found for kind, part in trained(solution) if (found := _work(sheet, kind, part)) is not None]
    if works:
        devices = _devices(sheet, solution)
        kind = "core" if devices == "training_cores" else "gpu"
        machine = sheet.default(f"{kind}_speed"), sheet.default(f"{kind}_share"), sheet.default(devices)
        sheet.line("F8", "hours of a training", formulas.seconds(total(works), *machine) / number(3_600), "h", name)


@each
def memory(sheet: Sheet, name: str, solution: Solution) -> None:
    """F9: the examples, and of every table of ids its weights, gradients and the optimiser's slots."""
    if sheet.has("F8", name):
        keys = [f"table {label(sheet, part)}" for _, part in trained(solution)]
        tables = [sheet.of(key) for key in keys if sheet.has(key)]
        sheet.line("F9", "memory of a training", total([sheet.of("S2"), *tables]), "B", name)


@each
def cost(sheet: Sheet, name: str, solution: Solution) -> None:
    """$1: one training a month where no cadence is asked for."""
    cadence, devices = sheet.given("requirements.freshness.model"), _devices(sheet, solution)
    price = sheet.prices.core_hour if devices == "training_cores" else sheet.prices.of("gpu_hour", "h")
    if sheet.has("F8", name):
        spent = sheet.of("F8", name) * sheet.default(devices) * price
        sheet.line("$1", "training", spent * (MONTH / cadence) if cadence else spent, "$/month", name)


def _devices(sheet: Sheet, solution: Solution) -> str:
    """The default that counts what a solution is trained on."""
    deep = any(vocabulary.entry(kind, part.name).family in ("deep", "graph") for kind, part in trained(solution))
    return "gpus" if deep and sheet.default("gpus").value else "training_cores"


def _work(sheet: Sheet, kind: str, part: Part) -> Number | None:
    row = WORK.get(part.name) or WORK.get(vocabulary.entry(kind, part.name).family)
    if row is None:
        return None
    if not sheet.has(key := f"work {label(sheet, part)}"):
        sheet.line(row[0], f"work of {label(sheet, part)}", row[1](sheet, part), "FLOP", key=key)
    return sheet.of(key)


LINES = (tables, hours, memory)
MONEY = (cost,)
