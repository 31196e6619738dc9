"""An empty form of the seven steps: every key of the language, the questions that it answers, the minute to be done by."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import is_dataclass
from typing import Any

from sevenfold.design.convert import without_none, written
from sevenfold.design.described import key_texts
from sevenfold.design.grade import STEPS, cases, reference
from sevenfold.design.questions import questions
from sevenfold.design.read import read
from sevenfold.design.sections import Design, Solution
from sevenfold.report.outline import clock
from sevenfold.units import Range

HEAD = """\
# An empty design: 45 minutes, seven steps. Fill in what you know and delete the rest; what does not apply is {na: the reason}.
# A key whose comment stands in braces takes a mapping of those keys."""
SLOTS = ("first", "second", "third")  # names that an attempt changes to its own


def blank(design: Design | None = None) -> str:
    """The form as YAML; with a design its name, reason and task are filled in and only its task's questions asked."""
    texts = {"name": design.name, "why": design.why, "task": design.framing.task} if design else {}
    known = {key: json.dumps(text, ensure_ascii=False) for key, text in texts.items()}
    designs = [design] if design else [shipped for case in cases() if (shipped := read(reference(case))[0])]
    asked = dict.fromkeys((one.step, one.asks) for raised in map(questions, designs) for one in raised)
    lines = [HEAD, *(_key(Design, key, known) for key in written(Design) if key not in STEPS)]
    for step in STEPS:
        lines += ["", f"# {STEPS.index(step) + 1}. done by minute {clock()[step][1]}",
                  *(f"#    {question}" for of, question in asked if of == step), f"{step}:", *_section(step, known)]
    return "\n".join(lines) + "\n"


def _section(step: str, known: dict[str, str]) -> Iterator[str]:
    if step == "solutions":
        yield from (f"  {name + ':':20}   # {_keys(Solution)}" for name in SLOTS)
        return
    (record,) = without_none(written(Design)[step][1])
    yield from (f"  {_key(record, key, known)}" for key in written(record))


def _key(record: type, key: str, known: dict[str, str]) -> str:
    (kind, *_) = without_none(written(record)[key][1])
    told = _keys(kind) if is_dataclass(kind) and kind is not Range else key_texts(record)[key]
    return f"{key}: {known.get(key, '')}".ljust(20) + f"   # {told}"


def _keys(record: Any) -> str:
    return f"{{{', '.join(written(record))}}}"
