"""The size, the speed and the price of a design on the back of an envelope: every formula with its numbers put in.

number       values with ranges that write their own formula       formulas    those that stand on their own
defaults     what is taken where nothing is said                   prices      dollars, with their day
sheet        where inputs are looked up and lines put down
traffic, storage, parts, costs, experiment      the lines of the sections

An estimate is right within ten times; what a run measures replaces it.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from sevenfold.design.estimate import costs, experiment, parts, storage, traffic
from sevenfold.design.estimate.defaults import faults
from sevenfold.design.estimate.number import Input
from sevenfold.design.estimate.prices import Prices
from sevenfold.design.estimate.prices import prices as dated
from sevenfold.design.estimate.sheet import Absent, Line, Missing, Sheet, Write
from sevenfold.design.sections import Design
from sevenfold.errors import DesignError

__all__ = ["Estimate", "Input", "Line", "Missing", "Prices", "estimate"]

SECTIONS: dict[str, tuple[Write, ...]] = {
    "traffic": traffic.TRAFFIC, "latency": traffic.LATENCY, "storage": storage.STORAGE, "features": storage.FEATURES,
    "index": (parts.indexes,), "training": costs.TRAINING, "serving": costs.SERVING, "money": costs.MONEY,
    "experiment": experiment.LINES,
}


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """The lines by section, what is missing, and the inputs that widen the dearest total most, the widest first."""

    lines: tuple[Line, ...]
    missing: tuple[Missing, ...] = ()
    drivers: tuple[str, ...] = ()
    prices: str = ""
    inputs: Mapping[str, Input] = field(default_factory=dict)

    def get(self, id: str, solution: str = "") -> Line | None:
        """The line of this id, or of its own key: the first, or that of one solution."""
        found = [one for one in self.lines if id in (one.id, one.key) and solution in ("", one.solution)]
        return next((one for one in found if one.key == id), next(iter(found), None))


def estimate(design: Design, assume: Mapping[str, str] | None = None, prices: Prices | None = None) -> Estimate:
    """Estimate a design; `assume` replaces defaults by name, before what the document assumes.

    Raises DesignError where a replacement names no default or does not read.
    """
    assume = assume or {}
    for where, told in (("requirements.assume.", design.requirements.assume), ("--set ", assume)):
        for name, problem, hint in faults(told):
            raise DesignError(f"{where}{name}", problem, hint)
    sheet = Sheet(design, assume, prices or dated())
    for section, writers in SECTIONS.items():
        sheet.section = section
        for write in writers:
            with suppress(Absent):  # it needs a value that is missing, and noted down
                write(sheet)
    return Estimate(lines=tuple(sheet.lines), missing=tuple(sheet.missing.values()), drivers=_drivers(sheet),
                    prices=sheet.prices.told, inputs={one.name: one for line in sheet.lines for one in line.inputs})


def _drivers(sheet: Sheet) -> tuple[str, ...]:
    totals = [sheet.of("$0", name) for name in sheet.design.solutions if sheet.has("$0", name)]
    widths = max(totals, key=lambda one: one.value).widths if totals else {}
    return tuple(sorted(widths, key=lambda name: -abs(widths[name]))[:3])
