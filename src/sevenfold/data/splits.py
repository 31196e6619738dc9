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
from sevenfold.design.vocabulary import FUNNEL
from sevenfold.errors import DataError
from sevenfold.nouns import I64, SECOND, Data


@dataclass(frozen=True, kw_only=True)
class Cuts:
    """Moments in µs, rising; a stretch holds its first moment and not its last."""

    start: int
    ranker_from: int
    frozen: int  # encoders and priors are fitted on what was available before
    train_until: int
    validate_from: int
    validate_until: int
    test_from: int
    end: int  # from here on no label is known yet


def cuts(data: Data, design: Design) -> Cuts:
    """The design's split: shares of the events by time, the last ones the test's, or the phases of what has no clock.

    Where nothing is retrieved the ranker's stretch is all of training, and encoders freeze at its end. Raises
    `DataError` for a split that holds no positive event.
    """
    time = data.log.time
    chooses = design.framing.task in FUNNEL
    # at least 1 µs: a request stands 1 µs before its event, and its label must not touch what follows
    embargo = 1 if data.phases else max(data.label_wait if design.data.split.embargo is None
                                        else round(design.data.split.embargo * SECOND), 1)
    validate_from, test_from = data.phases or _shares(time, design)
    train_until = validate_from - embargo
    ranker_from = _moment(time[time < train_until], 1 - design.data.split.ranker) if chooses else int(time[0]) - 1
    made = Cuts(start=int(time[0]) - 1, ranker_from=ranker_from, frozen=ranker_from if chooses else train_until,
                train_until=train_until, validate_from=validate_from, validate_until=test_from - embargo,
                test_from=test_from, end=int(time[-1]) - data.label_wait + 1)
    for name, start, end in stretches(made):
        _refuse_empty(data, name, start, end, embargo)
    return made


def _shares(time: I64, design: Design) -> tuple[int, int]:
    """The moments at which validation and test begin."""
    split = design.data.split
    if split.by != "time" or isinstance(split.test, str) or isinstance(split.validate, str):
        raise DataError("data.split", f"expected shares by time, got by: {split.by}, validate: {split.validate}, "
                        f"test: {split.test}", "Write for instance: split: {by: time, validate: 10%, test: 10%}; events "
                        "without a clock (time: none) can be split by group or at random.")
    return _moment(time, 1 - split.test - split.validate), _moment(time, 1 - split.test)


def slide(cuts: Cuts, data: Data) -> Cuts:
    """The same shares at the log's end, for the pipeline that ships: nothing is kept for validation or test."""
    time = data.log.time
    before = np.searchsorted(time, [cuts.ranker_from, cuts.train_until, cuts.end])
    ranker_from = _moment(time[:before[2]], float(before[0] / max(before[1], 1)))
    chooses = cuts.frozen == cuts.ranker_from
    ranker_from = ranker_from if chooses else cuts.start
    return Cuts(start=cuts.start, ranker_from=ranker_from, frozen=ranker_from if chooses else cuts.end,
                train_until=cuts.end, validate_from=cuts.end,
                validate_until=cuts.end, test_from=cuts.end, end=cuts.end)


def stretches(cuts: Cuts) -> tuple[tuple[str, int, int], ...]:
    """Name, start and end of each stretch, in order of time; without retrievers, what is learnt from is one."""
    learnt = ((("retrievers", cuts.start, cuts.ranker_from), ("ranker", cuts.ranker_from, cuts.train_until))
              if cuts.ranker_from > cuts.start else (("train", cuts.start, cuts.train_until),))
    return (*learnt, ("validate", cuts.validate_from, cuts.validate_until), ("test", cuts.test_from, cuts.end))


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
