"""A diagram as a drawing: lanes side by side on a wide page, one below the other on a phone."""

from __future__ import annotations

from dataclasses import dataclass
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


@dataclass(frozen=True)
class Place:
    """Where a node stands."""

    node: Node
    box: svg.Box

    @property
    def middle(self) -> tuple[float, float]:
        """The centre."""
        return self.box.x + self.box.width / 2, self.box.y + self.box.height / 2


def across(graph: Graph, label: str) -> Safe:
    """From left to right, for a wide page: words are cut until the lanes fit."""
    room = next((one for one in ROOMS if _width(graph, one) <= WIDE), ROOMS[-1])
    lefts, widths = _columns(graph, room)
    places, tops, bottom = _placed(graph, lefts, widths)
    arrows = [_arrow(one, places, bottom + CHANNEL) for one in graph.edges]
    heads = [svg.text(left + width / 2, 15, title, anchor="middle", class_="lane")
             for left, width, title in zip(lefts, widths, graph.lanes, strict=False)]
    titles = [svg.text(1, top - 10, svg.fit(title, WIDE / 2), class_="band")
              for top, title in zip(tops, graph.bands, strict=False)]
    boxes = [_box(one) for one in places.values()]
    width, height = lefts[-1] + widths[-1] + (SIDE if graph.loops else 1), bottom + (CHANNEL + 6 if graph.loops else 1)
    return svg.drawing(width, height, *arrows, *heads, *titles, *boxes, label=label, class_="diagram wide")


def down(graph: Graph, label: str) -> Safe:
    """From top to bottom, for a phone: two boxes of one lane stand in one row."""
    shapes: list[Safe] = []
    y = 1.0
    for band in range(1 + max(one.band for one in graph.nodes)):
        cells = [cell for lane in _lanes(graph, band) for cell in _cells(lane, graph)]
        if graph.bands:
            shapes.append(svg.text(1, y + 13, svg.fit(graph.bands[band], PHONE - 8), class_="band"))
            y += HEAD
        for cell, after in pairwise((*cells, [])):
            if title := graph.lanes[cell[0].lane] if graph.lanes else "":
                shapes.append(svg.text(PHONE / 2, y + 13, title, anchor="middle", class_="lane"))
                y += HEAD - 4
            drawn, y = _rows([_told(one, after, graph) for one in cell], y)
            shapes += drawn
            edge = next((one for one in graph.edges if _joins(one, cell, after)), None)
            if edge:
                shapes += [_stroke(((PHONE / 2, y + 3), (PHONE / 2, y + 25))),
                           svg.text(PHONE / 2 + 12, y + 18, edge.label, class_="flow")]
            y += 28 if edge else BETWEEN
    return svg.drawing(PHONE, y - BETWEEN + 1, *shapes, label=label, class_="diagram narrow")


def _lanes(graph: Graph, band: int) -> list[list[Node]]:
    """The nodes of a band, lane by lane."""
    nodes = [one for one in graph.nodes if one.band == band]
    return [[one for one in nodes if one.lane == lane] for lane in sorted({one.lane for one in nodes})]


def _cells(lane: list[Node], graph: Graph) -> list[list[Node]]:
    """What a phone shows in one go: a lane, or each of its nodes where they follow one another."""
    chained = any(_joins(edge, lane, lane) for edge in graph.edges)
    return [[one] for one in lane] if chained else [lane]


def _columns(graph: Graph, room: float) -> tuple[list[float], list[float]]:
    """Left edge and width of each lane; the gap after it is as wide as what its arrows say."""
    last = max(one.lane for one in graph.nodes)
    widths = [max((_wide(one, room) for one in graph.nodes if one.lane == lane), default=0.0) for lane in range(last + 1)]
    lane, band = ({one.name: getattr(one, key) for one in graph.nodes} for key in ("lane", "band"))
    level = [one for one in graph.edges if band[one.start] == band[one.end]]
    gaps = [max([30.0, *(svg.wide(one.label, 12) + 18 for one in level if lane[one.start] == number < lane[one.end])])
            for number in range(last)]
    more = max(0.0, min(MORE, (WIDE - sum(widths) - sum(gaps) - 2 * SIDE) / max(last, 1)))
    start = SIDE if graph.loops else 1.0
    lefts = [start + sum(widths[:number]) + sum(gaps[:number]) + more * number for number in range(last + 1)]
    return lefts, widths


