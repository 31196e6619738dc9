"""Dollars a month: $1 to $5 and their sum."""

from __future__ import annotations

from sevenfold.design.estimate.number import Number, total
from sevenfold.design.estimate.prices import Prices
from sevenfold.design.estimate.sheet import MONTH, Sheet, each, everything_ahead
from sevenfold.design.estimate.training import cost
from sevenfold.design.sections import Solution

KINDS = {"object_gb": {"object", "lake", "warehouse", "column", "stream"}, "memory_gb": {"key_value", "memory"}}
KEPT = {"events": "S1", "features": "S3", "lists": "S7"}  # what is kept → its line
USUAL = {"events": "object", "features": "key_value", "lists": "key_value"}


def rent(replicas: Number, spare: Number, cores: Number, memory: Number, at: Prices) -> Number:
    """$2: dollars a month for servers of so many cores and bytes."""
    return (replicas + spare) * (cores * at.of("core_month") + memory * at.of("gb_month", "GB"))


@each
def serving(sheet: Sheet, name: str, solution: Solution) -> None:
    """$2, $3."""
    servers = sheet.of("Q6", name), sheet.default("spare"), sheet.default("concurrency"), sheet.of("F0", name)
    spent = sheet.line("$2", "serving", rent(*servers, sheet.prices), "$/month", name)
    sheet.line("$3", "a thousand answers", spent / (sheet.of("Q1") * MONTH) * 1_000, "$", name)


def storage(sheet: Sheet) -> None:
    """$4: each thing at the price of the kind of store that holds it."""
    parts = []
    for what, line in KEPT.items():
        if sheet.has(line):
            store = sheet.design.data.storage.get(what, USUAL[what])
            price = next((name for name, kinds in KINDS.items() if store in kinds), "ssd_gb")
            parts.append(sheet.of(line) * sheet.prices.of(price, "GB"))
    if parts:
        sheet.line("$4", "storage", total(parts), "$/month")


def egress(sheet: Sheet) -> None:
    """$5."""
    sheet.line("$5", "sending", sheet.of("sent") * sheet.prices.of("egress_gb", "GB"), "$/month")


@each
def sums(sheet: Sheet, name: str, solution: Solution) -> None:
    """$0."""
    own = ["$1", "$6"] if everything_ahead(sheet.design) else ["$1"]
    parts = [sheet.of(id, name) for id in own if sheet.has(id, name)]
    shared = [sheet.of(id) for id in ("$4", "$5") if sheet.has(id)]
    sheet.line("$0", "all together", total([sheet.of("$2", name), *parts, *shared]), "$/month", name)


LINES = (cost, serving, storage, egress, sums)
