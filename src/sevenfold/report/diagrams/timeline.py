"""What a row at time t may read, when its label is known, and where the examples are cut."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

import sevenfold.report.svg as svg
from sevenfold.design.facts import gap, timed, wait
from sevenfold.design.part import Part
from sevenfold.design.sections import Design
from sevenfold.report.diagrams.graph import Edge, Graph, Node, duration, node, plain, share, staged, trained
from sevenfold.report.tags import Safe, join, tag

NOW = ("attribute", "embed", "image", "hour", "weekday", "words", "characters", "log", "bucket", "hash", "cross", "distance",
       "matching")
PAST = ("past", "now")  # kinds of a span that end by t
STEP = 36.0  # from one row to the next
BAR = 9.0
BLOCK = 46.0
WORDS = 13.5  # what words over a bar are measured by: none may leave the drawing


@dataclass(frozen=True)
class Span:
    """A stretch of event time in seconds from t; no start: from the first event on."""

    words: str
    told: str  # how far it reaches
    start: float | None
    end: float
    kind: str  # past | target | wait | now


@dataclass(frozen=True)
class Cut:
    """A stretch of the examples, in their order; no share: unknown, or a gap of `free` seconds."""

    name: str
    share: float | None = None
    free: float = 0.0


def graph(design: Design) -> Graph:
    """The stretches in order: what is read, the question, the label; and the cuts below."""
    nodes: list[Node] = []
    if timed(design):
        past, label = ([one for one in spans(design) if (one.kind in PAST) is before] for before in (True, False))
        nodes = [*(node(f"past.{number}", _reach(one), [one.words], lane=0, kind="feature") for number, one in enumerate(past)),
                 node("t", "t", [design.framing.answer.at, "the question"], lane=1),
                 *(node(f"label.{number}", _reach(one), [one.words], lane=2 + number, kind="target")
                   for number, one in enumerate(label))]
    band = 1 if nodes else 0
    parts = [node(f"cut.{number}", one.name, [_size(one)], lane=number, band=band) for number, one in enumerate(cuts(design))]
    into = [Edge(one.name, "t") for one in nodes if one.lane == 0]
    pairs = [*pairwise([one for one in nodes if one.lane]), *(pairwise(parts) if design.data.split.by == "time" else ())]
    bands = (*(("what a row at t may know, and when its label is known",) if nodes else ()), _cutting(design))
    return Graph(nodes=(*nodes, *parts), edges=(*into, *(Edge(one.name, after.name) for one, after in pairs)), bands=bands)


def spans(design: Design) -> tuple[Span, ...]:
    """The windows of the features, longest first, then what is known at t, then the label and the time until it is known.

    What has not arrived is not read, so a window ends the delay before t; one that reads labels, as long before as a label takes.
    """
    late, now = design.data.events.delay, []
    windows: dict[tuple[float, float], list[str]] = {}
    for features in design.data.features.values():
        for name, part in features.items():
            if part.name in NOW:
                now.append(name)
            else:
                end = late + (wait(design) if _reads_labels(part, design) else 0.0)
                windows.setdefault((part.params.get("over") or math.inf, end), []).append(name)
    past = [_window(names, over, end, design) for (over, end), names in sorted(windows.items(), reverse=True)]
    return (*past, *([Span(", ".join(now), "as of t", 0.0, 0.0, "now")] if now else []), *_label(design))


def _window(names: list[str], over: float, end: float, design: Design) -> Span:
    """What some features read of the past: to the log's beginning where they set no limit."""
    whole = over == math.inf
    start = -(design.data.events.history or math.inf) if whole else -over - end
    told = f"{'whole past' if whole else duration(over)}{f' up to {_moment(-end)}' if end else ''}"
    return Span(", ".join(names), told, None if start == -math.inf else start, -end, "past")


