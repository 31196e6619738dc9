"""S: is what is measured what will happen?"""

from __future__ import annotations

from collections.abc import Iterator

from sevenfold.design.facts import timed, wait
from sevenfold.design.findings import Place, Problem, check, rule
from sevenfold.design.sections import Design

rule("S01", "random-split-on-temporal", "error", "The events have a clock and are split at random.", Place(
    "data.split.by", "events with a clock ('{data.events.time}') are split at random",
    "Write by: time, so that the test lies after everything that was learnt from.",
    lambda design: timed(design) and design.data.split.by == "random"))
rule("S03", "not-global-time", "warning", "The events have a clock and are split by group, not at one moment for all.", Place(
    "data.split.by", "each group is split at a moment of its own",
    "Write by: time: one moment before which everything is training.",
    lambda design: timed(design) and design.data.split.by == "group"))


@check("S02", "group-straddles-split", "error")
def straddle(design: Design) -> Iterator[Problem]:
    """Events without a clock are split at random, so that one query's, user's or text's rows fall on both sides."""
    events = design.data.events
    whose = events.query or events.user or events.text
    if events.time == "none" and design.data.split.by == "random" and whose:
        yield Problem("data.split.by", f"rows with the same '{whose}' fall on both sides of a random split",
                      "Keep them together: split: {by: group, group: ...}; for texts, group: near_duplicates.")


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
