"""The pictures of a report: quality against latency and cost, and an interval as a bar."""

from __future__ import annotations

import math
from dataclasses import dataclass

import sevenfold.report.svg as svg
from sevenfold.evaluation import decision, figures
from sevenfold.evaluation.boundaries import floor
from sevenfold.record import Boundary, Estimate, Latency, Record, Region, Solution
from sevenfold.report.tags import Safe

WIDTH, HEIGHT = 760.0, 430.0
FRAME = svg.Box(64, 28, WIDTH - 64 - 20, HEIGHT - 28 - 50)
COLOURS = 6


@dataclass(frozen=True)
class Point:
    """A solution that has both a quality and a latency."""

    name: str
    colour: str
    quality: Estimate
    latency: Latency
    cost: float | None

    @property
    def across(self) -> tuple[float, float, float]:
        """p99 with its ends."""
        return self.latency.p99_low or self.latency.p99, self.latency.p99, self.latency.p99_high or self.latency.p99

    @property
    def up(self) -> tuple[float, float, float]:
        """Quality with its ends."""
        value = self.quality.value
        low, high = self.quality.low, self.quality.high
        return value if low is None else low, value, value if high is None else high


def colour(solution: Solution) -> str:
    """The class that colours a solution everywhere."""
    return f"s{solution.order % COLOURS}"


def trade_off(record: Record) -> Safe | None:
    """Quality over p99, whiskers for intervals, discs by cost, the front as a line; None with nothing to show."""
    points = [Point(name, colour(one), quality, one.latency_ms, one.cost_per_month)
              for name, one in decision.ordered(record).items()
              if (quality := one.metrics.get(record.metric)) is not None and one.latency_ms and one.latency_ms.p99 > 0]
    if not points:
        return None
    limit = record.limits.get("p99")
    across, marks = _time_scale(points, limit)
    up, levels = _quality_scale(points)
    shapes = [*_axes(record, across, marks, up, levels), *_limit(limit, across), _front(record, points, across, up)]
    taken = [box for point in points for box in _boxes(point, points, across, up)]
    if limit is not None:
        taken.append(svg.Box(across(limit) - 2, FRAME.y, 4, FRAME.height))
    for point in points:
        shapes += _whiskers(point, across, up)
        shapes.append(svg.circle(across(point.latency.p99), up(point.quality.value), _radius(point, points),
                                 f"disc {point.colour}", _label(point)))
    for point in points:
        shapes += _named(point, points, across, up, taken)
    return svg.drawing(WIDTH, HEIGHT, *shapes, label=f"{record.metric} against p99 latency and monthly cost")


def _time_scale(points: list[Point], limit: float | None) -> tuple[svg.Scale, list[float]]:
    ends = [end for point in points for end in point.across]
    low, high = min(ends), max(ends)
    if limit is not None and high / 4 < limit < high * 2.5:
        low, high = min(low, limit), max(high, limit)
    if high / low > 6:
        low, high = low / 1.5, high * 1.6
        return svg.logarithmic(low, high, FRAME.x, FRAME.x + FRAME.width), svg.decades(low, high)
    high *= 1.15
    return svg.linear(0, high, FRAME.x, FRAME.x + FRAME.width), svg.ticks(0, high)


def _quality_scale(points: list[Point]) -> tuple[svg.Scale, list[float]]:
    ends = [end for point in points for end in point.up]
    margin = 0.15 * (max(ends) - min(ends)) or 0.1 * abs(max(ends)) or 0.1
    low, high = min(ends) - margin, max(ends) + margin
    return svg.linear(low, high, FRAME.y + FRAME.height, FRAME.y), svg.ticks(low, high)


def _axes(record: Record, across: svg.Scale, marks: list[float], up: svg.Scale, levels: list[float]) -> list[Safe]:
    bottom, right = FRAME.y + FRAME.height, FRAME.x + FRAME.width
    shapes = [svg.line(FRAME.x, bottom, right, bottom, "axis")]
    for mark in marks:
        shapes.append(svg.text(across(mark), bottom + 20, figures.three(mark), anchor="middle", class_="tick"))
        shapes.append(svg.line(across(mark), bottom, across(mark), bottom + 5, "axis"))
    for level in levels:
        shapes.append(svg.text(FRAME.x - 10, up(level) + 4, figures.three(level), anchor="end", class_="tick"))
        shapes.append(svg.line(FRAME.x, up(level), right, up(level), "grid"))
    shapes.append(svg.text(right, bottom + 42, "p99 of a request, ms", anchor="end", class_="tick"))
    shapes.append(svg.text(4, 16, record.metric, class_="tick"))
    return shapes


def _limit(limit: float | None, across: svg.Scale) -> list[Safe]:
    if limit is None:
        return []
    x, right = across(limit), FRAME.x + FRAME.width
    if not FRAME.x <= x <= right:
        words = f"the limit, {figures.ms(limit)}, lies to the {'right →' if x > right else 'left ←'}"
        return [svg.text(right, 16, words, anchor="end", class_="tick")]
    return [svg.line(x, FRAME.y - 4, x, FRAME.y + FRAME.height, "limit"),
            svg.text(min(x, right - 50), 16, f"limit {figures.ms(limit)}", anchor="middle", class_="tick")]


def _front(record: Record, points: list[Point], across: svg.Scale, up: svg.Scale) -> Safe:
    """Through the Pareto set's solutions that each buy quality with time."""
    front: list[Point] = []
    sign = 1 if record.higher_is_better else -1
    for point in sorted((point for point in points if point.name in record.pareto), key=lambda point: point.across[1]):
        if not front or sign * point.quality.value > sign * front[-1].quality.value:
            front.append(point)
    return svg.polyline(((across(point.latency.p99), up(point.quality.value)) for point in front), "front")