def _reads_labels(part: Part, design: Design) -> bool:
    """Positive events count as soon as they arrive, unless the label is the row's own or impressions are logged."""
    known_late = design.framing.label.own or design.data.events.request is not None
    return "label" in part.params.values() or (part.name in ("affinity", "closeness") and known_late)


def _label(design: Design) -> tuple[Span, ...]:
    label = design.framing.label
    within = label.within or 0.0
    told = f"within {duration(within)}" if within else "of the same event" if label.own else "no window"
    late = (Span("arrives", f"{duration(label.delay)} later", within, within + label.delay, "wait"),) if label.delay else ()
    return (Span(f"label {label.is_}", told, 0.0, within, "target"), *late)


def cuts(design: Design) -> tuple[Cut, ...]:
    """Training, validation and test with the gaps between them; the ranker's part of training where it has its own."""
    split, rest = design.data.split, trained(design)
    whole = rest if isinstance(rest, float) else None
    training = [Cut("train", whole)] if not staged(design) or whole is None else [
        Cut("retrievers", whole * (1 - split.ranker)), Cut("ranker", whole * split.ranker)]
    between = [Cut("gap", free=gap(design))] if gap(design) else []
    given = {name: Cut(name, None if isinstance(part, str) else float(part))
             for name, part in (("validate", split.validate), ("test", split.test))}
    return (*training, *between, given["validate"], *between, given["test"])


def _cutting(design: Design) -> str:
    split = design.data.split
    if split.by == "group":
        return f"the examples by {split.group or 'group'}: none lies on two sides"
    return "the examples, in order of time" if split.by == "time" else "the examples, drawn at random"


def _size(one: Cut) -> str:
    if one.free:
        return duration(one.free)
    return share(one.share) if one.share is not None else "the rest" if one.name == "train" else "given"


def _reach(one: Span) -> str:
    """A span's ends in words."""
    if one.kind == "now":
        return "as of t"
    start = "start" if one.start is None else _moment(one.start)
    return f"[{start}, {_moment(one.end)})" if one.kind == "past" else f"({start}, {_moment(one.end)}]" if one.end else "t"


def _moment(seconds: float) -> str:
    return "t" if not seconds else f"t{'+' if seconds > 0 else '−'}{duration(abs(seconds))}"


def drawing(design: Design, label: str, *, width: float, class_: str) -> Safe:
    """The axis around t over the cuts; the cuts alone where the data have no clock."""
    clockless = svg.text(1, 14, "The data have no clock: nothing is earlier or later.", class_="flow"), 34.0
    shapes, top = _axis(design, spans(design), width) if timed(design) else clockless
    below, bottom = _blocks(design, top, width)
    return svg.drawing(width, bottom, shapes, below, label=label, class_=f"diagram {class_}")


def _axis(design: Design, found: tuple[Span, ...], width: float) -> tuple[Safe, float]:
    """The spans around t, one a row, and where they end."""
    at = _scale(found, width)
    y, shapes = 76.0, []
    for one in found:
        shapes += _bar(one, at, y, width)
        y += STEP
    bottom = y - 18
    asked = plain(f"t: {design.framing.answer.at}" if design.framing.answer.at else "t")
    room = 2 * min(at(0.0), width - at(0.0))
    frame = [svg.line(at(0.0), 42, at(0.0), bottom, "now"), svg.line(1, bottom, width - 1, bottom, "axis"),
             svg.text(at(0.0), 34, svg.fit(asked, room, 14), anchor="middle", class_="head"),
             svg.text(1, 14, "read: what had arrived before t", class_="lane"),
             svg.text(width - 1, 14, "learnt", anchor="end", class_="lane")]
    return join(*frame, *shapes, *_ticks(found, at, bottom, width)), bottom + 56


