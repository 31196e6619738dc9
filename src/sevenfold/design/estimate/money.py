"""Dollars a month: $1 to $5 and their sum."""

from __future__ import annotations

from sevenfold.design.estimate.number import Number, total
from sevenfold.design.estimate.prices import Prices
from sevenfold.design.estimate.sheet import MONTH, Absent, Sheet, Write, each, row
from sevenfold.design.estimate.training import devices
from sevenfold.design.facts import answers_online

KINDS = {"object_gb": {"object", "lake", "warehouse", "column", "stream"}, "memory_gb": {"key_value", "memory"}}
KEPT = {"events": ("S1", "object"), "features": ("S3", "key_value"), "lists": ("S7", "key_value")}  # its line, its usual store


def rent(replicas: Number, spare: Number, cores: Number, memory: Number, at: Prices) -> Number:
    """$2: dollars a month for servers of so many cores and bytes."""
    return (replicas + spare) * (cores * at.of("core_month") + memory * at.of("gb_month", "GB"))


def _training(sheet: Sheet) -> Number:
    """One training a month where no cadence is asked for."""
    on, cadence = devices(sheet), sheet.given("requirements.freshness.model")
    price = sheet.prices.core_hour if on == "training_cores" else sheet.prices.of("gpu_hour", "h")
    spent = sheet.of("F8") * sheet.default(on) * price
    return spent * (MONTH / cadence) if cadence else spent


def _storage(sheet: Sheet) -> Number:
    """Each thing at the price of the kind of store that holds it."""
    parts = []
    for what, (line, usual) in KEPT.items():
        if sheet.has(line):
            store = sheet.design.data.storage.get(what, usual)
            price = next((name for name, kinds in KINDS.items() if store in kinds), "ssd_gb")
            parts.append(sheet.of(line) * sheet.prices.of(price, "GB"))
    if not parts:
        raise Absent
    return total(parts)


def _sum(sheet: Sheet) -> Number:
    parts = ["$1", *(["$6"] if not answers_online(sheet.design) else []), "$4", "$5"]
    return total([sheet.of("$2"), *(sheet.of(id) for id in parts if sheet.has(id))])


LINES: tuple[Write, ...] = (
    each(row("$1", "training", _training, "$/month")),
    each(row("$2", "serving", lambda sheet: rent(sheet.of("Q6"), sheet.default("spare"), sheet.default("concurrency"),
                                             sheet.of("F0"), sheet.prices), "$/month"),
         row("$3", "a thousand answers", lambda sheet: sheet.of("$2") / (sheet.of("Q1") * MONTH) * 1_000, "$")),
    row("$4", "storage", _storage, "$/month"),
    row("$5", "sending", lambda sheet: sheet.of("sent") * sheet.prices.of("egress_gb", "GB"), "$/month"),
    each(row("$0", "all together", _sum, "$/month")),
)
