"""How a version is trained, released, served, watched and undone."""

from __future__ import annotations

from itertools import pairwise

from sevenfold.design.checks.splits import wait
from sevenfold.design.sections import Design
from sevenfold.evaluation import figures
from sevenfold.record import Record, Solution
from sevenfold.report.diagrams.graph import Edge, Graph, Node, duration, node, share

STEPS = {"shadow": "answers unseen", "canary": "few users first", "full": "every user"}
CONDITIONS = {"not_worse": "if not worse", "better": "if better"}
LISTS = {"fallback": "fallback", "everything": "every answer"}
LOG, TRAINING, CANDIDATE, RELEASE, SERVING = range(5)


def graph(design: Design, record: Record | None = None) -> Graph:
    """The loop above, what watches over it below."""
    measured = record.solutions.get(record.winner) if record and record.winner else None
    main = [_log(design), _training(design, measured), _candidate(design, record), *_steps(design), _serving(design, measured)]
    aside = [*_monitoring(design), *_undo(design, main[-2].lane), *_lists(design)]
    condition = CONDITIONS[design.monitoring.release.if_] if design.monitoring.release else ""
    chain = [Edge(one.name, after.name, condition if one.name == "candidate" else "") for one, after in pairwise(main)]
    back = Edge("serving", "log", f"{share(design.serving.log)} of the answers and their inputs")
    return Graph(nodes=(*main, *aside), edges=(*chain, back, *_watching(design, {one.name for one in aside}, main[-2].name)))


def _log(design: Design) -> Node:
    return node("log", "log", ["events, live" if design.data.events.live else "events", "answers"],
                [f"labels {duration(wait(design))} later" if wait(design) else ""], lane=LOG)


def _training(design: Design, measured: Solution | None) -> Node:
    every, ways = design.requirements.freshness.model, {name: one.train for name, one in design.solutions.items()}
    batch = ["batch", f"every {duration(every)}" if every else "no rhythm set"] if "batch" in ways.values() or not ways else []
    online = [f"online: {name}" for name, way in ways.items() if way == "online"]
    took = [f"{figures.three(measured.fit_seconds)} s to fit"] if measured and measured.fit_seconds is not None else []
    return node("training", "training", [*batch, *online], took, lane=TRAINING)


def _candidate(design: Design, record: Record | None) -> Node:
    which = record.winner if record and record.winner else f"1 of {len(design.solutions)} solutions" if design.solutions else ""
    stored = design.data.storage.get("models", "").replace("_", " ")
    return node("candidate", "candidate", [which, stored and f"kept: {stored}"], lane=CANDIDATE)


def _steps(design: Design) -> list[Node]:
    via = design.monitoring.release.via if design.monitoring.release else ()
    return [node(f"step.{number}", step, [STEPS[step]], lane=RELEASE) for number, step in enumerate(via)]


def _serving(design: Design, measured: Solution | None) -> Node:
    limit, replicas = design.requirements.limits.p99, design.serving.replicas
    stores = [f"{name}: {design.data.storage[name].replace('_', ' ')}" for name in ("features", "index")
              if name in design.data.storage]
    took = f"p99 {figures.ms(measured.latency_ms.p99)}" if measured and measured.latency_ms else ""
    within = f"within {duration(limit)}" if limit else ""
    return node("serving", "serving", [design.framing.answer.at, f"{replicas} replicas" if replicas else "", *stores],
                [f"{took} of {duration(limit)}" if took and limit else took or within], lane=SERVING)


def _monitoring(design: Design) -> list[Node]:
    drift, online = design.monitoring.drift, design.evaluation.online
    watched = design.monitoring.watch or (design.evaluation.metric, *(online.guards if online else ()))
    drifting = [f"drift of {drift.top_features}, {drift.test}", f"then {drift.then}"] if drift else []
    return [node("monitoring", "monitoring", [*drifting, *dict.fromkeys(watched)], lane=LOG, band=1, kind="aside")]


def _undo(design: Design, lane: int) -> list[Node]:
    release = design.monitoring.release
    return [node("undo", "undo", [f"on {metric}" for metric in release.undo_on], lane=lane, band=1, kind="aside")
            ] if release and release.undo_on else []


def _lists(design: Design) -> list[Node]:
    batch = design.serving.batch
    return [node("lists", "batch lists", [batch.store, f"every {duration(batch.every)}"], lane=SERVING, band=1, kind="store")
            ] if batch else []


def _watching(design: Design, aside: set[str], live: str) -> list[Edge]:
    """The arrows of what watches over the loop."""
    drift, batch = design.monitoring.drift, design.serving.batch
    edges = {"monitoring": [Edge("log", "monitoring"),
                            *([Edge("monitoring", "training", "retrain")] if drift and drift.then == "retrain" else [])],
             "undo": [Edge("undo", live, "rollback")],
             "lists": [Edge("lists", "serving", LISTS[batch.for_] if batch else "")]}
    return [edge for name, made in edges.items() if name in aside for edge in made]