def _scale(found: tuple[Span, ...], width: float) -> svg.Scale:
    """Logarithmic on both sides of t, so that minutes and months can be told apart."""
    ends = [end for one in found for end in (one.start, one.end) if end]
    unit = min((abs(end) for end in ends), default=1.0) / 2

    def steps(seconds: float) -> float:
        return math.copysign(math.log1p(abs(seconds) / unit), seconds)

    left, right = -min([steps(end) for end in ends] + [-1.0]), max([steps(end) for end in ends] + [0.0])
    whole = any(one.start is None for one in found)
    left, right = left * (1.18 if whole else 1.05), max(right * 1.05, 0.28 * left)
    place = svg.linear(-left, right, 4, width - 4)
    return lambda seconds: 4.0 if seconds == -math.inf else place(steps(seconds))


def _bar(one: Span, at: svg.Scale, y: float, width: float) -> list[Safe]:
    """A span with its words above it, kept inside the drawing."""
    start, end = at(-math.inf if one.start is None else one.start), at(one.end)
    past = one.kind in PAST
    words = f"{plain(one.words)} · {one.told}"
    reach = svg.wide(words, WORDS)
    if past and reach <= end - 8:
        text = svg.text(end - 6, y - 6, words, anchor="end")
    elif past:
        text = svg.text(4, y - 6, svg.fit(words, at(0.0) - 10, WORDS))
    elif start + 6 + reach < width:
        text = svg.text(start + 6, y - 6, words)
    else:
        text = svg.text(width - 1, y - 6, svg.fit(words, width - 4, WORDS), anchor="end")
    if start == end:
        return [svg.circle(start, y + BAR / 2, 4.5, f"moment {one.kind}"), text]
    bar = svg.rect(svg.Box(start, y, end - start, BAR), f"span {one.kind}", round_=2.0)
    if past and one.end:
        text = join(svg.line(end, y + BAR / 2, at(0.0), y + BAR / 2, "late"), text)
    return [bar, svg.circle(end, y + BAR / 2, 3.5, f"end {one.kind}"), text]


def _ticks(found: tuple[Span, ...], at: svg.Scale, y: float, width: float) -> list[Safe]:
    """The ends of the spans under the axis; a label that would touch another is left out."""
    shapes: list[Safe] = []
    taken: list[svg.Box] = []
    for end in sorted({end for one in found for end in (one.start, one.end) if end is not None}, key=abs):
        words = _moment(end)
        wide = svg.wide(words, 12) + 8
        box = svg.Box(min(max(at(end) - wide / 2, 0.0), width - wide), y, wide, 10)
        if not any(box.overlap(other) for other in taken):
            taken.append(box)
            shapes += [svg.line(at(end), y, at(end), y + 5, "axis"),
                       svg.text(box.x + wide / 2, y + 19, words, anchor="middle", class_="tick")]
    return shapes


def _blocks(design: Design, top: float, width: float) -> tuple[Safe, float]:
    """The cuts as blocks, wider for a greater share, yet wide enough for their names; and the bottom of all."""
    parts = cuts(design)
    least = [26.0 if one.free else svg.wide(one.name) + 10 for one in parts]
    room = max(0.0, width - 2 - sum(least))
    known = [one.share if one.share is not None else 0.0 if one.free else 0.3 for one in parts]
    shapes, x, y = [svg.text(1, top + 6, _cutting(design), class_="lane")], 1.0, top + 18
    for one, narrow, part in zip(parts, least, known, strict=True):
        wide = narrow + room * part / sum(known)
        middle = x + wide / 2
        shapes.append(svg.rect(svg.Box(x + 1, y, wide - 2, BLOCK), f"cut {one.name}", round_=3.0))
        if one.free:
            shapes.append(svg.text(middle, y + BLOCK + 17, f"gap {_size(one)}", anchor="middle", class_="tick"))
        else:
            shapes += [svg.text(middle, y + 20, one.name, anchor="middle", class_="head"),
                       svg.text(middle, y + 37, _size(one), anchor="middle", class_="tick")]
        x += wide
    return tag("g", *shapes), y + BLOCK + (26 if gap(design) else 2)
