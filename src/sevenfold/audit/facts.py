"""What the data show of themselves, measured: no leaks, but what a designer must know before trusting a figure."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sevenfold.audit.case import Case
from sevenfold.data.splits import Cuts
from sevenfold.design.findings import RULES, Finding, Severity
from sevenfold.design.sections import Design
from sevenfold.nouns import DAY, SECOND, Array, Bools, Log

DOUBLED = 0.001  # of the events, from which copies are worth a word
NEAR = 10 * SECOND  # within which the same act on both sides of a cut is one act
YOUNG = 0.5  # of the test's events, from which too few can be judged
RARE = 0.01  # of the events are positive: from here on a metric of both classes sees the negatives alone
OF_BOTH_CLASSES = ("accuracy", "roc_auc")


def facts(case: Case) -> Iterator[Finding]:
    """Every fact about a log with a clock that a rule has a code for."""
    yield from short_history(case)
    yield from too_young(case)
    yield from rare_label(case.design, case.data.log.positive)
    yield from doubles(case.data.log)
    yield from acts_across_cuts(case)
    yield from groups_across_cuts(case)


def short_history(case: Case) -> Iterator[Finding]:
    """D04: the log is shorter than the longest window, the label's wait and both gaps together."""
    windows = {f"{group}.{name}": float(part.params["over"]) for group, parts in case.design.data.features.items()
               for name, part in parts.items() if part.params.get("over") is not None}
    longest = max(windows, key=lambda path: windows[path], default=None)
    covered, wait = _days(int(np.ptp(case.data.log.time))), _days(case.data.label_wait)
    gaps = sum(_days(start - end) for end, start in gaps_of(case.cuts))
    window = windows[longest] * SECOND / DAY if longest else 0.0
    if covered < window + wait + gaps:
        yield _fact("D04", "warning", f"data.features.{longest}" if longest else "data.events.path",
                    f"the log covers {covered:.3g} days, the longest window {window:.3g}, the label's wait {wait:.3g} and the "
                    f"gaps {gaps:.3g}", "Bring a longer log, or a shorter window: it is never full here, but will be in serving.")


def too_young(case: Case) -> Iterator[Finding]:
    """L03: most events of the test are too young for their label to be known."""
    time = case.data.log.time
    test, young = int((time >= case.cuts.test_from).sum()), int((time >= case.cuts.end).sum())
    if young > YOUNG * test:
        yield _fact("L03", "warning", "framing.label", f"{young} of the test's {test} events are younger than the label's wait "
                    f"of {_days(case.data.label_wait):.3g} days, so nothing can be judged by them",
                    "Raise data.split.test, shorten label.within, or wait for the labels.")


def rare_label(design: Design, positive: Bools) -> Iterator[Finding]:
    """L07: hardly any event is positive, and the metric counts both classes alike."""
    if positive.mean() < RARE and design.evaluation.metric in OF_BOTH_CLASSES:
        yield _fact("L07", "warning", "evaluation.metric", f"{positive.mean():.2%} of the events are positive, and "
                    f"'{design.evaluation.metric}' is then high for who says no to all", "Take pr_auc or normalized_entropy.")


def doubles(log: Log) -> Iterator[Finding]:
    """S06: events that are there twice, in every column."""
    count = _doubled(log)
    if count > DOUBLED * len(log):
        yield _fact("S06", "warning", "data.events.path", f"{count} of {len(log)} events repeat another in every column",
                    "Keep each event once, by its id, where the source sends again what it has sent.")


def copies(table: pa.Table, column: str, group: Array | None, by: str) -> Iterator[Finding]:
    """S06: rows whose text repeats that of a row which a split at random, or another group, may put on the other side."""
    written = pc.utf8_lower(pc.utf8_trim_whitespace(table[column].cast(pa.string()))).combine_chunks()
    codes = np.asarray(written.dictionary_encode().indices.fill_null(-1))
    names = np.arange(len(codes)) if group is None else np.unique(group, return_inverse=True)[1]
    pairs = np.unique(np.stack([codes[codes >= 0], names[codes >= 0]]), axis=1)
    torn = np.bincount(pairs[0], minlength=1) > 1
    count = int(torn[codes[codes >= 0]].sum())
    if count > DOUBLED * len(codes):
        yield _fact("S06", "error", "data.split.by", f"{count} of {len(codes)} rows share their '{column}' with a row that a "
                    f"split by {by} may put on the other side", "Keep copies together: {by: group, group: near_duplicates}.")


def acts_across_cuts(case: Case) -> Iterator[Finding]:
    """S06: the same user, item and label a few seconds before and after a cut without a gap."""
    for end, start in _tight(case.cuts):
        before, after = set(_acts(case.data.log, end - NEAR, end)), set(_acts(case.data.log, start, start + NEAR))
        if both := len(before & after):
            yield _fact("S06", "warning", "data.split", f"{both} acts (user, item, label) happen within seconds on both sides of "
                        "a cut", "Give the split an embargo: embargo: 1min.")


def groups_across_cuts(case: Case) -> Iterator[Finding]:
    """S02: a request or a session has events on both sides of a cut without a gap."""
    events, log = case.design.data.events, case.data.log
    for role, column in (("request", events.request), ("session", events.session)):
        if column is None or column not in log.table.column_names:
            continue
        names = log.table[column]
        for end, start in _tight(case.cuts):
            before, after = (int(np.searchsorted(log.time, cut)) for cut in (end, start))
            if both := straddling(names.slice(0, before), names.slice(after)):
                yield _fact("S02", "warning", "data.split.embargo", f"{both} values of '{column}', the {role}, have events on "
                            "both sides of a cut", "Give the split an embargo as long as one lasts.")


def straddling(one: pa.ChunkedArray, other: pa.ChunkedArray) -> int:
    """How many values stand on both sides."""
    return int(pc.sum(pc.is_in(one.unique(), value_set=other.drop_null().unique())).as_py() or 0)


def gaps_of(cuts: Cuts) -> tuple[tuple[int, int], ...]:
    """End and start of what lies between training and validation, and between validation and test."""
    return (cuts.train_until, cuts.validate_from), (cuts.validate_until, cuts.test_from)


def _tight(cuts: Cuts) -> list[tuple[int, int]]:
    return [(end, start) for end, start in gaps_of(cuts) if start - end < NEAR]


def _acts(log: Log, start: int, end: int) -> Iterator[tuple[int, int, bool]]:
    rows = slice(*np.searchsorted(log.time, [start, end]))
    return zip(log.user[rows].tolist(), log.item[rows].tolist(), log.positive[rows].tolist())


def _doubled(log: Log) -> int:
    """How many events repeat the one before them of the same moment, user and item."""
    pair = log.user * np.int64(int(log.item.max(initial=0)) + 1) + log.item
    order = np.argsort(pair, kind="stable")  # the log is in order of time, and so stays each pair
    again = np.flatnonzero((np.diff(pair[order]) == 0) & (np.diff(log.time[order]) == 0))
    same = np.ones(len(again), dtype=np.bool_)
    for column in log.table.columns:
        if not pa.types.is_nested(column.type):
            one, other = (column.take(pa.array(order[rows])) for rows in (again, again + 1))
            equal = pc.if_else(pc.and_(one.is_valid(), other.is_valid()), pc.equal(one, other),
                               pc.equal(one.is_valid(), other.is_valid()))
            same &= np.asarray(equal)
    return int(same.sum())


def _days(micros: int) -> float:
    return micros / DAY


def _fact(code: str, severity: Severity, where: str, problem: str, hint: str) -> Finding:
    return Finding(code, RULES[code].name, severity, where, None, problem, hint)
