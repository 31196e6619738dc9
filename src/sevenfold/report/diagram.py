"""The funnel of a solution as a picture: what flows in, what each stage does to it, what it takes and what it loses."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import get_args

import sevenfold.report.svg as svg
from sevenfold import units
from sevenfold.design.sections import Design, Part, Solution
from sevenfold.evaluation import figures
from sevenfold.record import Stage
from sevenfold.report.tags import Safe, tag

COUNT = get_args(units.Count)[1]
MOST = 26  # letters in a line
ROW = 17.0
PHONE = 340.0


@dataclass(frozen=True, kw_only=True)
class Step:
    """One box of the funnel; `out` is what leaves it."""

    title: str
    lines: tuple[str, ...]
    notes: tuple[str, ...] = ()
    out: str = ""

    @property
    def height(self) -> float:
        """As high as its words."""
        return 34 + ROW * (len(self.lines) + len(self.notes))


def steps(design: Design, solution: Solution, stages: tuple[Stage, ...]) -> tuple[Step, ...]:
    """The boxes from the data to the answer; a stage that was not measured has no notes."""
    data, items = design.data, design.requirements.scale.items
    sources = [table.path.rsplit("/", 1)[-1] for table in (data.events, data.users, data.items, data.queries) if table]
    groups = [f"{len(features)} {group}" for group, features in data.features.items() if features]
    told: dict[str, list[str]] = {
        "data": sources, "retrieve": [_part(part) for part in solution.retrieve], "features": groups,
        "rank": [_part(solution.rank)] if solution.rank else [], "rerank": [_part(part) for part in solution.rerank],
        "predict": [_part(solution.predict)] if solution.predict else [], "answer": [_answer(design)]}
    flow = {"data": f"{units.write(items, COUNT)} items" if items and solution.retrieve else ""}
    keep = {"retrieve": design.serving.retrieve.keep, "rank": design.serving.rank.keep if solution.retrieve else None}
    flow |= {stage: f"{kept:,}" for stage, kept in keep.items() if kept is not None}
    flow |= {stage.stage: f"{stage.kept:,}" for stage in stages if stage.kept is not None}
    measured = {stage.stage: stage for stage in stages}
    return tuple(Step(title=title, lines=_lines(lines), notes=_notes(measured.get(title)), out=flow.get(title, ""))
                 for title, lines in told.items() if lines)


def _part(part: Part) -> str:
    loss = part.params.get("loss")
    return f"{part.name} · {loss}" if loss else part.name


def _lines(words: list[str]) -> tuple[str, ...]:
    shown = words if len(words) <= 4 else [*words[:3], f"and {len(words) - 3} more"]
    return tuple(svg.shorten(word, MOST) for word in shown)


def _notes(stage: Stage | None) -> tuple[str, ...]:
    if stage is None:
        return ()
    notes = (f"p99 {figures.ms(stage.p99)}" if stage.p99 is not None else "",
             f"recall {figures.quality(stage.recall)}" if stage.recall is not None else "")
    return tuple(note for note in notes if note)


def _answer(design: Design) -> str:
    answer = design.framing.answer
    counted = answer.items or answer.users
    if counted:
        return f"{counted} {'items' if answer.items else 'users'}"
    return answer.probability or answer.number or answer.decision or ""


def across(boxes: tuple[Step, ...], label: str) -> Safe:
    """The funnel from left to right, for a wide page."""
    height = max(box.height for box in boxes)
    shapes: list[str] = []
    x = 1.0
    for box, after in pairwise((*boxes, None)):
        assert box is not None
        width = max(84.0, 28 + max(svg.wide(words) for words in (box.title, *box.lines, *box.notes)))
        shapes.append(_box(box, svg.Box(x, 11, width, height)))
        x += width
        if after is not None:
            gap = max(34.0, 16 + svg.wide(box.out, 12))
            shapes.append(_arrow(x + 4, 11 + height / 2, x + gap - 4, 11 + height / 2))
            shapes.append(svg.text(x + gap / 2, 11 + height / 2 - 8, box.out, anchor="middle", class_="flow"))
            x += gap
    return svg.drawing(x + 1, height + 22, *shapes, label=label, class_="wide")


def down(boxes: tuple[Step, ...], label: str) -> Safe:
    """The same from top to bottom, for a phone."""
    shapes: list[str] = []
    y = 1.0
    for box, after in pairwise((*boxes, None)):
        assert box is not None
        shapes.append(_box(box, svg.Box(1, y, PHONE - 2, box.height)))
        y += box.height
        if after is not None:
            shapes.append(_arrow(PHONE / 2, y + 3, PHONE / 2, y + 25))
            shapes.append(svg.text(PHONE / 2 + 12, y + 18, box.out, class_="flow"))
            y += 28
    return svg.drawing(PHONE, y + 1, *shapes, label=label, class_="narrow")


def _box(step: Step, place: svg.Box) -> Safe:
    rows = [svg.text(place.x + 14, place.y + 22, step.title, class_="head")]
    for number, words in enumerate((*step.lines, *step.notes), start=1):
        kind = "note" if number > len(step.lines) else None
        rows.append(svg.text(place.x + 14, place.y + 24 + ROW * number, words, class_=kind))
    return tag("g", svg.rect(place, "box", round_=6.0), *rows)


def _arrow(x1: float, y1: float, x2: float, y2: float) -> Safe:
    along, aside = (x2 > x1) * 5, (y2 > y1) * 5
    head = ((x2 - along - aside, y2 - aside - along), (x2, y2), (x2 - along + aside, y2 - aside + along))
    return tag("g", svg.line(x1, y1, x2, y2, "arrow"), svg.polyline(head, "arrow"))