def _width(graph: Graph, room: float) -> float:
    lefts, widths = _columns(graph, room)
    return lefts[-1] + widths[-1]


def _wide(one: Node, room: float) -> float:
    words = [svg.wide(one.title, BOLD), *(svg.wide(line) for line in (*one.lines, *one.notes))]
    return max(76.0, 2 * PAD + min(room, max(words)))


def _height(one: Node) -> float:
    return 32 + ROW * (len(one.lines) + len(one.notes)) + (LID if one.kind == "store" else 0.0)


def _placed(graph: Graph, lefts: list[float], widths: list[float]) -> tuple[dict[str, Place], list[float], float]:
    """Where each node stands, the top of each band, and the bottom of all; a lane is centred in its band."""
    places: dict[str, Place] = {}
    tops: list[float] = []
    bottom = HEAD if graph.lanes else 1.0
    for band in range(1 + max(one.band for one in graph.nodes)):
        top = bottom + (BAND if band else 0.0) - (18.0 if band and graph.bands else 0.0) + (HEAD if graph.bands else 0.0)
        tall = {lane[0].lane: sum(_height(one) + BETWEEN for one in lane) - BETWEEN for lane in _lanes(graph, band)}
        for lane in _lanes(graph, band):
            y = top + (max(tall.values()) - tall[lane[0].lane]) / 2
            for one in lane:
                places[one.name] = Place(one, svg.Box(lefts[one.lane], y, widths[one.lane], _height(one)))
                y += _height(one) + BETWEEN
        tops.append(top)
        bottom = top + max(tall.values(), default=0.0)
    return places, tops, bottom


def _arrow(edge: Edge, places: dict[str, Place], channel: float) -> Safe:
    start, end = places[edge.start], places[edge.end]
    if start.node.lane == end.node.lane:
        return _upright(edge, start, end)
    if start.node.lane > end.node.lane:
        return _back(edge, start.box, end.box, channel)
    return _forth(edge, start, end) if start.node.band == end.node.band else _elbow(edge, start, end)


def _forth(edge: Edge, start: Place, end: Place) -> Safe:
    """A curve to a lane further right."""
    x1, y1, x2, y2 = start.box.x + start.box.width + 3, start.middle[1], end.box.x - 3, end.middle[1]
    bend = min(x2 - x1, 80.0) / 2
    path = f"M{x1:.1f},{y1:.1f}C{x1 + bend:.1f},{y1:.1f} {x2 - bend:.1f},{y2:.1f} {x2:.1f},{y2:.1f}"
    words = svg.text((x1 + x2) / 2, min(y1, y2) - 8, edge.label, anchor="middle", class_="flow") if edge.label else None
    return join(svg.path(path, "arrow"), _head(x2, y2, 1, 0), words)


def _upright(edge: Edge, start: Place, end: Place) -> Safe:
    """A stroke to a box above or below."""
    x, falls = start.middle[0], end.box.y > start.box.y
    y1 = start.box.y + start.box.height + 3 if falls else start.box.y - 3
    y2 = end.box.y - 3 if falls else end.box.y + end.box.height + 3
    words = svg.text(x - 8, (y1 + y2) / 2 + 4, edge.label, anchor="end", class_="flow") if edge.label else None
    return join(_stroke(((x, y1), (x, y2))), words)


def _elbow(edge: Edge, start: Place, end: Place) -> Safe:
    """To the right, then up or down into a box of another band."""
    x, y1, rises = end.middle[0], start.middle[1], end.box.y < start.box.y
    y2 = end.box.y + end.box.height + 3 if rises else end.box.y - 3
    words = svg.text(x + 8, (y1 + y2) / 2 + 4, edge.label, class_="flow") if edge.label else None
    return join(_stroke(((start.box.x + start.box.width + 3, y1), (x, y1), (x, y2))), words)


