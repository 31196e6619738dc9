"""What a feature reads, said once: which events of whom, how far back, and how much each counts.

Who holds the events answers (`Present.held`): an index over a whole log (kernel.py), a few users' own events (reading.py), or
running totals (flow.py).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from sevenfold.nouns import I64, SECOND, Array

EVENTS, LABEL = "events", "label"
RESOLUTION = 1_000_000  # sums of columns are kept in millionths
STEPS = 4  # a half-life is parted into so many steps,
HALVES = 8  # and forgotten after so many half-lives
EVER, NEVER = np.iinfo(np.int64).min, np.iinfo(np.int64).max  # before and after everything


@dataclass(frozen=True, kw_only=True)
class Waits:
    """How long after an event, in µs, the columns are known that are written after it; all others come with it."""

    label: int
    act: int  # whether it was positive, and the columns that are late
    late: frozenset[str]

    def of(self, *names: str) -> int:
        """Until the last of these columns is known."""
        return max(self.label if name == LABEL else self.act if name in self.late else 0 for name in names)


@dataclass(frozen=True)
class Edge:
    """A moment told from a request's: `back` µs before it (None: ever), then, on a grid of `step` µs, `steps` lines earlier.

    The grid's lines are the multiples of `step` since 1970; the line at or before the moment is the 0th.
    """

    back: int | None
    step: int = 0
    steps: int = 0

    def times(self, time: I64) -> I64:
        """[m] the moments; not for `back` None."""
        assert self.back is not None, "before everything there is no moment"
        shifted = time - self.back
        return (shifted // self.step - self.steps) * self.step if self.step else shifted


class Edges:
    """The edges of many windows as arrays, to be placed together."""

    def __init__(self, windows: Iterable[Window]) -> None:
        edges = [edge for window in windows for edge in window.edges]
        self.ever = np.array([edge.back is None for edge in edges], dtype=np.bool_)
        self.back, self.step, self.steps = np.array(
            [(edge.back or 0, edge.step or 1, edge.steps) for edge in edges], dtype=np.int64).reshape(-1, 3).T

    def times(self, time: int) -> I64:
        """[edges] the moments told from one; that of an edge without `back` is before everything."""
        moments = ((time - self.back) // self.step - self.steps) * self.step
        moments[self.ever] = EVER
        return moments


@dataclass(frozen=True, kw_only=True)
class Window:
    """The events of `key` that became known in `[t − over, t)`; all before t, where `over` is None. Times in µs.

    An event becomes known `wait` after it became available. With a half-life, events count less the older they are: by
    2^(−k/4), k the grid lines (a quarter of a half-life apart) between them and t, and nothing after 8 half-lives.
    """

    key: str  # user, item or pair: whose events
    of: str = EVENTS  # what is added up: events, the label, or a column
    over: int | None = None
    half_life: int | None = None
    wait: int = 0
    acts: bool = False  # positive events alone
    apart: str | None = None  # what `distinct` tells apart

    @cached_property
    def _hash(self) -> int:
        return hash((self.key, self.of, self.over, self.half_life, self.wait, self.acts, self.apart))

    def __hash__(self) -> int:
        return self._hash  # every reading of a feature looks its window up

    @cached_property
    def edges(self) -> tuple[Edge, ...]:
        """The ends of the stretches that weigh the same, the latest first."""
        if self.half_life is None:
            return Edge(self.wait), Edge(None if self.over is None else self.over + self.wait)
        step = max(self.half_life // STEPS, 1)
        return Edge(self.wait), *(Edge(self.wait, step, steps) for steps in range(HALVES * STEPS + 1))

    @cached_property
    def weights(self) -> tuple[float, ...]:
        """What an event of each stretch counts."""
        return (1,) if self.half_life is None else tuple(0.5 ** (k / STEPS) for k in range(HALVES * STEPS + 1))

    @property
    def unit(self) -> int:
        """What the integers of `sum` must be divided by."""
        return 1 if self.of in (EVENTS, LABEL) else RESOLUTION

    def count(self, at: Any) -> Array:
        """[m] how many events with a value each question sees; an integer unless there is a half-life."""
        return at.held(self).count(at)  # type: ignore[no-any-return]

    def sum(self, at: Any) -> Array:
        """[m] the sum of their values in `unit`s."""
        return at.held(self).sum(at)  # type: ignore[no-any-return]

    def distinct(self, at: Any) -> I64:
        """[m] how many different values they have."""
        return at.held(self).distinct(at)  # type: ignore[no-any-return]

    def last(self, at: Any, n: int) -> I64:
        """[m, n] the rows in the present's log of the last n events, newest first, padded with -1."""
        return at.held(self).last(at, n)  # type: ignore[no-any-return]

    def every(self, at: Any) -> tuple[I64, I64]:
        """CSR of the rows in the present's log of all events, oldest first: [m + 1] offsets, and rows."""
        return at.held(self).every(at)  # type: ignore[no-any-return]

    def since(self, at: Any) -> I64:
        """[m] microseconds since the last event became known; -1 where there is none."""
        return at.held(self).since(at)  # type: ignore[no-any-return]


def weighed(parts: list[I64], weights: tuple[float, ...]) -> Array:
    """[m] what the stretches sum to: exact where there is one, else added in the order of the stretches."""
    total = parts[0] * weights[0]
    for part, weight in zip(parts[1:], weights[1:], strict=True):
        total += part * weight
    return total


def weighed_at_once(parts: I64, weights: tuple[float, ...]) -> Array:
    """[…] the same of […, stretches], with the same bits; faster where there are few."""
    return parts[..., 0] if len(weights) == 1 else np.add.accumulate(parts * np.array(weights), axis=-1)[..., -1]


def micros(seconds: float | None) -> int | None:
    """Seconds of a document in µs."""
    return None if seconds is None else round(seconds * SECOND)

