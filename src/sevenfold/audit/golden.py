"""Is one feature alone nearly the answer? Every column as of its request, held against what was relevant.

Beside each relevant item stands the item of an event around the same time, so that what is merely popular tells nothing;
left out is what the same user acts on later, which is as good an answer.
"""

from __future__ import annotations

import numpy as np

from sevenfold.audit.case import Case
from sevenfold.audit.giveaway import either, few
from sevenfold.audit.probe import places
from sevenfold.data.requests import Labelled
from sevenfold.errors import LeakError
from sevenfold.funnel.pipeline import given
from sevenfold.nouns import F32, I64, Bools, Candidates, Log

EXAMPLES = 10_000  # of either class, at most
NEAR = 500  # events before and after a request, whose items it is compared with


def golden_features(case: Case) -> list[LeakError]:
    """The features of which one column alone tells the relevant items apart; code X12."""
    asked = case.labelled(case.cuts.ranker_from, case.cuts.train_until)
    if not (len(asked) and case.features.features):
        return []
    candidates, label = _examples(case, asked)
    if few(label):
        return []
    values = case.view.rows(asked.requests, candidates).values
    leaks = []
    for feature, columns in places(case.features):
        weighed = (_weighed(name, column, label) for name, column in zip(feature.names, values[:, columns].T))
        excess, told, name = max(weighed, default=(0.0, "", ""))
        if excess > 0:
            leaks.append(LeakError(f"data.features.{feature.path}", f"feature '{name}' alone is nearly the answer: {told}",
                                   "Find out how it can know; waive X12 where it honestly does.", feature=feature.path,
                                   column=str(feature.part.params.get(feature.part.name, "")), code="X12",
                                   row_time=int(asked.requests.time[0]), read_time=int(asked.requests.time[0])))
    return leaks


def _weighed(name: str, column: F32, label: Bools) -> tuple[float, str, str]:
    """How far a column goes beyond the limit, its missing values below all others or above them."""
    return max((*either(np.where(np.isnan(column), end, column), label, "its order"), name) for end in (-np.inf, np.inf))


def _examples(case: Case, asked: Labelled) -> tuple[Candidates, Bools]:
    """Relevant items of requests and as many others, each pair once, in rising order; and which are relevant.

    Of requests about items these items themselves, and of which the label lies above its mean.
    """
    if asked.requests.item is not None:
        return given(asked.requests), asked.grade > asked.grade.mean()
    rng, log, items = np.random.default_rng(case.seed), case.thin.log, np.int64(len(case.data.items))
    owner = np.repeat(np.arange(len(asked)), np.diff(asked.offsets))
    chosen = rng.choice(len(owner), min(EXAMPLES, len(owner)), replace=False)
    relevant, owner = (owner * items + asked.relevant)[chosen], owner[chosen]
    time, user = asked.requests.time[owner], asked.requests.user[owner]
    item = log.item[np.clip(np.searchsorted(log.time, time) + rng.integers(-NEAR, NEAR, len(chosen)), 0, len(log) - 1)]
    others = (owner * items + item)[_last_act(log, items, user * items + item) <= time]
    pairs = np.union1d(relevant, others)
    request, item = (pairs // items).astype(np.int32), (pairs % items).astype(np.int32)
    return Candidates(request=request, item=item, sources={}, ranks={}), np.isin(pairs, relevant)


def _last_act(log: Log, items: np.int64, pair: I64) -> I64:
    """When each user last had a positive event with the item; long ago where never."""
    rows = np.flatnonzero(log.positive)[::-1]
    known, first = np.unique(log.user[rows] * items + log.item[rows], return_index=True)
    place = np.minimum(np.searchsorted(known, pair), len(known) - 1)
    return np.where(known[place] == pair, log.time[rows[first[place]]], np.iinfo(np.int64).min)
