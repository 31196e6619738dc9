"""X: could each feature be known, and unchanged, at the moment of the question?"""

from __future__ import annotations

from collections.abc import Iterator

import sevenfold.design.expression as expression
from sevenfold.design.checks.data import PAST, TABLES, columns
from sevenfold.design.checks.splits import timed
from sevenfold.design.findings import Problem, check
from sevenfold.design.sections import Design


def _present(design: Design) -> Iterator[tuple[str, str, set[str]]]:
    """(path, group, columns) of every feature that reads what stands now, not what happened before."""
    for group, features in design.data.features.items():
        yield from ((f"data.features.{group}.{name}", group, columns(part))
                    for name, part in features.items() if part.name not in PAST)


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


@check("X03", "knowledge-time-missing", "warning", since="pilot")
def arrival(design: Design) -> Iterator[Problem]:
    """Nothing says when an event arrives: training would read what serving did not have yet."""
    events = design.data.events
    if timed(design) and events.available is None and not events.delay and "data.events.delay" not in design.lines:
        yield Problem("data.events", f"an event is taken for known at its own '{events.time}'",
                      "Name the column of its arrival, available: arrived_at; or how late it comes, delay: 5min.")


@check("X04", "target-derived", "error")
def target(design: Design) -> Iterator[Problem]:
    """A feature reads the label's own column of the row that it is to predict."""
    for path, group, read in _present(design):
        for column in sorted(_learnt(design) & read if group not in TABLES else ()):
            yield Problem(path, f"reads '{column}' of the row itself, and the label is made of it",
                          "Take it away, or read its past: {mean: label, over: 30d} of a user or an item.")
