"""Cores and dollars a month at the declared scale, from what a request was measured to take.

Each formula is returned as text with its numbers put in (ids as in the sizing formulas Q1, Q2, Q6, $1, $2). A cost is
never *measured*: the seconds and the memory are measured here, the traffic is the document's, the prices are dated.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path

from sevenfold.design.sections import Scale
from sevenfold.errors import DataError
from sevenfold.record import Basis, Cost

UTILISATION = 0.6  # of a core, so that a queue stays short
DAILY_SHARE = 0.10  # Q3: of all users, where the document does not say how many come a day
CONCURRENCY = 4  # requests that one replica answers at a time, one core each
SPARE = 1  # replicas beyond the need, so that one may fail
HOURS = 730  # in a month
BUILT_IN = Path(__file__).with_name("prices.json")


@dataclass(frozen=True, kw_only=True)
class Prices:
    """Dollars a month for a core and a GB of memory, of one day and one source."""

    date: str
    source: str
    core_month: float
    gb_month: float


def prices(path: Path = BUILT_IN) -> Prices:
    """The dated prices of a file; raises DataError where a field is missing or unknown."""
    try:
        return Prices(**json.loads(path.read_text(encoding="utf-8")))
    except (TypeError, ValueError) as error:
        raise DataError(str(path), f"expected date, source, core_month and gb_month, got: {error}",
                        "Copy the built-in prices.json and change its numbers.") from None


def per_day(scale: Scale) -> float | None:
    """Requests a day at the declared scale (Q1, Q3); None where the document does not say."""
    daily = scale.daily_users if scale.daily_users is not None else DAILY_SHARE * scale.users if scale.users else None
    return None if daily is None or scale.requests_per_user is None else daily * scale.requests_per_user * 86_400


def monthly(scale: Scale, *, seconds: float, memory_mb: float, fit_seconds: float = 0.0, cadence: float | None = None,
            low: float | None = None, high: float | None = None, cores: int = 1, at: Prices | None = None,
            basis: Basis = "projected") -> tuple[float, Cost] | None:
    """Dollars a month and how they come about; None where the scale is not declared.

    `seconds` is the mean of CPU time a request takes (its interval: `low` to `high`), `cores` were busy for
    `fit_seconds`, and a model is trained anew every `cadence` seconds. The `basis` is "unproved" where the seconds were
    measured on a smaller catalogue than declared.
    """
    requests = per_day(scale)
    if requests is None:
        return None
    at = at or prices()
    training = _training(fit_seconds, cadence, cores, at)
    serving = _serving(requests, scale.peak, seconds, memory_mb, at)
    ends = [None if end is None else _serving(requests, scale.peak, end, memory_mb, at).dollars + training
            for end in (low, high)]
    cost = Cost(low=ends[0], high=ends[1], basis=basis, cores=float(serving.replicas * CONCURRENCY),
                replicas=serving.replicas, spare=SPARE, peak_per_second=serving.peak, serving=serving.dollars,
                training=training,
                prices=f"{at.date}, {at.source}",
                formulas=(*serving.formulas, _training_text(fit_seconds, cadence, cores, at, training)))
    return serving.dollars + training, cost


@dataclass(frozen=True)
class _Serving:
    peak: float
    replicas: int
    dollars: float
    formulas: tuple[str, ...]


def _serving(requests: float, factor: float, seconds: float, memory_mb: float, at: Prices) -> _Serving:
    average = requests / 86_400
    peak = average * factor
    replicas = max(1, math.ceil(peak * seconds / (CONCURRENCY * UTILISATION)))
    price = CONCURRENCY * at.core_month + memory_mb / 1000 * at.gb_month
    dollars = (replicas + SPARE) * price
    return _Serving(peak, replicas, dollars, (
        f"Q1 average = {requests:,.0f} requests/day ÷ 86,400 s = {average:,.1f}/s",
        f"Q2 peak = {average:,.1f}/s × {factor:g} = {peak:,.1f}/s",
        f"Q6 replicas = ⌈{peak:,.1f}/s × {1000 * seconds:.3g} ms ÷ ({CONCURRENCY} at a time × {UTILISATION:g})⌉"
        f" = {replicas:,} (+ {SPARE} spare)",
        f"$2 serving = ({replicas:,} + {SPARE}) × ({CONCURRENCY} cores × ${at.core_month:g}"
        f" + {memory_mb / 1000:.3g} GB × ${at.gb_month:g}) = ${dollars:,.0f}/month"))


def _training(seconds: float, cadence: float | None, cores: int, at: Prices) -> float:
    return seconds / 3600 * cores * at.core_month / HOURS * _runs(cadence)


def _runs(cadence: float | None) -> float:
    """Trainings a month: one where the document asks for none."""
    return HOURS * 3600 / cadence if cadence else 1.0


def _training_text(seconds: float, cadence: float | None, cores: int, at: Prices, dollars: float) -> str:
    return (f"$1 training = {seconds / 3600:.3g} h × {cores} cores × ${at.core_month / HOURS:.3g}/h"
            f" × {_runs(cadence):.3g} runs = ${dollars:,.2f}/month")
