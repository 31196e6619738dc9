"""Which columns give the label away? Every column that a feature reads as it stands, held against the label alone.

Read as they stand are columns of the request's own row (group context) and of the users' and items' tables. A column
is weighed by the area under the ROC curve (0.5 knows nothing, 1 knows all) of four simple scores:

    order        its numbers, rising or falling                         a copy of the label, or of what it is made of
    missing      whether a value is missing                             filled in only after the outcome
    level        the rate of positives of its level, in *other* folds   a code for the outcome, in any disguise
    word         whether a list holds a word                            one tag among many

A level that has one class only, with much evidence and for many events, tells the label as well: no click, no sale.
Folds keep a user (of an item's column: an item) together, so that what merely names something tells nothing. One
score above `POWER` is a leak. So are a table's numbers made from the whole log: they rank the entities as a count, sum
or mean over the log with its last quarter does, and clearly better than the same without.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from sevenfold.data.labels import label_columns
from sevenfold.design.sections import Design, Part
from sevenfold.errors import LeakError
from sevenfold.features.columns import coded, codes_of, frequent, is_words, numbers
from sevenfold.features.kernel import ratio
from sevenfold.nouns import F64, I64, Array, Bools, Data

POWER = 0.95  # AUC from which a single column is no honest one
RANKS = 0.99  # rank correlation from which a column is a count of the log
ROWS = 200_000  # events that are looked at, drawn evenly
SETTLED, SURE = 0.2, 10  # share of the events whose level has one class only, and the evidence asked in every fold
FEWEST = 20  # of either class, or entities, below which nothing can be said
FOLDS, BINS, WORDS = 5, 64, 50


def label_giveaways(design: Design, data: Data) -> list[LeakError]:
    """The columns that tell the label, each once for each feature that reads it; code X04."""
    leaks = []
    for group, name, part in _read_as_they_stand(design, data):
        column = str(part.params[part.name])
        path = f"{group}.{name}"
        of_label = group == "context" and column in label_columns(design)
        if why := "of which the label is made" if of_label else _why(data, group, column):
            time = int(data.log.time[0]) if len(data.log) else None
            leaks.append(LeakError(f"data.features.{path}", f"feature '{path}' reads column '{column}', {why}",
                                   "Leave it out, or read only what was known of it before the request.",
                                   feature=path, column=column, row_time=time, read_time=time, code="X04"))
    return leaks


def _read_as_they_stand(design: Design, data: Data) -> Iterator[tuple[str, str, Part]]:
    for group, table in _tables(data).items():
        for name, part in design.data.features.get(group, {}).items():
            column = part.params.get(part.name)
            if column in table.column_names and column != design.data.events.time:
                yield group, name, part


def _tables(data: Data) -> dict[str, pa.Table]:
    return {"user": data.users.table, "item": data.items.table, "context": data.log.table}


def _why(data: Data, group: str, column: str) -> str:
    """What gives the label away, in words; empty where nothing does."""
    log = data.log
    rows = np.linspace(0, len(log) - 1, min(len(log), ROWS)).astype(np.int64)
    entity = (log.item if group == "item" else log.user)[rows]
    known = entity >= 0
    if group != "context":
        rows, entity = rows[known], entity[known]
    values = _tables(data)[group][column].take(pa.array(rows if group == "context" else entity))
    entities = len(np.unique(entity))
    if group != "context" and entities < FEWEST:
        return ""
    scores = _scores(values, log.positive[rows], entity if entities >= FOLDS else np.arange(len(entity)))
    for excess, told in scores:
        if excess > 0:
            return f"which tells the label: {told}"
    return "" if group == "context" else _from_whole_log(data, group, column)


def _scores(values: pa.ChunkedArray, label: Bools, names: Array) -> Iterator[tuple[float, str]]:
    """How far each score that both classes allow goes beyond its limit, and the score in words."""
    if min(label.sum(), (~label).sum()) < FEWEST:
        return
    missing = np.asarray(values.is_null(nan_is_null=True))
    yield _either(missing, label, "whether it is missing")
    if pa.types.is_list(values.type):
        levels = frequent(values, WORDS)
        row, code = coded(values, levels)
        for i, level in enumerate(levels):
            yield _either(np.bincount(row[code == i], minlength=len(label)) > 0, label, f"the word '{level}'")
        return
    if is_words(values):
        codes = codes_of(values, "")
    else:
        number = numbers(values, "")
        known = np.isfinite(number)
        if min(label[known].sum(), (~label[known]).sum()) >= FEWEST:
            yield _either(number[known], label[known], "the order of its values")
        codes = _binned(number)
    rates, settled = _levels(codes, label, names)
    yield _power(auc(rates, label), "its level")
    yield settled - SETTLED, f"its level settles the label of {settled:.0%} of the events for certain"


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


def _either(score: Array, label: Bools, what: str) -> tuple[float, str]:
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


def _from_whole_log(data: Data, group: str, column: str) -> str:
    """Does a table's column rank its entities as the log does, and only with its last quarter?"""
    values, log = _tables(data)[group][column], data.log
    if is_words(values) or pa.types.is_list(values.type):
        return ""
    number = numbers(values, "")
    codes = log.item if group == "item" else log.user
    early = len(log) * 3 // 4
    for name, weight, mean in _aggregates(data):
        whole, before = (_aggregate(codes[:end], weight[:end], len(number), mean) for end in (len(log), early))
        some = np.isfinite(number) & np.isfinite(whole) & np.isfinite(before)
        if some.sum() < FEWEST or len(np.unique(number[some])) < FEWEST:
            continue
        with_end, without = (abs(_correlation(number[some], known[some])) for known in (whole, before))
        if with_end >= RANKS and 1 - without > 3 * (1 - with_end) + 1e-9:
            return (f"which was made from the whole log: it ranks as {name} does (correlation {with_end:.4f}, "
                    f"without the last quarter {without:.4f})")
    return ""


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
