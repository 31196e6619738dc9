"""A diagram as a drawing: lanes side by side on a wide page, one below the other on a phone."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import sevenfold.report.svg as svg
from sevenfold.report.diagrams.graph import Edge, Graph, Node
from sevenfold.report.tags import Safe, join, tag

WIDE, PHONE = 1000.0, 340.0
ROW, PAD, BETWEEN = 17.0, 12.0, 16.0
ROOMS = range(200, 70, -5)  # for a line of a box, from what is hoped for down to what is needed
MORE = 26.0  # that a gap may grow where there is room
BAND = 46.0  # between two bands
HEAD = 26.0  # a title over a lane or a band
LID = 6.0  # of a store
CHANNEL, SIDE = 28.0, 13.0  # under and beside everything, where an arrow runs back
BOLD = 14.0  # bold words are as wide as plain ones of this size


Places = dict[str, svg.Box]
Point = tuple[float, float]


def across(graph: Graph, label: str) -> Safe:
    """From left to right, for a wide page: words are cut until the lanes fit."""
    lefts, widths = next((found for room in ROOMS if (found := _columns(graph, room))[0][-1] + found[1][-1] <= WIDE),
                         _columns(graph, ROOMS[-1]))
    places, tops, bottom = _placed(graph, lefts, widths)
    arrows = [_arrow(one, graph, places, bottom + CHANNEL) for one in graph.edges]
    heads = [svg.text(left + width / 2, 15, title, anchor="middle", class_="lane")
             for left, width, title in zip(lefts, widths, graph.lanes, strict=False)]
    titles = [svg.text(1, top - 10, svg.fit(title, WIDE / 2), class_="band")
              for top, title in zip(tops, graph.bands, strict=False)]
    boxes = [_box(one, places[one.name]) for one in graph.nodes]
    width, height = lefts[-1] + widths[-1] + (SIDE if graph.loops else 1), bottom + (CHANNEL + 6 if graph.loops else 1)
    return svg.drawing(width, height, *arrows, *heads, *titles, *boxes, label=label, class_="diagram wide")


def down(graph: Graph, label: str) -> Safe:
    """From top to bottom, for a phone: two boxes of one lane stand in one row."""
    shapes: list[Safe] = []
    y = 1.0
    for band in range(1 + max(one.band for one in graph.nodes)):
        if graph.bands:
            shapes.append(svg.text(1, y + 13, svg.fit(graph.bands[band], PHONE - 8), class_="band"))
            y += HEAD
        cells = [cell for lane in _lanes(graph, band) for cell in _cells(lane, graph)]
        for cell, after in pairwise((*cells, [])):
            if title := graph.lanes[cell[0].lane] if graph.lanes else "":
                shapes.append(svg.text(PHONE / 2, y + 13, title, anchor="middle", class_="lane"))
                y += HEAD - 4
            drawn, y = _rows([_told(one, after, graph) for one in cell], y)
            shapes += drawn
            edge = next((one for one in graph.edges if _joins(one, cell, after)), None)
            if edge:
                shapes += [_stroke((PHONE / 2, y + 3), (PHONE / 2, y + 25)),
                           svg.text(PHONE / 2 + 12, y + 18, edge.label, class_="flow")]
            y += 28 if edge else BETWEEN
    return svg.drawing(PHONE, y - BETWEEN + 1, *shapes, label=label, class_="diagram narrow")


def _lanes(graph: Graph, band: int) -> list[list[Node]]:
    """The nodes of a band, lane by lane."""
    nodes = [one for one in graph.nodes if one.band == band]
    return [[one for one in nodes if one.lane == lane] for lane in sorted({one.lane for one in nodes})]


def _cells(lane: list[Node], graph: Graph) -> list[list[Node]]:
    """What a phone shows in one go: a lane, or each of its nodes where they follow one another."""
    return [[one] for one in lane] if any(_joins(edge, lane, lane) for edge in graph.edges) else [lane]


def _columns(graph: Graph, room: float) -> tuple[list[float], list[float]]:
    """Left edge and width of each lane; the gap after it is as wide as what its arrows say."""
    last = max(one.lane for one in graph.nodes)
    widths = [max((_wide(one, room) for one in graph.nodes if one.lane == lane), default=0.0) for lane in range(last + 1)]
    level = [(start.lane, end.lane, one.label) for one in graph.edges
             for start, end in [(graph.named[one.start], graph.named[one.end])] if start.band == end.band]
    gaps = [max([30.0, *(svg.wide(label, 12) + 18 for start, end, label in level if start == number < end)])
            for number in range(last)]
    more = max(0.0, min(MORE, (WIDE - sum(widths) - sum(gaps) - 2 * SIDE) / max(last, 1)))
    start = SIDE if graph.loops else 1.0
    return [start + sum(widths[:number]) + sum(gaps[:number]) + more * number for number in range(last + 1)], widths


def _wide(one: Node, room: float) -> float:
    words = [svg.wide(one.title, BOLD), *(svg.wide(line) for line in (*one.lines, *one.notes))]
    return max(76.0, 2 * PAD + min(room, max(words)))


def _height(one: Node) -> float:
    return 32 + ROW * (len(one.lines) + len(one.notes)) + (LID if one.kind == "store" else 0.0)


def _placed(graph: Graph, lefts: list[float], widths: list[float]) -> tuple[Places, list[float], float]:
    """Where each node stands, the top of each band, and the bottom of all; a lane is centred in its band."""
    places: Places = {}
    tops: list[float] = []
    bottom = HEAD if graph.lanes else 1.0
    for band in range(1 + max(one.band for one in graph.nodes)):
        top = bottom + (BAND if band else 0.0) - (18.0 if band and graph.bands else 0.0) + (HEAD if graph.bands else 0.0)
        lanes = [(lane, sum(_height(one) + BETWEEN for one in lane) - BETWEEN) for lane in _lanes(graph, band)]
        tall = max((height for _, height in lanes), default=0.0)
        for lane, height in lanes:
            y = top + (tall - height) / 2
            for one in lane:
                places[one.name] = svg.Box(lefts[one.lane], y, widths[one.lane], _height(one))
                y += _height(one) + BETWEEN
        tops.append(top)
        bottom = top + tall
    return places, tops, bottom


def _arrow(edge: Edge, graph: Graph, places: Places, channel: float) -> Safe:
    """An arrow and what it says; to a lane further right it is a curve."""
    one, other = graph.named[edge.start], graph.named[edge.end]
    points, (x, y), anchor = _way(one, other, places[edge.start], places[edge.end], channel)
    words = svg.text(x, y, edge.label, anchor=anchor, class_="flow") if edge.label else None
    return join(_curve(*points) if one.lane < other.lane and one.band == other.band else _stroke(*points), words)


def _way(one: Node, other: Node, start: svg.Box, end: svg.Box, channel: float) -> tuple[tuple[Point, ...], Point, str]:
    """Through which points an arrow runs, where its words stand, and by which of their ends."""
    (x1, y1), (x2, y2) = start.middle, end.middle
    if one.lane == other.lane:  # to a box above or below
        y1, y2 = (start.bottom + 3, end.y - 3) if end.y > start.y else (start.y - 3, end.bottom + 3)
        return ((x1, y1), (x1, y2)), (x1 - 8, (y1 + y2) / 2 + 4), "end"
    if one.lane > other.lane:  # out to the right, below everything, and in again from the left
        right, left = start.right + 10, end.x - 12
        points = ((right - 8, y1), (right, y1), (right, channel), (left, channel), (left, y2), (end.x - 2, y2))
        return points, ((left + right) / 2, channel - 7), "middle"
    if one.band == other.band:
        return ((start.right + 3, y1), (end.x - 3, y2)), ((start.right + end.x) / 2, min(y1, y2) - 8), "middle"
    y2 = end.bottom + 3 if end.y < start.y else end.y - 3  # to the right, then up or down into a box of another band
    return ((start.right + 3, y1), (x2, y1), (x2, y2)), (x2 + 8, (y1 + y2) / 2 + 4), "start"


def _curve(start: Point, end: Point) -> Safe:
    (x1, y1), (x2, y2), bend = start, end, min(end[0] - start[0], 80.0) / 2
    path = f"M{x1:.1f},{y1:.1f}C{x1 + bend:.1f},{y1:.1f} {x2 - bend:.1f},{y2:.1f} {x2:.1f},{y2:.1f}"
    return join(tag("path", d=path, class_="arrow"), _head(x2, y2, 1, 0))


def _stroke(*points: Point) -> Safe:
    """A stroke from point to point, with a head."""
    (x1, y1), (x2, y2) = points[-2:]
    return join(svg.polyline(points, "arrow"), _head(x2, y2, (x2 > x1) - (x2 < x1), (y2 > y1) - (y2 < y1)))


def _head(x: float, y: float, along: int, aside: int) -> Safe:
    ends = [(x - 5 * along - 5 * aside * side, y - 5 * aside - 5 * along * side) for side in (1, -1)]
    return svg.polyline((ends[0], (x, y), ends[1]), "arrow")


def _box(one: Node, at: svg.Box) -> Safe:
    room = at.width - 2 * PAD + 2
    lid = LID if one.kind == "store" else 0.0
    rows = [svg.text(at.x + PAD, at.y + 21 + lid, svg.fit(one.title, room, BOLD), class_="head")]
    for number, words in enumerate((*one.lines, *one.notes), start=1):
        kind = "note" if number > len(one.lines) else None
        rows.append(svg.text(at.x + PAD, at.y + 22 + lid + ROW * number, svg.fit(words, room), class_=kind))
    return tag("g", _store(at) if lid else svg.rect(at, f"box {one.kind}".strip(), round_=6.0), *rows)


def _store(at: svg.Box) -> Safe:
    """A drum."""
    x, y, right, bottom, bend = at.x, at.y + LID, at.right, at.bottom - LID, f"{at.width / 2:.1f},{LID:g} 0 0"
    lid = f"M{x:.1f},{y:.1f}A{bend} 1 {right:.1f},{y:.1f}"
    return join(tag("path", d=f"{lid}V{bottom:.1f}A{bend} 1 {x:.1f},{bottom:.1f}Z", class_="box store"),
                tag("path", d=f"M{x:.1f},{y:.1f}A{bend} 0 {right:.1f},{y:.1f}", class_="lid"))


def _rows(cell: list[Node], y: float) -> tuple[list[Safe], float]:
    """The boxes of a lane, two in a row, and where the last row ends."""
    shapes: list[Safe] = []
    for first in range(0, len(cell), 2):
        pair = cell[first:first + 2]
        width = PHONE - 2 if len(cell) == 1 else (PHONE - 2 - BETWEEN) / 2
        tall = max(_height(one) for one in pair)
        for number, one in enumerate(pair):
            shapes.append(_box(one, svg.Box(1 + number * (width + BETWEEN), y, width, tall)))
        y += tall + (BETWEEN if first + 2 < len(cell) else 0.0)
    return shapes, y


def _joins(edge: Edge, cell: list[Node], after: list[Node]) -> bool:
    return edge.start in {one.name for one in cell} and edge.end in {one.name for one in after}


def _told(one: Node, after: list[Node], graph: Graph) -> Node:
    """The node, with the arrows that a phone's one column has no room for told in words."""
    far = [edge for edge in graph.edges if edge.start == one.name and edge.end not in {other.name for other in after}]
    notes = (f"→ {graph.named[edge.end].title}{f': {edge.label}' if edge.label else ''}" for edge in far)
    return replace(one, notes=(*one.notes, *notes))
