"""Does the past move when the future does? At a moment T the future is deleted, then scrambled; no feature may notice.

What was not yet available at T is the future, and so is a label, or a column that it is made of, that was not yet known.
Deleted: nothing is left from T on. Scrambled: half of the future's events are left; users, items, labels and columns
change places, times are drawn anew from T on, many of them at T itself, and some events are given to those who ask
and to the items they ask about. Encoders and priors stay frozen, for that question is about reading; then the
features are fitted once more on a log scrambled from their cut on, and what was frozen must come out the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pyarrow as pa

from sevenfold.audit.case import Case
from sevenfold.design.sections import Design
from sevenfold.errors import LeakError
from sevenfold.features import Feature, Features, fit
from sevenfold.features.fitting import late_columns
from sevenfold.nouns import DAY, F32, I32, I64, Array, Candidates, Data, Log, Requests

MOMENTS = 4
REQUESTS = 200  # asked about at each moment: the last ones up to it, half of them moved to it
ITEMS = 8  # of each request, half of them the user's own
HINT = "A feature at time t may read only what was available strictly before t; a window sees to that."


def future_changes(case: Case) -> list[LeakError]:
    """The features that move with the future, each once; codes X13 (reads it) and X05 (was fitted on it)."""
    if not (len(case.requests) and case.features.features):
        return []
    rng = np.random.default_rng(case.seed)
    found: dict[str, LeakError] = {}
    # moments at which somebody asks, or an event at the very moment would never be put to the proof
    for moment in np.unique(np.quantile(case.requests.time, np.linspace(0.2, 0.95, MOMENTS), method="nearest")):
        for leak in _read(case, int(moment), rng):
            found.setdefault(leak.feature, leak)
    for leak in (*_frozen_late(case), *_fitted(case, rng)):
        found.setdefault(leak.feature, leak)
    return list(found.values())


def _read(case: Case, moment: int, rng: np.random.Generator) -> Iterator[LeakError]:
    asked, candidates = _questions(case, moment, rng)
    before = case.view.rows(asked, candidates).values
    pairs = asked.user[candidates.request], candidates.item
    futures = {"deleted": replace(case.thin, log=case.thin.log.before(moment)),
               "scrambled": scramble(case.design, case.thin, moment, case.view.act_wait, rng, pairs=pairs)}
    for how, other in futures.items():
        after = case.features.over(other).rows(asked, candidates).values
        for feature, columns in places(case.features):
            moved = np.flatnonzero(_differ(before[:, columns], after[:, columns]))
            if len(moved):
                row_time = int(asked.time[candidates.request[moved]].min())
                yield _leak(feature, "X13", row_time, _first_future(case.thin, moment),
                            f"its values at {day(row_time)} move when events from {day(moment)} on are {how}")


def _questions(case: Case, moment: int, rng: np.random.Generator) -> tuple[Requests, Candidates]:
    """The last requests up to a moment, half of them moved to it, and items to ask about."""
    requests, log = case.requests, case.thin.log
    rows = np.flatnonzero(requests.time <= moment)
    asked = requests.take(np.sort(rows[np.argsort(requests.time[rows], kind="stable")[-REQUESTS:]]))
    asked = replace(asked, time=np.where(np.arange(len(asked)) % 2, moment, asked.time))
    order = np.argsort(log.user, kind="stable")
    low, high = (np.searchsorted(log.user[order], asked.user, side=side)[:, None] for side in ("left", "right"))
    own = log.item[order[low + (rng.random((len(asked), ITEMS // 2)) * (high - low)).astype(np.int64)]]
    item = np.sort(np.hstack([own, rng.choice(log.item, (len(asked), ITEMS - ITEMS // 2))])).astype(np.int32)
    return asked, Candidates(request=np.arange(len(asked), dtype=np.int32).repeat(ITEMS), item=item.ravel(), sources={}, ranks={})


def _frozen_late(case: Case) -> Iterator[LeakError]:
    cut, first = case.features.cut, case.cuts.frozen
    if cut > first:
        yield from (_leak(feature, "X05", first, cut, f"it was fitted on what was known at {day(cut)}, and the ranker "
                          f"learns from {day(first)} on") for feature in case.features.features if feature.fitted.state)


def _fitted(case: Case, rng: np.random.Generator) -> Iterator[LeakError]:
    cut = case.features.cut
    again = fit(case.design, scramble(case.design, case.data, cut, case.view.act_wait, rng, case.data.label_wait), cut)
    for old, new in zip(case.features.features, again.features, strict=True):
        if old.fitted.columns != new.fitted.columns or any(
                array.tobytes() != new.fitted.state[name].tobytes() for name, array in old.fitted.state.items()):
            yield _leak(old, "X05", cut, _first_future(case.data, cut),
                        f"what it was fitted on moves when events from {day(cut)} on, the cut, are scrambled")


def scramble(design: Design, data: Data, moment: int, wait: int, rng: np.random.Generator, label_wait: int | None = None,
             pairs: tuple[I32, I32] | None = None) -> Data:
    """The same data with another future: late columns are known `wait` µs after their event, a label `label_wait` (as late).

    Some of the future's events are given to `pairs` of users and items.
    """
    log = data.log
    unknown = np.flatnonzero(log.available + (wait if label_wait is None else label_wait) >= moment)
    positive = log.positive.copy()
    positive[unknown] = rng.random(len(unknown)) < 0.5
    future = log.available >= moment
    past, kept = np.flatnonzero(~future), np.flatnonzero(future)
    kept = kept[rng.random(len(kept)) < 0.5]
    users, items, columns = (np.concatenate([past, rng.permutation(kept)]) for _ in range(3))
    time, available = _times(log, past, len(kept), moment, rng)
    user, item = log.user[users], log.item[items]
    if pairs is not None and (given := np.flatnonzero(rng.random(len(kept)) < 0.5)).size:
        chosen = rng.integers(0, len(pairs[0]), len(given))
        user[len(past) + given], item[len(past) + given] = pairs[0][chosen], pairs[1][chosen]
    order = np.argsort(time, kind="stable")
    table = _unknown_changed(design, log, columns, log.available + wait >= moment, rng)
    other = Log(time=time[order], available=available[order], user=user[order], item=item[order],
                positive=positive[columns][order], table=table.take(pa.array(order)))
    return replace(data, log=other)


def _times(log: Log, past: Array, kept: int, moment: int, rng: np.random.Generator) -> tuple[I64, I64]:
    """When events happened and became available: the past's as they were, the future's anew."""
    span = max(int(log.available[-1]) - moment, 1)
    fresh = moment + rng.integers(0, span, kept) * (rng.random(kept) < 0.7)
    # where events arrive late, some of the future's happened before the moment
    late = rng.integers(0, DAY, kept) * (rng.random(kept) < 0.5) if (log.available > log.time).any() else 0
    return np.concatenate([log.time[past], fresh - late]), np.concatenate([log.available[past], fresh])


def _unknown_changed(design: Design, log: Log, rows: I64, unknown: Array, rng: np.random.Generator) -> pa.Table:
    """The log's columns at `rows`; the late ones from others where unknown."""
    table = log.table.take(pa.array(rows))
    hidden = np.flatnonzero(unknown[rows])
    other = rows.copy()
    other[hidden] = rng.choice(np.flatnonzero(unknown), len(hidden)) if len(hidden) else 0
    for name in sorted(late_columns(design) & set(table.column_names)):
        table = table.set_column(table.column_names.index(name), name, log.table[name].take(pa.array(other)))
    return table


def places(features: Features) -> Iterator[tuple[Feature, slice]]:
    """Each feature and where its columns stand."""
    column = 0
    for feature in features.features:
        yield feature, slice(column, column := column + len(feature.names))


def _differ(before: F32, after: F32) -> Array:
    """[n] whether any column of a row differs in a bit; two missing values are equal."""
    same: Array = ((before == after) | np.isnan(before) & np.isnan(after)).all(axis=1)
    return ~same


def _leak(feature: Feature, code: str, row_time: int, read_time: int, problem: str) -> LeakError:
    path, column = feature.path, str(feature.part.params.get(feature.part.name, ""))
    return LeakError(f"data.features.{path}", f"feature '{path}' reads the future of column '{column}': {problem}",
                     HINT, feature=path, column=column, row_time=row_time, read_time=read_time, code=code)


def _first_future(data: Data, moment: int) -> int:
    """When the first event that was changed became available."""
    future = data.log.available[data.log.available >= moment]
    return int(future.min()) if len(future) else moment


def day(time: int) -> str:
    """A moment to the second, for a message."""
    return str(np.datetime64(time, "us").astype("datetime64[s]"))
