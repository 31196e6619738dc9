"""The pictures of a report: quality against latency and cost, and an interval as a bar."""

from __future__ import annotations

import math
from dataclasses import dataclass

import sevenfold.report.svg as svg
from sevenfold.evaluation import decision, figures
from sevenfold.evaluation.boundaries import floor
from sevenfold.record import Boundary, Estimate, Record, Region, Solution
from sevenfold.report.tags import Safe

WIDTH, HEIGHT = 760.0, 430.0
FRAME = svg.Box(64, 28, WIDTH - 64 - 20, HEIGHT - 28 - 50)
COLOURS = 6


@dataclass(frozen=True, kw_only=True)
class Disc:
    """A solution in the picture: its disc, and across and up the ends of its intervals with the middle between."""

    name: str
    label: str
    colour: str
    radius: float
    across: tuple[float, float, float]
    up: tuple[float, float, float]

    @property
    def middle(self) -> tuple[float, float]:
        """The centre."""
        return self.across[1], self.up[1]

    @property
    def boxes(self) -> list[svg.Box]:
        """What it takes up."""
        (left, x, right), (low, y, high), radius = self.across, self.up, self.radius
        return [svg.Box(x - radius, y - radius, 2 * radius, 2 * radius), svg.Box(left, y - 3, right - left, 6),
                svg.Box(x - 3, high, 6, low - high)]


def colour(solution: Solution) -> str:
    """The class that colours a solution everywhere."""
    return f"s{solution.order % COLOURS}"


def trade_off(record: Record) -> Safe | None:
    """Quality over p99, whiskers for intervals, discs by cost, the front as a line; None with nothing to show."""
    points = {name: (_ends(one.latency_ms.p99, one.latency_ms.p99_low or None, one.latency_ms.p99_high or None),
                     _ends(quality.value, quality.low, quality.high)) for name, one in decision.ordered(record).items()
              if (quality := one.metrics.get(record.metric)) is not None and one.latency_ms and one.latency_ms.p99 > 0}
    if not points:
        return None
    limit = record.limits.get("p99")
    across, marks = _time_scale([end for ends, _ in points.values() for end in ends], limit)
    up, levels = _quality_scale([end for _, ends in points.values() for end in ends])
    discs = [_disc(record, name, *points[name], across, up) for name in points]
    taken = [box for disc in discs for box in disc.boxes]
    if limit is not None:
        taken.append(svg.Box(across(limit) - 2, FRAME.y, 4, FRAME.height))
    shapes = [*_axes(record, across, marks, up, levels), *_limit(limit, across), _front(record, discs)]
    for disc in discs:
        (left, x, right), (low, y, high), whisker = disc.across, disc.up, f"whisker {disc.colour}"
        shapes += [svg.line(left, y, right, y, whisker), svg.line(x, low, x, high, whisker),
                   svg.circle(x, y, disc.radius, f"disc {disc.colour}", disc.label)]
    return svg.drawing(WIDTH, HEIGHT, *shapes, *(shape for disc in discs for shape in _named(disc, taken)),
                       label=f"{record.metric} against p99 latency and monthly cost")


def _ends(value: float, low: float | None, high: float | None) -> tuple[float, float, float]:
    return value if low is None else low, value, value if high is None else high


def _disc(record: Record, name: str, times: tuple[float, ...], qualities: tuple[float, ...], across: svg.Scale,
          up: svg.Scale) -> Disc:
    """A solution's place; the disc's area grows with the cost."""
    one, short = record.solutions[name], svg.shorten(name, 24)
    cost, most = one.cost_per_month, max((other.cost_per_month or 0.0) for other in record.solutions.values())
    (left, x, right), (low, y, high) = map(across, times), map(up, qualities)
    return Disc(name=name, colour=colour(one), across=(left, x, right), up=(low, y, high),
                label=short if cost is None else f"{short} · {figures.dollars(cost).removesuffix('/month')}",
                radius=6.0 if cost is None or most <= 0 else max(4.0, 15 * (cost / most) ** 0.5))


