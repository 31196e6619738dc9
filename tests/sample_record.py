"""A realistic run record and its design, made by code: what the tests of evaluation, report and record share."""

from __future__ import annotations

from dataclasses import replace

from sevenfold.design.sections import (
    Answer,
    DataSection,
    Design,
    Evaluation,
    Events,
    Framing,
    Label,
    Limits,
    Part,
    Requirements,
    Scale,
    Serving,
    Solution,
    StageBudget,
    Table,
)
from sevenfold.evaluation import cost
from sevenfold.evaluation.boundaries import conclude
from sevenfold.record import Dataset, Estimate, Finding, Latency, Probe, Record, Stage
from sevenfold.record import Solution as Measured

SCALE = Scale(users=40e6, daily_users=8e6, requests_per_user=12 / 86_400, items=500e3)
QUALITY = {"popular": 0.081, "trees": 0.112, "deep": 0.1145}
MILLISECONDS = {"popular": 3.4, "trees": 64.2, "deep": 41.0}
PARTS = {"popular": (("popular",), "logistic", ()),
         "trees": (("popular", "neighbours", "als"), "boosted", ("diversity",)),
         "deep": (("two_tower",), "cross_network", ("diversity",))}


def design(names: tuple[str, ...] = tuple(PARTS)) -> Design:
    solutions = {}
    for number, name in enumerate(names):
        retrieve, rank, rerank = parts(name, number)
        solutions[name] = Solution(retrieve=tuple(Part(name=part) for part in retrieve), rank=Part(name=rank),
                                   rerank=tuple(Part(name=part) for part in rerank))
    groups = {"user": ("age", "seen", "active"), "item": ("genres", "title_vector", "liked"), "context": ("hour",),
              "pair": ("taste",)}
    return Design(
        name="video", why="Viewers leave when the first screen bores them. Show ten videos they will finish.",
        requirements=Requirements(action="watch", scale=SCALE, limits=Limits(p99=0.12, cost=40e3, min_coverage=0.05)),
        framing=Framing(task="recommend", answer=Answer(items=10, at="page_open"),
                        label=Label(is_="rating >= 4", within=7 * 86_400.0)),
        data=DataSection(events=Events(path="events.parquet", time="timestamp", user="user_id", item="movie_id"),
                         users=Table(path="users.parquet", key="user_id"),
                         items=Table(path="movies.parquet", key="movie_id"),
                         features={group: {name: Part(name="attribute") for name in names_}
                                   for group, names_ in groups.items()}),
        solutions=solutions, evaluation=Evaluation(metric="ndcg", slices=("new_users", "new_items")),
        serving=Serving(retrieve=StageBudget(keep=500, within=0.04, else_="popular"),
                        rank=StageBudget(keep=100, within=0.06, else_="retrieval_order")))


def estimate(value: float, width: float = 0.003, requests: int = 5_214) -> Estimate:
    return Estimate(value=value, low=value - width, high=value + width, requests=requests)


def parts(name: str, order: int) -> tuple[tuple[str, ...], str, tuple[str, ...]]:
    return PARTS.get(name, list(PARTS.values())[order % 3])


def measured(name: str, order: int, quality: float, milliseconds: float, gains: dict[str, float], *,
             basis: str = "measured",
             memory_mb: float = 812.5) -> Measured:
    dollars = cost.monthly(SCALE, seconds=milliseconds / 4000, low=milliseconds / 4200, high=milliseconds / 3900,
                           memory_mb=memory_mb, fit_seconds=40.0 * (order + 1), cadence=86_400.0, cores=2)
    assert dollars is not None
    retrieve, rank, rerank = parts(name, order)
    return Measured(
        order=order, parts=" → ".join((" + ".join(retrieve), rank, *rerank)), memory_mb=memory_mb,
        memory_basis="measured", bundle_mb=41.2,
        metrics={"ndcg@10": estimate(quality), "recall@10": estimate(1.6 * quality, 0.005),
                 "coverage@10": Estimate(value=0.21), "novelty@10": estimate(9.87, 0.04)},
        latency_ms=Latency(p50=0.6 * milliseconds, p99=milliseconds, p99_low=0.96 * milliseconds,
                           p99_high=1.09 * milliseconds, requests=1_000, catalogue=500_000, basis=basis),
        fit_seconds=40.0 * (order + 1), cost_per_month=dollars[0], cost=dollars[1],
        stages=(Stage(stage="retrieve", kept=500, p50=0.2 * milliseconds, p99=0.3 * milliseconds, recall=5 * quality),
                Stage(stage="features", p50=0.1 * milliseconds, p99=0.2 * milliseconds),
                Stage(stage="rank", kept=100, p50=0.2 * milliseconds, p99=0.3 * milliseconds, recall=3.4 * quality),
                Stage(stage="rerank", kept=10, p50=0.1 * milliseconds, p99=0.2 * milliseconds, recall=1.6 * quality)),
        slices={"new_users": {"ndcg@10": estimate(0.07 - 0.01 * order, 0.004, 611)},
                "new_items": {"ndcg@10": estimate(0.002 + 0.01 * order, 0.002, 305)}},
        spread={"ndcg@10": (quality - 0.001, quality, quality + 0.001)} if order else {},
        paired={name: estimate(gain, 0.0024) for name, gain in gains.items()})


def unconcluded(quality: dict[str, float] = QUALITY, milliseconds: dict[str, float] = MILLISECONDS,
                **changes: object) -> Record:
    solutions = {name: measured(name, order, value, milliseconds[name],
                                {other: value - against for other, against in quality.items() if other != name})
                 for order, (name, value) in enumerate(quality.items())}
    record = Record(
        name="video", why="Viewers leave when the first screen bores them. Show ten videos they will finish.",
        design_hash="9b1c" * 16, data_fingerprint="40fe" * 16, seeds=(0, 1, 2),
        versions={"sevenfold": "0.1.0", "python": "3.11.7", "numpy": "2.3.4"},
        machine={"processor": "x86_64", "cores": 2, "memory_gb": 15.6}, split={"train_until": "2000-11-20T00:00:00Z"},
        metric="ndcg@10", least_effect=0.005, limits={"p99": 120.0, "cost": 40_000.0, "min_coverage": 0.05},
        catalogue=500_000, solutions=solutions,
        data=Dataset(events=800_193, users=5_400, items=3_655, first="2000-04-25", last="2000-12-31",
                     requests={"train": 61_220, "validate": 8_114, "test": 5_214}),
        findings=(Finding(code="M10", name="cold-start", severity="warning", where="solutions.trees", line=41,
                          problem="no source answers for a user without a past", hint="Add 'popular' to retrieve."),),
        leaks=(Probe(name="future scramble", passed=True, detail="8 features of 400 rows did not move"),
               Probe(name="give-away columns", passed=True, detail="9 columns, none tells the label")),
        timings={"load": 1.72, "features": 8.4, "fit": 260.1, "evaluate": 74.3})
    return replace(record, **changes)  # type: ignore[arg-type]


def sample(**changes: object) -> Record:
    return conclude(unconcluded(**changes))  # type: ignore[arg-type]