def _whiskers(point: Point, across: svg.Scale, up: svg.Scale) -> list[Safe]:
    (left, x, right), (low, y, high) = point.across, point.up
    return [svg.line(across(left), up(y), across(right), up(y), f"whisker {point.colour}"),
            svg.line(across(x), up(low), across(x), up(high), f"whisker {point.colour}")]


def _boxes(point: Point, points: list[Point], across: svg.Scale, up: svg.Scale) -> list[svg.Box]:
    (left, x, right), (low, y, high) = point.across, point.up
    radius = _radius(point, points)
    return [svg.Box(across(x) - radius, up(y) - radius, 2 * radius, 2 * radius),
            svg.Box(across(left), up(y) - 3, across(right) - across(left), 6),
            svg.Box(across(x) - 3, up(high), 6, up(low) - up(high))]


def _named(point: Point, points: list[Point], across: svg.Scale, up: svg.Scale, taken: list[svg.Box]) -> list[Safe]:
    words = _label(point)
    at = across(point.latency.p99), up(point.quality.value)
    radius = _radius(point, points)
    place = svg.free_place(at, radius, (svg.wide(words, 14.5) + 6, 18.0), taken, FRAME)
    taken.append(place)
    middle = place.x + place.width / 2, place.y + place.height / 2
    shapes = [svg.text(middle[0], middle[1] + 4.5, words, anchor="middle", class_=f"label {point.colour}")]
    gap = max(place.x - at[0], at[0] - place.x - place.width, place.y - at[1], at[1] - place.y - place.height)
    if gap > radius + 14:
        near = (min(max(at[0], place.x), place.x + place.width), min(max(at[1], place.y), place.y + place.height))
        share = radius / math.dist(at, near)  # from the disc's edge
        edge = (at[0] + share * (near[0] - at[0]), at[1] + share * (near[1] - at[1]))
        shapes.append(svg.line(*edge, *near, "leader"))
    return shapes


def _label(point: Point) -> str:
    name = svg.shorten(point.name, 24)
    return name if point.cost is None else f"{name} · {figures.dollars(point.cost).removesuffix('/month')}"


def _radius(point: Point, points: list[Point]) -> float:
    """The disc's area grows with the cost."""
    most = max((other.cost or 0.0) for other in points)
    return 6.0 if point.cost is None or most <= 0 else max(4.0, 15 * (point.cost / most) ** 0.5)


def flips(record: Record) -> list[tuple[Boundary, Safe]]:
    """For each setting that can change the winner: its stretches from low to high, coloured by who wins."""
    found = record.decision.boundaries if record.decision else ()
    return [(one, _strip(record, one)) for one in found if len(one.regions) > 1]


def _strip(record: Record, found: Boundary) -> Safe:
    """Stretches of equal width, the values at which they meet, and a mark over the one that holds now."""
    form, wide = figures.SETTINGS[found.setting], WIDTH / len(found.regions)
    shapes: list[Safe] = []
    for number, region in enumerate(found.regions):
        name = svg.shorten(region.winner or "none", max(4, int(wide / 9)))
        kind = colour(record.solutions[region.winner]) if region.winner else "nobody"
        shapes.append(svg.rect(svg.Box(wide * number, 20, wide - 2, 26), f"stretch {kind}", round_=3.0))
        shapes.append(svg.text(wide * (number + 0.5), 38, name, anchor="middle", class_=f"label {kind}"))
        if region.high is not None:
            shapes.append(svg.text(wide * (number + 1), 62, form(region.high), anchor="middle", class_="tick"))
        if _holds(found, region):
            now = "no limit is set" if found.current is None else f"now {form(found.current)}"
            shapes.append(svg.text(wide * (number + 0.5), 13, f"▾ {now}", anchor="middle", class_="tick"))
    return svg.drawing(WIDTH, 68, *shapes, label=found.sentence)


def _holds(found: Boundary, region: Region) -> bool:
    """Whether the current setting lies in a stretch; no limit is the laxest one."""
    if found.current is None:
        return (region.low if floor(found.setting) else region.high) is None
    above = region.low is None or (found.current > region.low if floor(found.setting) else found.current >= region.low)
    below = region.high is None or (found.current <= region.high if floor(found.setting)
                                    else found.current < region.high)
    return above and below


def portion(value: float | None, colour_: str) -> Safe | None:
    """A share as a filled bar."""
    if value is None:
        return None
    return svg.drawing(160, 12, svg.rect(svg.Box(0, 1, 160, 10), "trough", round_=2.0),
                       svg.rect(svg.Box(0, 1, 160 * min(value, 1.0), 10), f"stretch {colour_}", round_=2.0),
                       label=figures.quality(value), class_="bar")


def bar(found: Estimate | None, low: float, high: float, colour_: str) -> Safe | None:
    """An interval on a scale shared with others: a stroke for the interval, a dot for the value."""
    if found is None:
        return None
    at = svg.linear(low, high, 8, 152)
    ends = [found.value if end is None else end for end in (found.low, found.high)]
    return svg.drawing(160, 18, svg.line(8, 9, 152, 9, "grid"), svg.line(at(ends[0]), 9, at(ends[1]), 9,
                       f"whisker thick {colour_}"), svg.circle(at(found.value), 9, 4.5, f"dot {colour_}"),
                       label=f"{figures.quality(found.value)}, {figures.span(found)}", class_="bar")
