"""How a version is trained, released, served, watched and undone."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from sevenfold.design.facts import wait
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
    release, late = design.monitoring.release, wait(design)
    log = node("log", "log", ["events, live" if design.data.events.live else "events", "answers"],
               [f"labels {duration(late)} later" if late else ""], lane=LOG)
    via = enumerate(release.via if release else ())
    steps = [node(f"step.{number}", step, [STEPS[step]], lane=RELEASE) for number, step in via]
    main = [log, _training(design, measured), _candidate(design, record), *steps, _serving(design, measured)]
    aside, watching = zip(*_aside(design, main[-2]), strict=True)
    condition = CONDITIONS[release.if_] if release else ""
    chain = [Edge(one.name, after.name, condition if one.name == "candidate" else "") for one, after in pairwise(main)]
    back = Edge("serving", "log", f"{share(design.serving.log)} of the answers and their inputs")
    return Graph(nodes=(*main, *aside), edges=(*chain, back, *(edge for edges in watching for edge in edges)))


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


def _serving(design: Design, measured: Solution | None) -> Node:
    limit, replicas = design.requirements.limits.p99, design.serving.replicas
    stores = [f"{name}: {design.data.storage[name].replace('_', ' ')}" for name in ("features", "index")
              if name in design.data.storage]
    took = f"p99 {figures.ms(measured.latency_ms.p99)}" if measured and measured.latency_ms else ""
    within = f"within {duration(limit)}" if limit else ""
    return node("serving", "serving", [design.framing.answer.at, f"{replicas} replicas" if replicas else "", *stores],
                [f"{took} of {duration(limit)}" if took and limit else took or within], lane=SERVING)


def _aside(design: Design, live: Node) -> Iterator[tuple[Node, tuple[Edge, ...]]]:
    """What watches over the loop, each with its arrows."""
    drift, online, release, batch = (design.monitoring.drift, design.evaluation.online, design.monitoring.release,
                                     design.serving.batch)
    watched = design.monitoring.watch or (design.evaluation.metric, *(online.guards if online else ()))
    drifting = [f"drift of {drift.top_features}, {drift.test}", f"then {drift.then}"] if drift else []
    again = (Edge("monitoring", "training", "retrain"),) if drift and drift.then == "retrain" else ()
    yield (node("monitoring", "monitoring", [*drifting, *dict.fromkeys(watched)], lane=LOG, band=1, kind="aside"),
           (Edge("log", "monitoring"), *again))
    if release and release.undo_on:
        yield (node("undo", "undo", [f"on {metric}" for metric in release.undo_on], lane=live.lane, band=1, kind="aside"),
               (Edge("undo", live.name, "rollback"),))
    if batch:
        yield (node("lists", "batch lists", [batch.store, f"every {duration(batch.every)}"], lane=SERVING, band=1, kind="store"),
               (Edge("lists", "serving", LISTS[batch.for_]),))
