"""X: could each feature be known, and unchanged, at the moment of the question?"""

from __future__ import annotations

from collections.abc import Iterator

import sevenfold.design.expression as expression
from sevenfold.design.checks.data import PAST, TABLES
from sevenfold.design.facts import columns, features, timed
from sevenfold.design.findings import Place, Problem, check, rule
from sevenfold.design.sections import Design

rule("X03", "knowledge-time-missing", "warning",
     "Nothing says when an event arrives: training would read what serving did not have yet.", Place(
         "data.events", "an event is taken for known at its own '{data.events.time}'",
         "Name the column of its arrival, available: arrived_at; or how late it comes, delay: 5min.",
         lambda design: timed(design) and design.data.events.available is None and not design.data.events.delay
         and "data.events.delay" not in design.lines), since="pilot")


def _present(design: Design) -> Iterator[tuple[str, str, set[str]]]:
    """(path, group, columns) of every feature that reads what stands now, not what happened before."""
    return ((path, path.split(".")[2], columns(part)) for path, _, part in features(design) if part.name not in PAST)


def _learnt(design: Design) -> set[str]:
    """The columns that the label reads."""
    label = design.framing.label
    conditions = [one for one in (label.is_, label.weak) if one is not None]
    return {*label.also}.union(*(expression.parse(one).columns() for one in conditions))


@check("X01", "unavailable-at-serving", "error")
def unavailable(design: Design) -> Iterator[Problem]:
    """A feature reads a column that is written after the answer."""
    late = set(design.data.events.outcomes) - _learnt(design)
    for path, _, read in _present(design):
        for column in sorted(late & read):
            yield Problem(path, f"reads '{column}', which is written after the answer",
                          "Take it away, or read its past: over the earlier events of a user or an item it may be counted.")


@check("X04", "target-derived", "error")
def target(design: Design) -> Iterator[Problem]:
    """A feature reads the label's own column of the row that it is to predict."""
    for path, group, read in _present(design):
        for column in sorted(_learnt(design) & read if group not in TABLES else ()):
            yield Problem(path, f"reads '{column}' of the row itself, and the label is made of it",
                          "Take it away, or read its past: {mean: label, over: 30d} of a user or an item.")
