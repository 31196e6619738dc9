"""What is asked before a system is designed, and what a document answers: the table is `questions.yaml`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from sevenfold.design.document import parse
from sevenfold.design.sections import Design
from sevenfold.design.show import plain


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
    said = plain(design)
    return tuple(Question(step, one["asks"], one["where"], _text(_at(said, one["where"])), set_aside(design, one["where"]),
                          one.get("example"))
                 for step, asked in _table().items() for one in asked if _arises(one, design.framing.task, said))


def set_aside(design: Design, path: str) -> str | None:
    """The reason for which a path, or what lies above it, was set aside."""
    return next((reason for above, reason in design.na.items() if f"{path}.".startswith(f"{above}.")), None)


@cache
def _table() -> dict[str, Any]:
    return parse(Path(__file__).with_suffix(".yaml").read_text(encoding="utf-8"))[0]


def _arises(one: Mapping[str, Any], task: str, said: Mapping[str, Any]) -> bool:
    return task in one.get("tasks", (task,)) and ("with" not in one or _at(said, one["with"]) is not None)


def _at(said: Any, path: str) -> Any:
    for key in path.split("."):
        said = said.get(key) if isinstance(said, Mapping) else None
    return said


def _text(value: Any) -> str | None:
    """A value on one line: of records by name the names, of one record what it says."""
    if isinstance(value, Mapping):
        said = {key: inner for key, inner in value.items() if inner not in ([], {}, False)}
        records = all(isinstance(inner, Mapping) for inner in said.values())
        value = list(said) if records else [f"{key}: {_text(inner)}" for key, inner in said.items()]
    if isinstance(value, list):
        return ", ".join(map(str, value)) or None
    return (str(value).lower() if isinstance(value, bool) else str(value)) if value not in (None, "") else None
