"""What follows from a design and is asked in several places: when a label is known, who waits, which parts there are."""

from __future__ import annotations

from collections.abc import Iterator

from sevenfold.design.part import Part
from sevenfold.design.sections import Design, Solution

STEPS = ("requirements", "framing", "data", "solutions", "evaluation", "serving", "monitoring")
STAGES = ("retrieve", "rank", "rerank", "predict")


def timed(design: Design) -> bool:
    """The events have a clock; where they have none, what is about time does not apply."""
    return design.data.events.time not in (None, "none")


def wait(design: Design) -> float:
    """Seconds from an event to the moment its label is known."""
    return (design.framing.label.within or 0.0) + design.framing.label.delay


def thinning(design: Design) -> float:
    """The share of the negatives that is kept."""
    negatives = design.framing.label.negatives
    return float(negatives.params.get("keep", 1.0)) if negatives else 1.0


def answers_online(design: Design) -> bool:
    """Somebody waits for the answer: it is not all computed ahead."""
    batch = design.serving.batch
    return batch is None or batch.for_ != "everything"


def exposed(design: Design) -> bool:
    """What has a label depends on what was shown."""
    return design.framing.task in ("recommend", "link") or design.framing.label.negatives is not None


def explores(design: Design) -> bool:
    """A solution shows some answers at random."""
    return any(part.name == "explore" for solution in design.solutions.values() for part in solution.rerank)


def set_aside(design: Design, path: str) -> str | None:
    """The reason for which a path, or what lies above it, was set aside."""
    return next((reason for above, reason in design.na.items() if f"{path}.".startswith(f"{above}.")), None)


def stages(solution: Solution) -> list[str]:
    """The stages that a solution goes through for each answer."""
    return [stage for stage in STAGES if getattr(solution, stage)]


def trained(solution: Solution) -> list[tuple[str, Part]]:
    """(kind, part) of what a solution retrieves, ranks or predicts with."""
    learners = [part for part in (solution.rank, solution.predict) if part is not None]
    return [*(("retriever", part) for part in solution.retrieve), *(("learner", part) for part in learners)]


def parts(design: Design) -> Iterator[tuple[str, str, Part]]:
    """(path, kind, part) of every named part of the solutions and the features."""
    for name, solution in design.solutions.items():
        path = f"solutions.{name}"
        yield from ((f"{path}.retrieve", "retriever", part) for part in solution.retrieve)
        yield from ((f"{path}.rerank", "reranker", part) for part in solution.rerank)
        learners = {"rank": solution.rank, "predict": solution.predict}
        yield from ((f"{path}.{key}", "learner", part) for key, part in learners.items() if part is not None)
    yield from features(design)


def features(design: Design) -> Iterator[tuple[str, str, Part]]:
    """(path, kind, part) of every feature."""
    for group, named in design.data.features.items():
        yield from ((f"data.features.{group}.{name}", "feature", part) for name, part in named.items())


def columns(part: Part) -> set[str]:
    """The columns, or features, that a feature names."""
    values = [one for value in part.params.values() for one in (value if isinstance(value, tuple) else (value,))]
    return {value for value in values if isinstance(value, str)}
