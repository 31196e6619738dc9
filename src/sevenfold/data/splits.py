"""Where time is cut: retrievers, then the ranker, then validation, then the test.

    start ─ retrievers ─ ranker_from ─ ranker ─ train_until ┄gap┄ validate_from ─ validate_until ┄gap┄ test_from ─ end

The gap (embargo) is taken from the earlier side and is as long as a label needs to be known, so that no label of an
earlier stretch looks into a later one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from sevenfold.design.sections import Design
from sevenfold.errors import DataError
from sevenfold.nouns import I64, SECOND, Data


@dataclass(frozen=True, kw_only=True)
class Cuts:
    """Moments in µs, rising; a stretch holds its first moment and not its last."""

    start: int
    ranker_from: int
    train_until: int
    validate_from: int
    validate_until: int
    test_from: int
    end: int  # from here on no label is known yet


def cuts(data: Data, design: Design) -> Cuts:
    """The design's split by time: the shares are shares of events, the last events are the test's.

    Raises `DataError` for a split that holds no positive event.
    """
    split = design.data.split
    if split.by != "time" or isinstance(split.test, str) or isinstance(split.validate, str):
        raise DataError("data.split", f"expected shares by time, got by: {split.by}, validate: {split.validate}, "
                        f"test: {split.test}", "Write for instance: split: {by: time, validate: 10%, test: 10%}.")
    time = data.log.time
    # at least 1 µs: a request stands 1 µs before its event, and its label must not touch what follows
    embargo = max(data.label_wait if split.embargo is None else round(split.embargo * SECOND), 1)
    validate_from, test_from = _moment(time, 1 - split.test - split.validate), _moment(time, 1 - split.test)
    train_until = validate_from - embargo
    made = Cuts(start=int(time[0]) - 1, ranker_from=_moment(time[time < train_until], 1 - split.ranker),
                train_until=train_until, validate_from=validate_from, validate_until=test_from - embargo,
                test_from=test_from, end=int(time[-1]) - data.label_wait + 1)
    for name, start, end in stretches(made):
        _refuse_empty(data, name, start, end, embargo)
    return made


def slide(cuts: Cuts, data: Data) -> Cuts:
    """The same shares at the log's end, for the pipeline that ships: nothing is kept for validation or test."""
    time = data.log.time
    before = np.searchsorted(time, [cuts.ranker_from, cuts.train_until, cuts.end])
    ranker_from = _moment(time[:before[2]], float(before[0] / max(before[1], 1)))
    return Cuts(start=cuts.start, ranker_from=ranker_from, train_until=cuts.end, validate_from=cuts.end,
                validate_until=cuts.end, test_from=cuts.end, end=cuts.end)


def stretches(cuts: Cuts) -> tuple[tuple[str, int, int], ...]:
    """Name, start and end of each stretch, in order of time."""
    return (("retrievers", cuts.start, cuts.ranker_from), ("ranker", cuts.ranker_from, cuts.train_until),
            ("validate", cuts.validate_from, cuts.validate_until), ("test", cuts.test_from, cuts.end))


def _moment(time: I64, share: float) -> int:
    """The moment of the first event after that share of the events."""
    return int(time[min(int(len(time) * max(share, 0.0)), len(time) - 1)]) if len(time) else 0


def _refuse_empty(data: Data, name: str, start: int, end: int, embargo: int) -> None:
    low, high = np.searchsorted(data.log.time, [start, end])
    if not data.log.positive[low:max(high, low)].any():
        events = "no event" if high <= low else f"{high - low} events and no positive one"
        between = f"from {_date(start)} to {_date(end)}"
        raise DataError(f"data.split ({name})", f"expected positive events {between}, got {events}",
                        f"The log runs from {_date(int(data.log.time[0]))} to {_date(int(data.log.time[-1]))} and each "
                        f"gap takes {embargo / 86_400 / SECOND:.3g} days: raise the share, or shorten label.within.")


def _date(time: int) -> str:
    return datetime.fromtimestamp(time // SECOND, UTC).strftime("%Y-%m-%d %H:%M")
