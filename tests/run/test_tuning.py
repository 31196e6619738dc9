"""Tuning: one budget, the defaults first, the document's own words untouched."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sevenfold import data as sources
from sevenfold import design as documents
from sevenfold.data.splits import cuts
from sevenfold.design.sections import Part
from sevenfold.registry import LEARNERS, RETRIEVERS
from sevenfold.run.fit import Ready, prepare
from sevenfold.run.tuning import first, newest, open_to, settled, tune, tune_retrievers, worth
from sevenfold.testing import toy


@pytest.fixture(scope="module")
def design(design: Path) -> documents.Design:
    return documents.load(design)


@pytest.fixture(scope="module")
def ready(design: documents.Design) -> Ready:
    data = sources.load(design)
    return prepare(design, design.solutions["popular"], data, cuts(data, design), 0)


def trials(design: documents.Design, count: int) -> documents.Design:
    return replace(design, evaluation=replace(design.evaluation, trials=count))


def test_the_defaults_are_tried_first_and_the_best_is_no_worse(design: documents.Design, ready: Ready) -> None:
    found = tune(trials(design, 4), ready)
    (one,) = found.values()
    assert one.trials == 4
    assert one.best >= one.default
    assert set(one.params) <= {"regularisation"}
    assert tune(trials(design, 4), ready) == found


def test_without_trials_nothing_is_tried(design: documents.Design, ready: Ready) -> None:
    assert tune(trials(design, 1), ready) == {}


def test_what_the_document_says_is_left_as_it_is(ready: Ready) -> None:
    assert set(open_to(LEARNERS, ready.learner)) == {"regularisation"}
    assert open_to(LEARNERS, Part("logistic", {"regularisation": 2.0})) == {}
    assert set(open_to(RETRIEVERS, Part("als", {"confidence": 2.0}))) == {"regularisation"}
    assert tune(design, replace(ready, learner=None)) == {}


def test_a_retriever_alone_is_tuned_by_the_metric_and_among_others_by_its_recall(design: documents.Design) -> None:
    data = sources.load(design)
    few, when = trials(design, 3), cuts(data, design)
    alone = replace(design.solutions["popular"], retrieve=(Part("popular", {}),), rank=None)
    found = tune_retrievers(few, alone, data, when)
    assert found["popular"].metric == design.evaluation.metric
    assert found["popular"].best >= found["popular"].default > 0
    assert tune_retrievers(few, alone, data, when) == found
    known = dict.fromkeys([f"{alone.retrieve[0]} {design.evaluation.metric}"], found["popular"])
    assert tune_retrievers(few, alone, data, when, known)["popular"] is found["popular"], "not tried again"
    both = replace(alone, retrieve=(Part("popular", {"half_life": 864000.0}), Part("neighbours", {})))
    found = tune_retrievers(few, both, data, when)
    assert list(found) == ["neighbours"], "what the document says is left as it is"
    assert found["neighbours"].metric.startswith("recall@")
    assert settled(both, found).retrieve[0] == both.retrieve[0]
    assert settled(both, found).retrieve[1].params == found["neighbours"].params


def test_a_retriever_learns_from_the_newest_events(design: documents.Design) -> None:
    interactions = toy()[0]
    some = newest(interactions, 7)
    assert len(some.user) == 7
    assert some.time.min() >= np.sort(interactions.time)[-7]


def test_a_part_of_the_rows_ends_between_requests(ready: Ready) -> None:
    some = first(ready.train, 500)
    assert 0 < len(some) <= 500
    assert some.request[-1] < ready.train.request[len(some)]
    np.testing.assert_array_equal(some.history[some.request], ready.train.history[ready.train.request[:len(some)]])
    assert np.array_equal(some.label, ready.train.label[:len(some)])


def test_the_metric_on_rows_is_that_of_the_lists_they_make(design: documents.Design, ready: Ready) -> None:
    perfect = worth(design, ready.validate, ready.validate.label, None)
    assert perfect == pytest.approx(1.0)
    assert worth(design, ready.validate, -ready.validate.label, None) < 0.1
