"""From what was measured to the run record."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

import numpy as np

from sevenfold import design as documents
from sevenfold.data.splits import Cuts, stretches
from sevenfold.design.sections import Design, Solution
from sevenfold.evaluation import comparison, cost
from sevenfold.evaluation.boundaries import conclude
from sevenfold.evaluation.predictions import LOWER
from sevenfold.nouns import F64, SECOND, Array, Data
from sevenfold.record import Basis, Cost, Dataset, Estimate, Finding, Latency, Price, Probe, Record, Stage, Tuning
from sevenfold.record import Solution as Measured
from sevenfold.registry import RERANKERS
from sevenfold.report.outline import parts
from sevenfold.run.tuning import Tuned
from sevenfold.statistics import bootstrap

LIBRARIES = ("sevenfold", "numpy", "scipy", "pyarrow", "scikit-learn", "implicit", "xgboost-cpu", "onnxruntime", "torch")
LATENCY_STAGES = {"retrieve": ("retrieve",), "rank": ("features", "rank"), "rerank": ("rerank",), "predict": ("features", "rank")}


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """Everything a run learnt of one solution."""

    answers: Sequence[Array]  # what its judge reads, one per seed
    recall: Mapping[str, F64]  # stage → [B], mean over seeds; of a prediction none
    fit_seconds: float
    bundle_bytes: int
    process: Mapping[str, Any]  # what run.measure printed
    tuned: Mapping[str, Tuned]
    prices: Mapping[str, Array] = field(default_factory=dict)  # what run.evaluate wrote of the first seed's re-rankers
    weights: Mapping[str, float] = field(default_factory=dict)


def record(design: Design, data: Data, cuts: Cuts, truth: comparison.Truth, measured: Mapping[str, Measurement], *,
           requests: Mapping[str, int], findings: Sequence[Finding], leaks: Sequence[Probe],
           timings: Mapping[str, float]) -> Record:
    """The whole record, decided."""
    metric = comparison.metric_of(design)
    paired = comparison.judge_of(design).paired({name: one.answers for name, one in measured.items()}, truth, metric)
    solutions = {}
    for order, (name, one) in enumerate(measured.items()):
        solutions[name] = _solution(design, design.solutions[name], order, one, truth, paired.get(name, {}))
    return conclude(Record(
        name=design.name, why=design.why, design_hash=documents.hash_of(design), data_fingerprint=data.fingerprint,
        seeds=tuple(range(design.evaluation.seeds)), versions=versions(), machine=machine(), split=split(cuts),
        metric=metric, higher_is_better=design.evaluation.metric not in LOWER,
        least_effect=design.evaluation.least_effect, limits=limits(design),
        catalogue=int(design.requirements.scale.items or len(data.items)), data=_dataset(data, requests),
        solutions=solutions, findings=tuple(findings), leaks=tuple(leaks), timings=dict(timings)))


def _solution(design: Design, solution: Solution, order: int, one: Measurement, truth: comparison.Truth,
              paired: dict[str, Estimate]) -> Measured:
    total = np.array(one.process["total"])
    declared = design.requirements.scale.items
    at_scale = design.data.items is None if declared is None else one.process["catalogue"] >= declared  # no items, no catalogue
    basis: Basis = "measured" if at_scale else "unproved"
    p99 = bootstrap.quantile(total, 0.99)
    latency = Latency(p50=float(np.median(total)), p99=p99.value, p99_low=p99.low, p99_high=p99.high,
                      requests=len(total), catalogue=one.process["catalogue"], basis=basis)
    mean = bootstrap.interval(total, np.arange(len(total)))
    judge = comparison.judge_of(design)
    money = _cost(design, one, mean, "projected" if at_scale else "unproved")
    return Measured(
        order=order, parts=parts(solution), metrics=judge.estimates(one.answers, truth), latency_ms=latency,
        memory_mb=one.process["memory_mb"], memory_basis=basis, bundle_mb=one.bundle_bytes / 1e6,
        fit_seconds=one.fit_seconds, cost_per_month=money[0] if money else None, cost=money[1] if money else None,
        stages=_stages(design, one), slices=judge.by_slice(one.answers, truth, design.evaluation.slices),
        spread=judge.spread(one.answers, truth) if len(one.answers) > 1 else {}, paired=paired, weights=dict(one.weights),
        prices=_prices(design, solution, one, truth),
        tuning={part: Tuning(**{**asdict(tuned), "params": {name: float(value) for name, value in tuned.params.items()}})
                for part, tuned in one.tuned.items()})


def _cost(design: Design, one: Measurement, mean: Estimate, basis: Basis) -> tuple[float, Cost] | None:
    low, high = ((end / 1e3 if end is not None else None) for end in (mean.low, mean.high))
    told = design.requirements
    return cost.monthly(told.scale, seconds=mean.value / 1e3, memory_mb=one.process["memory_mb"], fit_seconds=one.fit_seconds,
                        cadence=told.freshness.model, low=low, high=high, basis=basis, assume=told.assume)


def _prices(design: Design, solution: Solution, one: Measurement, truth: comparison.Truth) -> tuple[Price, ...]:
    """What each re-ranker of a solution took of the primary metric, and what it gave for it."""
    found, metric = [], comparison.metric_of(design)
    for number, part in enumerate(solution.rerank):
        lists = {what: [one.prices[f"{what}{number}"]] for what in ("before", "after")}
        lost = comparison.judge_of(design).paired(lists, truth, metric)
        gained = one.prices[f"gained{number}"]
        found.append(Price(reranker=part.name, unit=getattr(RERANKERS.get(part.name), "unit", None), lost=lost["before"]["after"],
                           gained=bootstrap.interval(gained, truth.cluster) if np.isfinite(gained).any() else None))
    return tuple(found)


def _stages(design: Design, one: Measurement) -> tuple[Stage, ...]:
    kept = {"retrieve": design.serving.retrieve.keep, "rank": design.serving.rank.keep,
            "rerank": comparison.places(design), "predict": 1}
    found = []
    for stage in one.recall or ("predict",):
        took = sum(np.array(one.process["stages"].get(part, [0.0])) for part in LATENCY_STAGES[stage])
        found.append(Stage(stage=stage, kept=int(kept[stage] or 0), p50=float(np.median(took)),
                           p99=float(np.quantile(took, 0.99)), recall=float(np.mean(one.recall[stage])) if one.recall else None))
    return tuple(found)


def limits(design: Design) -> dict[str, float]:
    """The limits that were set, in the record's units: ms, dollars a month, MB, share."""
    found = design.requirements.limits
    scaled = {"p99": (found.p99, 1e3), "cost": (found.cost, 1.0), "memory": (found.memory, 1e-6),
              "min_coverage": (found.min_coverage, 1.0)}
    return {name: value * factor for name, (value, factor) in scaled.items() if value is not None}


def split(cuts: Cuts) -> dict[str, str | int | float]:
    """The stretches of the split as ISO times."""
    return {name: f"{_iso(start)} to {_iso(end)}" for name, start, end in stretches(cuts)}


def _dataset(data: Data, requests: Mapping[str, int]) -> Dataset:
    time = data.log.time
    return Dataset(events=len(time), users=len(data.users), items=len(data.items), first=_iso(int(time[0])),
                   last=_iso(int(time[-1])), requests=dict(requests))


def _iso(time: int) -> str:
    return datetime.fromtimestamp(time / SECOND, UTC).strftime("%Y-%m-%d %H:%M:%S")


def versions() -> dict[str, str]:
    """The versions of what computed the run; a library that is not installed is left out."""
    from importlib.metadata import PackageNotFoundError

    found = {"python": platform.python_version()}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def machine() -> dict[str, str | int | float]:
    """What this machine is."""
    import psutil

    return {"system": platform.system(), "processor": platform.machine(), "cores": psutil.cpu_count() or 0,
            "memory_gb": round(psutil.virtual_memory().total / 1e9, 1)}
