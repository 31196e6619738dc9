"""What follows from a design and is asked in several places: when a label is known, who waits, which parts there are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sevenfold.design.part import Part
from sevenfold.design.sections import Design, Solution

STEPS = ("requirements", "framing", "data", "solutions", "evaluation", "serving", "monitoring")
KINDS = {"retrieve": "retriever", "rank": "learner", "rerank": "reranker", "predict": "learner"}  # stage → what its parts are
STAGES = tuple(KINDS)


def value_at(design: Design, path: str) -> Any:
    """What stands at a path; None where that or a section above it is missing."""
    value: Any = design
    for key in path.split("."):
        value = getattr(value, key, None)
    return value


def timed(design: Design) -> bool:
    """The events have a clock; where they have none, what is about time does not apply."""
    return design.data.events.time not in (None, "none")


def wait(design: Design) -> float:
    """Seconds from an event to the moment its label is known."""
    return (design.framing.label.within or 0.0) + design.framing.label.delay


def gap(design: Design) -> float:
    """Seconds left free before validation and before the test: none where the split is not by time."""
    split = design.data.split
    return 0.0 if split.by != "time" else wait(design) if split.embargo is None else split.embargo


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


def of_stage(solution: Solution, stage: str) -> tuple[Part, ...]:
    """The parts of one stage of a solution."""
    found: tuple[Part, ...] | Part | None = getattr(solution, stage)
    return found if isinstance(found, tuple) else (found,) if found else ()


def trained(solution: Solution) -> list[tuple[str, Part]]:
    """(kind, part) of what a solution retrieves, ranks or predicts with."""
    return [(KINDS[stage], part) for stage in ("retrieve", "rank", "predict") for part in of_stage(solution, stage)]


def parts(design: Design) -> Iterator[tuple[str, str, Part]]:
    """(path, kind, part) of every named part of the solutions and the features."""
    for name, solution in design.solutions.items():
        for stage in ("retrieve", "rerank", "rank", "predict"):
            yield from ((f"solutions.{name}.{stage}", KINDS[stage], part) for part in of_stage(solution, stage))
    yield from features(design)


def features(design: Design) -> Iterator[tuple[str, str, Part]]:
    """(path, kind, part) of every feature."""
    for group, named in design.data.features.items():
        yield from ((f"data.features.{group}.{name}", "feature", part) for name, part in named.items())


def columns(part: Part) -> set[str]:
    """The columns, or features, that a feature names."""
    values = [one for value in part.params.values() for one in (value if isinstance(value, tuple) else (value,))]
    return {value for value in values if isinstance(value, str)}