def _back(edge: Edge, start: svg.Box, end: svg.Box, channel: float) -> Safe:
    """Out to the right, below everything, and in again from the left."""
    y1, y2 = start.y + start.height / 2, end.y + end.height / 2
    right, left = start.x + start.width + 10, end.x - 12
    points = ((right - 8, y1), (right, y1), (right, channel), (left, channel), (left, y2), (end.x - 2, y2))
    return join(_stroke(points), svg.text((left + right) / 2, channel - 7, edge.label, anchor="middle", class_="flow"))


def _stroke(points: tuple[tuple[float, float], ...]) -> Safe:
    """A stroke from point to point, with a head."""
    (x1, y1), (x2, y2) = points[-2:]
    return join(svg.polyline(points, "arrow"), _head(x2, y2, (x2 > x1) - (x2 < x1), (y2 > y1) - (y2 < y1)))


def _head(x: float, y: float, along: int, aside: int) -> Safe:
    ends = [(x - 5 * along - 5 * aside * side, y - 5 * aside - 5 * along * side) for side in (1, -1)]
    return svg.polyline((ends[0], (x, y), ends[1]), "arrow")


def _box(place: Place) -> Safe:
    one, at, room = place.node, place.box, place.box.width - 2 * PAD + 2
    lid = LID if one.kind == "store" else 0.0
    rows = [svg.text(at.x + PAD, at.y + 21 + lid, svg.fit(one.title, room, BOLD), class_="head")]
    for number, words in enumerate((*one.lines, *one.notes), start=1):
        kind = "note" if number > len(one.lines) else None
        rows.append(svg.text(at.x + PAD, at.y + 22 + lid + ROW * number, svg.fit(words, room), class_=kind))
    return tag("g", _store(at) if lid else svg.rect(at, f"box {one.kind}".strip(), round_=6.0), *rows)


def _store(at: svg.Box) -> Safe:
    """A drum."""
    x, y, right, bottom, bend = at.x, at.y + LID, at.x + at.width, at.y + at.height - LID, f"{at.width / 2:.1f},{LID:g} 0 0"
    lid = f"M{x:.1f},{y:.1f}A{bend} 1 {right:.1f},{y:.1f}"
    return join(svg.path(f"{lid}V{bottom:.1f}A{bend} 1 {x:.1f},{bottom:.1f}Z", "box store"),
                svg.path(f"M{x:.1f},{y:.1f}A{bend} 0 {right:.1f},{y:.1f}", "lid"))


def _rows(cell: list[Node], y: float) -> tuple[list[Safe], float]:
    """The boxes of a lane, two in a row, and where the last row ends."""
    shapes: list[Safe] = []
    for first in range(0, len(cell), 2):
        pair = cell[first:first + 2]
        width = PHONE - 2 if len(cell) == 1 else (PHONE - 2 - BETWEEN) / 2
        tall = max(_height(one) for one in pair)
        for number, one in enumerate(pair):
            box = svg.Box(1 + number * (width + BETWEEN), y, width, tall)
            shapes.append(_box(Place(one, box)))
        y += tall + (BETWEEN if first + 2 < len(cell) else 0.0)
    return shapes, y


def _joins(edge: Edge, cell: list[Node], after: list[Node]) -> bool:
    return edge.start in {one.name for one in cell} and edge.end in {one.name for one in after}


def _told(one: Node, after: list[Node], graph: Graph) -> Node:
    """The node, with the arrows that a phone's one column has no room for told in words."""
    titles = {other.name: other.title for other in graph.nodes}
    far = [edge for edge in graph.edges if edge.start == one.name and edge.end not in {other.name for other in after}]
    notes = (f"→ {titles[edge.end]}{f': {edge.label}' if edge.label else ''}" for edge in far)
    return Node(**{**vars(one), "notes": (*one.notes, *notes)})