def _time_scale(ends: list[float], limit: float | None) -> tuple[svg.Scale, list[float]]:
    low, high = min(ends), max(ends)
    if limit is not None and high / 4 < limit < high * 2.5:
        low, high = min(low, limit), max(high, limit)
    if high / low > 6:
        low, high = low / 1.5, high * 1.6
        return svg.logarithmic(low, high, FRAME.x, FRAME.right), svg.decades(low, high)
    high *= 1.15
    return svg.linear(0, high, FRAME.x, FRAME.right), svg.ticks(0, high)


def _quality_scale(ends: list[float]) -> tuple[svg.Scale, list[float]]:
    margin = 0.15 * (max(ends) - min(ends)) or 0.1 * abs(max(ends)) or 0.1
    low, high = min(ends) - margin, max(ends) + margin
    return svg.linear(low, high, FRAME.bottom, FRAME.y), svg.ticks(low, high)


def _axes(record: Record, across: svg.Scale, marks: list[float], up: svg.Scale, levels: list[float]) -> list[Safe]:
    bottom, right = FRAME.bottom, FRAME.right
    shapes = [svg.line(FRAME.x, bottom, right, bottom, "axis")]
    for mark in marks:
        shapes.append(svg.text(across(mark), bottom + 20, figures.three(mark), anchor="middle", class_="tick"))
        shapes.append(svg.line(across(mark), bottom, across(mark), bottom + 5, "axis"))
    for level in levels:
        shapes.append(svg.text(FRAME.x - 10, up(level) + 4, figures.three(level), anchor="end", class_="tick"))
        shapes.append(svg.line(FRAME.x, up(level), right, up(level), "grid"))
    return [*shapes, svg.text(right, bottom + 42, "p99 of a request, ms", anchor="end", class_="tick"),
            svg.text(4, 16, record.metric, class_="tick")]


def _limit(limit: float | None, across: svg.Scale) -> list[Safe]:
    if limit is None:
        return []
    x, right = across(limit), FRAME.right
    if not FRAME.x <= x <= right:
        words = f"the limit, {figures.ms(limit)}, lies to the {'right →' if x > right else 'left ←'}"
        return [svg.text(right, 16, words, anchor="end", class_="tick")]
    return [svg.line(x, FRAME.y - 4, x, FRAME.bottom, "limit"),
            svg.text(min(x, right - 50), 16, f"limit {figures.ms(limit)}", anchor="middle", class_="tick")]


def _front(record: Record, discs: list[Disc]) -> Safe:
    """Through the Pareto set's solutions that each buy quality with time."""
    front: list[tuple[float, float]] = []
    for x, y in sorted(disc.middle for disc in discs if disc.name in record.pareto):
        if not front or (y < front[-1][1] if record.higher_is_better else y > front[-1][1]):
            front.append((x, y))
    return svg.polyline(front, "front")


def _named(disc: Disc, taken: list[svg.Box]) -> list[Safe]:
    """Its label, kept off what is taken, with a line to the disc where it had to go far."""
    x, y = disc.middle
    place = svg.free_place(disc.middle, disc.radius, (svg.wide(disc.label, 14.5) + 6, 18.0), taken, FRAME)
    taken.append(place)
    words = svg.text(place.middle[0], place.middle[1] + 4.5, disc.label, anchor="middle", class_=f"label {disc.colour}")
    if max(place.x - x, x - place.right, place.y - y, y - place.bottom) <= disc.radius + 14:
        return [words]
    near = min(max(x, place.x), place.right), min(max(y, place.y), place.bottom)
    share = disc.radius / math.dist(disc.middle, near)  # from the disc's edge
    return [words, svg.line(x + share * (near[0] - x), y + share * (near[1] - y), *near, "leader")]


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
    low, high = -math.inf if region.low is None else region.low, math.inf if region.high is None else region.high
    return low < found.current <= high if floor(found.setting) else low <= found.current < high


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
