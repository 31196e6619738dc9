"""What is asked before a system is designed, and what a document answers: the table is `questions.yaml`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sevenfold.design.document import table
from sevenfold.design.facts import set_aside
from sevenfold.design.mapping import at, flow
from sevenfold.design.sections import Design
from sevenfold.design.show import plain

TABLE = Path(__file__).with_suffix(".yaml")


@dataclass(frozen=True)
class Question:
    """A question of a step, the key that answers it, and what a document says: an answer, a reason not to, or neither."""

    step: str
    asks: str
    where: str
    answer: str | None
    aside: str | None
    example: str | None  # of an answer, where check R06 asks


def questions(design: Design) -> tuple[Question, ...]:
    """Every question that this design's task raises, with its answer; defaults count as answers."""
    said, task = plain(design), design.framing.task
    arising = [(step, one, one["where"]) for step, asked in table(TABLE).items() for one in asked
               if task in one.get("tasks", (task,)) and ("with" not in one or at(said, one["with"]) is not None)]
    return tuple(Question(step, one["asks"], where, _text(at(said, where)), set_aside(design, where), one.get("example"))
                 for step, one, where in arising)


def _text(value: Any) -> str | None:
    """A value on one line: of records by name the names, of one record what it says."""
    if isinstance(value, Mapping):
        said = {key: inner for key, inner in value.items() if inner not in ([], {}, False)}
        records = all(isinstance(inner, Mapping) for inner in said.values())
        value = list(said) if records else [f"{key}: {_text(inner)}" for key, inner in said.items()]
    return (", ".join(map(str, value)) if isinstance(value, list) else flow(value)) or None
