"""Every learner keeps the contract, by its name and with each of its losses."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import numpy as np
import pytest

from sevenfold.errors import ModelError
from sevenfold.registry import LEARNERS
from sevenfold.testing import check_learner, toy_rows

LOSSES = [(name, loss) for name in LEARNERS.names() for loss in get_args(LEARNERS.schema(name)["loss"][0])]


@pytest.mark.parametrize(("name", "loss"), LOSSES)
def test_contract(name: str, loss: str) -> None:
    check_learner(name, loss=loss)


def test_contract_with_crosses() -> None:
    check_learner("logistic", crosses=(("user", "item"), ("good",)))


@pytest.mark.parametrize("name", LEARNERS.names())
def test_refit_as_kept_gives_the_same_without_validation(name: str) -> None:
    rows, nothing = toy_rows(1), toy_rows(9)
    learner = LEARNERS.make(name, {})
    learner.fit(rows, toy_rows(2), seed=5)
    twins = [LEARNERS.make(name, learner.kept()) for _ in range(2)]
    for twin, validate in zip(twins, (toy_rows(2), nothing), strict=True):
        twin.fit(rows, validate, seed=5)
        assert twin.kept() == learner.kept()
    np.testing.assert_array_equal(twins[0].scores(rows), twins[1].scores(rows))


@pytest.mark.parametrize("name", LEARNERS.names())
def test_labels_that_cannot_be_learned_from_are_refused(name: str) -> None:
    rows = toy_rows(1)
    with pytest.raises(ModelError, match=rf"{name}: every one of the {len(rows)} labels is 0, expected at least two values"):
        LEARNERS.make(name, {}).fit(replace(rows, label=np.zeros(len(rows), np.float32)), rows, seed=0)
    with pytest.raises(ModelError, match=f"{name}: got no labelled rows to learn from"):
        LEARNERS.make(name, {}).fit(replace(rows, label=None), rows, seed=0)


@pytest.mark.parametrize("name", LEARNERS.names())
def test_a_missing_column_is_named(name: str) -> None:
    rows = toy_rows(1)
    learner = LEARNERS.make(name, {})
    learner.fit(rows, toy_rows(2), seed=0)
    renamed = replace(rows, names=("god", *rows.names[1:]))
    with pytest.raises(ModelError, match=rf"{name}: needs the feature 'good', which the rows do not have\n.*Did you mean 'god'"):
        learner.scores(renamed)
