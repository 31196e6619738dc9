"""What a diagram shows before it is drawn or written: boxes in lanes and bands, and arrows between them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import get_args

from sevenfold import units
from sevenfold.design.findings import DAY
from sevenfold.design.sections import Design

DURATION, SHARE = get_args(units.Duration)[1], get_args(units.Share)[1]
MOST = 4  # lines in a box


@dataclass(frozen=True, kw_only=True)
class Node:
    """A box: `lines` say what it is, `notes` what it may take or took; `lane` counts from the left, `band` from the top."""

    name: str
    title: str
    lines: tuple[str, ...]
    notes: tuple[str, ...]
    lane: int
    band: int
    kind: str  # "" | store | feature | target | aside


@dataclass(frozen=True)
class Edge:
    """An arrow between two nodes, by their names."""

    start: str
    end: str
    label: str = ""


@dataclass(frozen=True, kw_only=True)
class Graph:
    """A diagram; a lane or a band may have a title."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    lanes: tuple[str, ...] = ()
    bands: tuple[str, ...] = ()

    @cached_property
    def named(self) -> dict[str, Node]:
        """The boxes by their names."""
        return {one.name: one for one in self.nodes}

    @property
    def loops(self) -> bool:
        """Whether an arrow runs back to an earlier lane."""
        return any(self.named[one.end].lane < self.named[one.start].lane for one in self.edges)


def node(name: str, title: str, lines: Iterable[str | None] = (), notes: Iterable[str | None] = (), *, lane: int,
         band: int = 0, kind: str = "") -> Node:
    """A box of what there is to say, each on one printable line; more than four lines end in how many more there are."""
    said, noted = (tuple(line for one in words if one and (line := plain(one))) for words in (lines, notes))
    shown = said if len(said) <= MOST else (*said[:MOST - 1], f"and {len(said) - MOST + 1} more")
    return Node(name=name, title=plain(title), lines=shown, notes=noted, lane=lane, band=band, kind=kind)


def plain(words: str) -> str:
    """Words on one line, without what cannot be printed.

    >>> plain("a\\tb\\x01 c")
    'a b c'
    """
    return " ".join("".join(letter for letter in words if letter.isprintable() or letter.isspace()).split())


def duration(seconds: float) -> str:
    """A duration by days, hours, minutes and what is left.

    >>> duration(86_400 + 3_600 + 300)
    '1d 1h 5min'
    """
    parts, rest = [], round(seconds, 9)
    for unit in (DAY, 3600.0, 60.0):
        whole, rest = divmod(rest, unit)
        parts.append(whole * unit)
    return " ".join(units.write(part, DURATION) for part in (*parts, round(rest, 9)) if part) or "0"


def share(part: float | str) -> str:
    """A share as the document spells it, or the words that stand for it."""
    return units.write(round(part, 6), SHARE) if isinstance(part, float) else str(part)


def trained(design: Design) -> float | str:
    """The share of the examples that is trained on."""
    split = design.data.split
    given = isinstance(split.validate, str) or isinstance(split.test, str)
    return "the rest" if given else 1.0 - float(split.validate) - float(split.test)


def staged(design: Design) -> bool:
    """Whether the ranker learns on later events than the retrievers."""
    return design.data.split.by == "time" and any(one.retrieve and one.rank for one in design.solutions.values())
