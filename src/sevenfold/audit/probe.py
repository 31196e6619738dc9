"""Does the past move when the future does? The log from T on is scrambled; every feature asked up to T must stay.

What was not yet available at T is the future, and so is a label that was not yet known. Half of the future's events
are deleted; users, items, labels and columns of the others change places, and their times are drawn anew from T on,
some of them at T itself. Encoders and priors stay frozen, for that question is about reading; then the features are fitted
once more on a log scrambled from their cut on, and what was frozen must come out the same.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa

from sevenfold.design.sections import Design
from sevenfold.errors import LeakError
from sevenfold.features import Feature, Features, fit
from sevenfold.nouns import F32, Array, Candidates, Data, Log, Requests

MOMENTS = 4
REQUESTS = 200  # asked about at each moment: the last ones up to it
ITEMS = 8  # of each request


def future_scramble(design: Design, data: Data, features: Features, requests: Requests, *,
                    seed: int) -> list[LeakError]:
    """The features that move with the future, each once; codes X13 (reads it) and X05 (was fitted on it)."""
    if not (len(data.log) and len(requests) and features.features):
        return []
    rng = np.random.default_rng(seed)
    found: dict[str, LeakError] = {}
    # moments at which somebody asks, or an event at the very moment would never be put to the proof
    for moment in np.unique(np.quantile(requests.time, np.linspace(0.2, 0.95, MOMENTS), method="nearest")):
        for leak in _read(features, data, requests, int(moment), rng):
            found.setdefault(leak.feature, leak)
    for leak in _fitted(design, data, features, rng):
        found.setdefault(leak.feature, leak)
    return list(found.values())


def _read(features: Features, data: Data, requests: Requests, moment: int,
          rng: np.random.Generator) -> list[LeakError]:
    asked = _last(requests, moment)
    item = rng.choice(data.log.item, (len(asked), ITEMS)).astype(np.int32)
    candidates = Candidates(request=np.arange(len(asked), dtype=np.int32).repeat(ITEMS), item=item.ravel(),
                            sources={}, ranks={})
    wait = data.label_wait if features.label_is_own or data.impressions else 0
    before = features.over(data).rows(asked, candidates).values
    after = features.over(scramble(data, moment, wait, rng)).rows(asked, candidates).values
    leaks, column = [], 0
    for feature in features.features:
        columns = slice(column, column := column + len(feature.names))
        moved = np.flatnonzero(_differ(before[:, columns], after[:, columns]))
        if len(moved):
            row_time = int(asked.time[candidates.request[moved]].min())
            leaks.append(_leak(feature, "X13", row_time, _first_future(data, moment),
                               f"its values at {_day(row_time)} move when events from {_day(moment)} on are scrambled"))
    return leaks


def _fitted(design: Design, data: Data, features: Features, rng: np.random.Generator) -> list[LeakError]:
    again = fit(design, scramble(data, features.cut, data.label_wait, rng), features.cut)
    return [_leak(old, "X05", features.cut, _first_future(data, features.cut),
                  f"what it was fitted on moves when events from {_day(features.cut)} on, the cut, are scrambled")
            for old, new in zip(features.features, again.features, strict=True)
            if old.fitted.columns != new.fitted.columns or any(
                array.tobytes() != new.fitted.state[name].tobytes() for name, array in old.fitted.state.items())]


def scramble(data: Data, moment: int, wait: int, rng: np.random.Generator) -> Data:
    """The same data with another future; `wait` µs after its event a label is known."""
    log = data.log
    unknown = np.flatnonzero(log.available + wait >= moment)
    positive = log.positive.copy()
    positive[unknown] = rng.random(len(unknown)) < 0.5
    future = log.available >= moment
    past, kept = np.flatnonzero(~future), np.flatnonzero(future)
    kept = kept[rng.random(len(kept)) < 0.5]
    span = max(int(log.available[-1]) - moment, 1)
    fresh = moment + rng.integers(0, span, len(kept)) * (rng.random(len(kept)) < 0.9)
    swap = [np.concatenate([past, rng.permutation(kept)]) for _ in range(3)]
    time = np.concatenate([log.time[past], fresh])
    available = np.concatenate([log.available[past], fresh])
    order = np.argsort(time, kind="stable")
    users, items, columns = (rows[order] for rows in swap)
    other = Log(time=time[order], available=available[order], user=log.user[users], item=log.item[items],
                positive=positive[columns], table=log.table.take(pa.array(columns)))
    return replace(data, log=other)


def _last(requests: Requests, moment: int) -> Requests:
    """The last requests up to a moment."""
    rows = np.flatnonzero(requests.time <= moment)
    return requests.take(np.sort(rows[np.argsort(requests.time[rows], kind="stable")[-REQUESTS:]]))


def _differ(before: F32, after: F32) -> Array:
    """[n] whether any column of a row differs in a bit; two missing values are equal."""
    same: Array = ((before == after) | np.isnan(before) & np.isnan(after)).all(axis=1)
    return ~same


def _leak(feature: Feature, code: str, row_time: int, read_time: int, problem: str) -> LeakError:
    path, column = feature.path, str(feature.part.params.get(feature.part.name, ""))
    return LeakError(f"data.features.{path}", f"feature '{path}' reads the future of column '{column}': {problem}",
                     "A feature at time t may read only what was available strictly before t.",
                     feature=path, column=column, row_time=row_time, read_time=read_time, code=code)


def _first_future(data: Data, moment: int) -> int:
    """When the first event that was scrambled became available."""
    future = data.log.available[data.log.available >= moment]
    return int(future.min()) if len(future) else moment


def _day(time: int) -> str:
    return str(np.datetime64(time, "us").astype("datetime64[s]"))
