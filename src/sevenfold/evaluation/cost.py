"""Cores and dollars a month at the declared scale, from what a request was measured to take.

The formulas are the estimate's (Q1, Q2, Q6, $1, $2), with the seconds and the memory measured here. A cost is never
*measured*: the traffic is the document's, the prices are dated.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sevenfold.design.estimate.costs import rent
from sevenfold.design.estimate.defaults import taken
from sevenfold.design.estimate.formulas import replicas
from sevenfold.design.estimate.number import Number, number, shown
from sevenfold.design.estimate.prices import Prices, prices
from sevenfold.design.estimate.sheet import DAY, MONTH
from sevenfold.design.sections import Scale
from sevenfold.record import Basis, Cost


@dataclass
class _Lines:
    """The formulas so far, as text."""

    texts: list[str] = field(default_factory=list)

    def put(self, head: str, found: Number, unit: str) -> Number:
        """Write a formula down; its result goes into the next."""
        result = shown(found.value, unit)
        self.texts.append(f"{head} = {found.text} = {result}")
        return found.called(result)


def monthly(scale: Scale, *, seconds: float, memory_mb: float, fit_seconds: float = 0.0, cadence: float | None = None,
            low: float | None = None, high: float | None = None, cores: int = 1, at: Prices | None = None,
            basis: Basis = "projected", assume: Mapping[str, str] | None = None) -> tuple[float, Cost] | None:
    """Dollars a month and how they come about; None where the scale is not declared.

    `seconds` is the mean of CPU time a request takes (its interval: `low` to `high`), `cores` were busy for
    `fit_seconds`, and a model is trained anew every `cadence` seconds: once a month where nothing is said. The `basis` is
    "unproved" where the seconds were measured on a smaller catalogue than declared. `assume` replaces defaults by name.
    """
    def default(name: str) -> Number:
        return taken(name, (assume or {}).get(name))

    daily = scale.daily_users or (scale.users or 0) * default("daily_share").value
    if not daily or scale.requests_per_user is None:
        return None
    at, lines = at or prices(), _Lines()
    average = lines.put("Q1 average", number(daily * scale.requests_per_user * DAY.value) / DAY, "/s")
    peak = lines.put("Q2 peak", average * scale.peak, "/s")
    took = Number(seconds, seconds if low is None else low, seconds if high is None else high, shown(seconds, "s"))
    room, spare = default("concurrency"), default("spare")
    servers = lines.put("Q6 replicas", replicas(peak, took, room, default("utilisation")), "")
    serving = lines.put("$2 serving", rent(servers, spare, room, number(memory_mb * 1e6, "B"), at), "$/month")
    runs = MONTH / number(cadence, "s") if cadence else number(1.0)
    training = lines.put("$1 training", number(fit_seconds / 3600, "h") * cores * at.core_hour * runs, "$/month")
    whole = serving + training
    return whole.value, Cost(
        low=None if low is None else whole.low, high=None if high is None else whole.high, basis=basis,
        cores=servers.value * room.value, replicas=int(servers.value), spare=int(spare.value), peak_per_second=peak.value,
        serving=serving.value, training=training.value, prices=at.told, formulas=tuple(lines.texts))
