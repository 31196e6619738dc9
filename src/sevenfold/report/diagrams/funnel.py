"""The funnel of each solution: what flows in, what each stage does to it, what it may take, what it took and lost."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import get_args

from sevenfold import units
from sevenfold.design.facts import STAGES, of_stage
from sevenfold.design.sections import Design, Part, Solution, StageBudget
from sevenfold.evaluation import figures
from sevenfold.record import Record, Stage
from sevenfold.record import Solution as Measured
from sevenfold.report.diagrams.graph import Edge, Graph, Node, duration, node

COUNT = get_args(units.Count)[1]
ORDER = ("data", "retrieve", "features", "rank", "rerank", "predict", "lists", "answer")


def graph(design: Design, record: Record | None = None) -> Graph:
    """The funnels of all solutions, one below the other."""
    return funnels(design, {name: record.solutions.get(name) if record else None for name in design.solutions})


def funnels(design: Design, measured: Mapping[str, Measured | None], *, titled: bool = True) -> Graph:
    """The funnels of the solutions that are named, with what was measured of each."""
    said = {name: _said(design, design.solutions[name]) for name in measured}
    used = [stage for stage in ORDER if any(stage in one for one in said.values())]
    nodes: list[Node] = []
    edges: list[Edge] = []
    for band, (name, one) in enumerate(measured.items()):
        found = {stage.stage: stage for stage in one.stages} if one else {}
        if one and one.latency_ms:
            found["answer"] = Stage(stage="answer", p99=one.latency_ms.p99)
        boxes = [node(f"{name}.{stage}", stage, lines, _notes(design, stage, found.get(stage)), lane=used.index(stage), band=band)
                 for stage, lines in said[name].items()]
        flow = _flow(design, design.solutions[name], found)
        edges += [Edge(box.name, after.name, flow.get(box.title, "")) for box, after in pairwise(boxes)]
        nodes += boxes
    return Graph(nodes=tuple(nodes), edges=tuple(edges), bands=tuple(measured) if titled else ())


def _said(design: Design, solution: Solution) -> dict[str, list[str]]:
    """What each stage of a solution reads or does, in order."""
    data, batch = design.data, design.serving.batch
    sources = [table.path.rsplit("/", 1)[-1] for table in (data.events, data.users, data.items, data.queries) if table]
    read = data.features.items() if solution.rank or solution.predict else ()
    said = {"data": sources, **{stage: [_part(part) for part in of_stage(solution, stage)] for stage in STAGES},
            "features": [f"{len(features)} {group}" for group, features in read if features], "answer": [_answer(design)],
            "lists": [batch.store, f"every {duration(batch.every)}"] if batch and batch.for_ == "everything" else []}
    return {stage: said[stage] for stage in ORDER if said.get(stage)}


def _flow(design: Design, solution: Solution, measured: Mapping[str, Stage]) -> dict[str, str]:
    """How many candidates leave each stage: as measured, else as many as are kept."""
    items = design.requirements.scale.items
    kept: dict[str, int | None] = {"retrieve": design.serving.retrieve.keep}
    if solution.retrieve:
        kept["rank"] = design.serving.rank.keep
    kept |= {name: stage.kept for name, stage in measured.items() if stage.kept is not None}
    flow = {stage: f"{count:,}" for stage, count in kept.items() if count is not None}
    return flow | ({"data": f"{units.write(items, COUNT)} items"} if items and solution.retrieve else {})


def _part(part: Part) -> str:
    loss = part.params.get("loss")
    return f"{part.name} · {loss}" if loss else part.name


def _notes(design: Design, stage: str, measured: Stage | None) -> tuple[str, ...]:
    """What a stage may take and what answers when it is late; and, once measured, what it took and how much is left."""
    whole = StageBudget(within=design.requirements.limits.p99)
    budget = whole if stage == "answer" else getattr(design.serving, stage, StageBudget())
    within = duration(budget.within) if budget.within else ""
    took = f"p99 {figures.ms(measured.p99)}" if measured and measured.p99 is not None else ""
    return (f"{took} of {within}" if took and within else took or (f"within {within}" if within else ""),
            f"late: {budget.else_}" if budget.else_ else "",
            f"recall {figures.quality(measured.recall)}" if measured and measured.recall is not None else "")


def _answer(design: Design) -> str:
    answer = design.framing.answer
    counted = answer.items or answer.users
    if counted:
        return f"{counted} {'items' if answer.items else 'users'}"
    return answer.probability or answer.number or answer.decision or "nothing named"
