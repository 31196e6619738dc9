"""S: is what is measured what will happen?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import get_args

from sevenfold import units
from sevenfold.design.findings import Problem, check
from sevenfold.design.sections import Design

DAY = 86_400.0
DURATION: units.Unit = get_args(units.Duration)[1]


def timed(design: Design) -> bool:
    """The events have a clock; where they have none, checks about time do not apply."""
    return design.data.events.time not in (None, "none")


def wait(design: Design) -> float:
    """Seconds from an event to the moment its label is known."""
    return (design.framing.label.within or 0.0) + design.framing.label.delay


def span(seconds: float) -> str:
    """A duration as a document writes it, rounded where that would be long."""
    exact = units.write(seconds, DURATION)
    return exact if len(exact) < 6 else f"{seconds / DAY:.3g}d" if seconds >= DAY else f"{seconds:.3g}s"


def percent(share: float) -> str:
    """A share as a document writes it."""
    return f"{share * 100:.3g}%"


@check("S01", "random-split-on-temporal", "error")
def random_split(design: Design) -> Iterator[Problem]:
    """The events have a clock and are split at random."""
    if timed(design) and design.data.split.by == "random":
        yield Problem("data.split.by", f"events with a clock ('{design.data.events.time}') are split at random",
                      "Write by: time, so that the test lies after everything that was learnt from.")


@check("S02", "group-straddles-split", "error")
def straddle(design: Design) -> Iterator[Problem]:
    """Events without a clock are split at random, so that one query's, user's or text's rows fall on both sides."""
    events = design.data.events
    whose = events.query or events.user or events.text
    if events.time == "none" and design.data.split.by == "random" and whose:
        yield Problem("data.split.by", f"rows with the same '{whose}' fall on both sides of a random split",
                      "Keep them together: split: {by: group, group: ...}; for texts, group: near_duplicates.")


@check("S03", "not-global-time", "warning")
def not_global(design: Design) -> Iterator[Problem]:
    """The events have a clock and are split by group, not at one moment for all."""
    if timed(design) and design.data.split.by == "group":
        yield Problem("data.split.by", "each group is split at a moment of its own",
                      "Write by: time: one moment before which everything is training.")


@check("S04", "no-gap", "error")
def no_gap(design: Design) -> Iterator[Problem]:
    """The embargo between training and test is shorter than the label's window and delay."""
    embargo = design.data.split.embargo
    if timed(design) and design.data.split.by == "time" and embargo is not None and embargo < wait(design):
        ahead = f"{embargo / 3600:g}h, yet a label looks {wait(design) / 3600:g}h ahead"
        yield Problem("data.split.embargo", f"the embargo is {ahead}",
                      "Leave it out: its default is the label's window and delay.")


@check("S05", "test-used-for-tuning", "error")
def tuned_on_test(design: Design) -> Iterator[Problem]:
    """Nothing is kept for validation (so the choice would fall on the test), or nothing for the test."""
    for key in ("validate", "test"):
        if getattr(design.data.split, key) == 0:
            yield Problem(f"data.split.{key}", f"nothing is kept to {key}",
                          "Keep two apart: one to choose on, one to measure: validate: 10%, test: 10%.")


@check("S09", "split-impossible", "error")
def impossible(design: Design) -> Iterator[Problem]:
    """The split lacks its column, or leaves nothing to train on."""
    split = design.data.split
    if split.by == "time" and not timed(design):
        yield Problem("data.split.by",
                      f"a split by time needs a column, and data.events.time is {design.data.events.time or 'missing'}",
                      "Name the column: data.events.time: timestamp; or split: {by: group, group: ...}.")
    if split.by == "group" and split.group is None:
        yield Problem("data.split.group", "a split by group does not say which group",
                      "Name the column whose rows stay together: group: user_id.")
    kept = sum(share for share in (split.validate, split.test) if isinstance(share, float))
    if kept >= 1:
        yield Problem("data.split", f"validation and test take {kept:.0%}, so nothing is left to train on",
                      "Keep about a tenth for each.")
