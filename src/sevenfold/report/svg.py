"""Small drawing functions: shapes, a scale with its ticks, and labels that keep out of one another's way."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from sevenfold.report.tags import Safe, tag

Scale = Callable[[float], float]


@dataclass(frozen=True)
class Box:
    """A rectangle that something takes up."""

    x: float
    y: float
    width: float
    height: float

    @property
    def right(self) -> float:
        """The right edge."""
        return self.x + self.width

    @property
    def bottom(self) -> float:
        """The lower edge."""
        return self.y + self.height

    @property
    def middle(self) -> tuple[float, float]:
        """The centre."""
        return self.x + self.width / 2, self.y + self.height / 2

    def overlap(self, other: Box) -> float:
        """The area shared with another box."""
        across = min(self.right, other.right) - max(self.x, other.x)
        down = min(self.bottom, other.bottom) - max(self.y, other.y)
        return max(0.0, across) * max(0.0, down)


def drawing(width: float, height: float, *shapes: str, label: str, class_: str = "") -> Safe:
    """A picture that scales with its place; `label` is read aloud instead of it."""
    return tag("svg", *shapes, viewBox=f"0 0 {width:.0f} {height:.0f}", width=width, height=height,
               role="img", aria_label=label, class_=class_ or None)


def text(x: float, y: float, words: str, *, anchor: str = "start", class_: str | None = None) -> Safe:
    """Words whose baseline starts, ends or centres at a point."""
    return tag("text", words, x=x, y=y, text_anchor=anchor, class_=class_)


def line(x1: float, y1: float, x2: float, y2: float, class_: str) -> Safe:
    """A straight stroke."""
    return tag("line", x1=x1, y1=y1, x2=x2, y2=y2, class_=class_)


def polyline(points: Iterable[tuple[float, float]], class_: str) -> Safe:
    """Strokes from point to point."""
    return tag("polyline", points=" ".join(f"{x:.1f},{y:.1f}" for x, y in points), class_=class_)


def rect(box: Box, class_: str, *, round_: float = 0.0) -> Safe:
    """A filled rectangle."""
    return tag("rect", x=box.x, y=box.y, width=box.width, height=box.height, rx=round_, class_=class_)


def circle(x: float, y: float, radius: float, class_: str, title: str = "") -> Safe:
    """A disc; `title` appears when pointed at."""
    return tag("circle", tag("title", title) if title else None, cx=x, cy=y, r=radius, class_=class_)


def linear(low: float, high: float, start: float, end: float) -> Scale:
    """The scale that takes low to start and high to end."""
    reach = (high - low) or 1.0
    return lambda value: start + (value - low) / reach * (end - start)


def logarithmic(low: float, high: float, start: float, end: float) -> Scale:
    """The same over logarithms; both ends are above zero."""
    inner = linear(math.log(low), math.log(high), start, end)
    return lambda value: inner(math.log(value))


def ticks(low: float, high: float) -> list[float]:
    """About five round numbers between two ends.

    >>> ticks(0.0, 1.0)
    [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
    """
    raw = (high - low) / 5 or 1.0
    power = 10 ** math.floor(math.log10(raw))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= raw * 0.999)
    first = math.ceil(low / step - 1e-9)
    return [round(step * n, 10) for n in range(first, math.floor(high / step + 1e-9) + 1)]


def decades(low: float, high: float) -> list[float]:
    """1, 2, 5, 10, 20 … between two ends above zero; only the powers of ten where those are many."""
    powers = [10.0**n for n in range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)]
    factors = (1, 2, 5) if len(powers) < 5 else (1,)
    return [power * factor for power in powers for factor in factors if low <= power * factor <= high]


def wide(words: str, size: float = 13.0) -> float:
    """About how wide words are, a little generous."""
    return sum(0.32 if letter in "iljt.,:;|'!() ·" else 0.88 if letter in "mwMW%" else 1.0 if letter > "\u2e80" else 0.6
               for letter in words) * size


def shorten(words: str, most: int) -> str:
    """Words cut to a length, with an ellipsis.

    >>> shorten("two_tower_with_everything", 12)
    'two_tower_w…'
    """
    return words if len(words) <= most else words[:most - 1] + "…"


def fit(words: str, room: float, size: float = 13.0) -> str:
    """Words cut to a width, with an ellipsis."""
    if wide(words, size) <= room:
        return words
    return next((cut for most in range(len(words), 1, -1) if wide(cut := shorten(words, most), size) <= room), "…")


def free_place(point: tuple[float, float], reach: float, size: tuple[float, float], taken: list[Box],
               bounds: Box) -> Box:
    """Where a label of a size goes beside a point: near to it, inside the bounds, and off what is taken."""
    x, y = point
    width, height = size
    shift = {-1: width, 0: width / 2, 1: 0.0}
    places = [(away, Box(x + side - shift[(side > 0) - (side < 0)], y + up - height / 2, width, height))
              for away in (reach + 6, reach + 20, reach + 38, reach + 60, reach + 90)
              for side, up in ((away, 0), (-away, 0), (0, -away - height / 2), (0, away + height / 2),
                               (away, -away), (away, away), (-away, -away), (-away, away))]
    return min(places, key=lambda one: (8 * one[0] + 3 * sum(one[1].overlap(other) for other in taken)
                                        + 12 * (width * height - one[1].overlap(bounds))))[1]
