"""Which columns give the label away? Every column that a feature reads as it stands, held against the label alone.

Read as they stand are columns of the request's own row (group context) and of the users' and items' tables. A column
is weighed by the area under the ROC curve (0.5 knows nothing, 1 knows all) of five simple scores:

    order        its numbers, rising or falling                         a copy of the label, or of what it is made of
    distance     its moments, less the request's own                    when the outcome came
    missing      whether a value is missing                             filled in only after the outcome
    level        the rate of positives of its level, in *other* folds   a code for the outcome, in any disguise
    word         whether a list holds a word                            one tag among many

A level that has one class only, with much evidence and for many events, tells the label as well: no click, no sale.
Folds keep a user (of an item's column: an item) together, so that what merely names something tells nothing. One
score above `POWER` is a leak. So are a table's numbers made from the whole log, or from its last part alone: they rank
the entities as a count, sum or mean over it does, and clearly better than the same over what comes before.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from sevenfold.audit.case import FEWEST, Case
from sevenfold.data.labels import label_columns
from sevenfold.data.times import microseconds
from sevenfold.design.sections import Design, Part
from sevenfold.errors import LeakError
from sevenfold.features.columns import coded, codes_of, frequent, is_words, numbers
from sevenfold.features.kernel import ratio
from sevenfold.nouns import F64, I64, Array, Bools, Data

MIXED = ("cross", "distance")  # of a pair they read users, items and the request
POWER = 0.95  # AUC from which a single column is no honest one
RANKS, LATER = 0.99, 0.95  # rank correlation from which a column is a count of the whole log, or of its last part
ROWS = 200_000  # events that are looked at, drawn evenly
SETTLED, SURE = 0.2, 10  # share of the events whose level has one class only, and the evidence asked in every fold
DIFFERENT = 5  # values of a number, below which its ranks say little
FOLDS, BINS, WORDS = 5, 64, 50


def label_giveaways(case: Case) -> list[LeakError]:
    """The columns that tell the label, each once for each feature that reads it; code X04."""
    design, data, leaks = case.design, case.data, []
    for table, path, column in _read_as_they_stand(design, data):
        of_label = table == "context" and column in label_columns(design)
        if why := "of which the label is made" if of_label else _why(case, table, column):
            time = int(data.log.time[0]) if len(data.log) else None
            leaks.append(LeakError(f"data.features.{path}", f"feature '{path}' reads column '{column}', {why}",
                                   "Leave it out, or read only what was known of it before the request.",
                                   feature=path, column=column, row_time=time, read_time=time, code="X04"))
    return leaks


def _read_as_they_stand(design: Design, data: Data) -> Iterator[tuple[str, str, str]]:
    """(whose table, the feature's path, column) of every column that is read without a window."""
    tables = _tables(data)
    for group, parts in design.data.features.items():
        for name, part in parts.items():
            asked = tables if group == "pair" and part.name in MIXED else {group} & tables.keys()
            for column in _columns(part):
                found = next((one for one in asked if column in tables[one].column_names), None)
                if found and column != design.data.events.time:
                    yield found, f"{group}.{name}", column


def _columns(part: Part) -> list[str]:
    """The words of a definition that may be columns."""
    named = [part.params.get(key) for key in (part.name, "to")]
    return [str(one) for value in named for one in (value if isinstance(value, list | tuple) else [value]) if one]


def _tables(data: Data) -> dict[str, pa.Table]:
    return {"user": data.users.table, "item": data.items.table, "context": data.log.table}


def _why(case: Case, group: str, column: str) -> str:
    """What gives the label away, in words; empty where nothing does."""
    data, log = case.data, case.data.log
    rows = np.linspace(0, len(log) - 1, min(len(log), ROWS)).astype(np.int64)
    entity = (log.item if group == "item" else log.user)[rows]
    known = entity >= 0
    if group != "context":
        rows, entity = rows[known], entity[known]
    values = _tables(data)[group][column].take(pa.array(rows if group == "context" else entity))
    entities = len(np.unique(entity))
    if group != "context" and entities < FEWEST:
        return ""
    clock = log.time[rows] if group == "context" else None
    scores = _scores(values, log.positive[rows], entity if entities >= FOLDS else np.arange(len(entity)), clock)
    for excess, told in scores:
        if excess > 0:
            return f"which tells the label: {told}"
    return "" if group == "context" else _from_the_log(case, group, column)


def _scores(values: pa.ChunkedArray, label: Bools, names: Array, clock: I64 | None) -> Iterator[tuple[float, str]]:
    """How far each score that both classes allow goes beyond its limit, and the score in words."""
    if few(label):
        return
    missing = np.asarray(values.is_null(nan_is_null=True))
    yield either(missing, label, "whether it is missing")
    if pa.types.is_list(values.type):
        levels = frequent(values, WORDS)
        row, code = coded(values, levels)
        for i, level in enumerate(levels):
            yield either(np.bincount(row[code == i], minlength=len(label)) > 0, label, f"the word '{level}'")
        return
    if is_words(values):
        codes = codes_of(values, "")
    else:
        number = numbers(values, "")
        yield _ordered(number, label)
        if clock is not None:
            yield from _distance(values, label, clock)
        codes = _binned(number)
    rates, settled = _levels(codes, label, names)
    yield _power(auc(rates, label), "its level")
    yield settled - SETTLED, f"its level settles the label of {settled:.0%} of the events for certain"


def _ordered(number: F64, label: Bools) -> tuple[float, str]:
    """How much the order of the known values tells."""
    known = np.isfinite(number)
    return (0.0, "") if few(label[known]) else either(number[known], label[known], "the order of its values")


def few(label: Bools) -> bool:
    """Too little of either class to say anything."""
    return min(int(label.sum()), int((~label).sum())) < FEWEST


def _distance(values: pa.ChunkedArray, label: Bools, clock: I64) -> Iterator[tuple[float, str]]:
    known = np.asarray(values.is_valid())
    if pa.types.is_boolean(values.type) or few(label[known]):
        return
    away = microseconds(values.drop_null(), where="") - clock[known]
    yield either(away, label[known], "the time between it and the request")


def _levels(codes: I64, label: Bools, names: Array, prior: float = 10.0) -> tuple[F64, float]:
    """[n] the rate of positives of each row's level in the other folds, drawn towards that of all; and the share of rows
    whose level has one class only, although `SURE` of the other were to be expected in every fold."""
    fold = np.random.default_rng(0).permutation(int(names.max()) + 1)[names] % FOLDS
    cell = (codes + 1) * FOLDS + fold
    counts = np.bincount(cell, minlength=(int(codes.max()) + 2) * FOLDS).reshape(-1, FOLDS)
    hits = np.bincount(cell, label, counts.size).reshape(-1, FOLDS)
    other_hits = hits.sum(axis=1, keepdims=True) - hits
    other_counts = counts.sum(axis=1, keepdims=True) - counts
    rates: F64 = ((other_hits + prior * label.mean()) / (other_counts + prior)).ravel()[cell]
    rows, positives = counts.sum(axis=1), hits.sum(axis=1)
    never = (positives == 0) & (counts * label.mean() >= SURE).all(axis=1)
    always = (positives == rows) & (counts * (1 - label.mean()) >= SURE).all(axis=1)
    return rates, float(rows[never | always].sum() / len(label))


def _binned(number: F64) -> I64:
    """[n] the value's place among few different ones, else its quantile; -1 where it is missing."""
    different, codes = np.unique(number, return_inverse=True)
    if len(different) > BINS:
        codes = (_ranks(number) * BINS / (len(number) + 1)).astype(np.int64)
    return np.where(np.isnan(number), -1, codes)


def either(score: Array, label: Bools, what: str) -> tuple[float, str]:
    """How far a score, rising or falling, goes beyond `POWER`, and that in words."""
    area = auc(score, label)
    return _power(max(area, 1 - area), what)


def _power(area: float, what: str) -> tuple[float, str]:
    return area - POWER, f"{what} has an AUC of {area:.3f}, expected at most {POWER}"


def auc(score: Array, label: Bools) -> float:
    """The chance that a positive row scores above a negative one, ties counting half (Mann and Whitney, 1947).

    >>> auc(np.array([1, 2, 3, 3]), np.array([False, False, True, True]))
    1.0
    """
    positives = int(label.sum())
    above = _ranks(score)[label].sum() - positives * (positives + 1) / 2
    return float(above / (positives * (len(label) - positives)))


def _ranks(values: Array) -> F64:
    """[n] ranks from 1, ties sharing their mean."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    ranks: F64 = np.cumsum(counts) - (counts - 1) / 2
    return ranks[place]


def _from_the_log(case: Case, group: str, column: str) -> str:
    """Does a table's column rank its entities as a late part of the log does, and clearly better than what comes before?"""
    data, log = case.data, case.data.log
    values = _tables(data)[group][column]
    if is_words(values) or pa.types.is_list(values.type):
        return ""
    number, codes, size = numbers(values, ""), log.item if group == "item" else log.user, len(values)
    test, quarter = int(np.searchsorted(log.time, case.cuts.test_from)), len(log) * 3 // 4
    for name, weight, mean in _aggregates(data):
        for part, start, before, least in (("the whole log", 0, quarter, RANKS), ("its last quarter", quarter, quarter, LATER),
                                           ("the test's part of the log", test, test, LATER)):
            late, early = (_aggregate(codes[rows], weight[rows], size, mean) for rows in (slice(start, None), slice(before)))
            if ranks := _compared(number, late, early, least):
                return (f"which was made from {part}: it ranks as {name} does (correlation {ranks[0]:.4f}, "
                        f"with what comes before {ranks[1]:.4f})")
    return ""


def _compared(number: F64, told: F64, before: F64, least: float) -> tuple[float, float] | None:
    """The column's correlations with both aggregates, where the first is near 1 and the second clearly is not."""
    some = np.isfinite(number) & np.isfinite(told) & np.isfinite(before)
    if some.sum() < FEWEST or len(np.unique(number[some])) < DIFFERENT:
        return None
    one, other = (abs(_correlation(number[some], known[some])) for known in (told, before))
    return (one, other) if one >= least and 1 - other > 3 * (1 - one) + 1e-9 else None


def _aggregates(data: Data) -> Iterator[tuple[str, F64, bool]]:
    log = data.log
    yield "the number of events", np.ones(len(log)), False
    yield "the number of positive events", log.positive.astype(np.float64), False
    yield "the mean of the label", log.positive.astype(np.float64), True
    for name, column in zip(log.table.column_names, log.table.columns):
        if pa.types.is_floating(column.type) or pa.types.is_integer(column.type):
            yield f"the sum of '{name}'", np.nan_to_num(numbers(column, name)), False
            yield f"the mean of '{name}'", np.nan_to_num(numbers(column, name)), True


def _aggregate(codes: Array, weight: F64, size: int, mean: bool) -> F64:
    """[size] the sum or mean of each entity; NaN for one without events."""
    codes, weight = codes[codes >= 0], weight[codes >= 0]
    counts, sums = np.bincount(codes, minlength=size), np.bincount(codes, weight, size)
    return ratio(sums, counts) if mean else np.where(counts > 0, sums, np.nan)


def _correlation(a: Array, b: Array) -> float:
    """Spearman's: the correlation of the ranks; 0 where one is constant."""
    a, b = _ranks(a) - (len(a) + 1) / 2, _ranks(b) - (len(b) + 1) / 2
    spread = float(np.sqrt((a**2).sum() * (b**2).sum()))
    return float((a * b).sum()) / spread if spread else 0.0
