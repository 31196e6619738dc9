"""Every learner keeps the contract, by its name and with each of its losses."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import numpy as np
import pytest

from sevenfold.errors import ModelError
from sevenfold.nouns import Rows
from sevenfold.registry import LEARNERS
from sevenfold.testing import TOYS, check_learner, toy_rows

LEARNED = [name for name in LEARNERS.names() if name != "resource_allocation"]  # which is a rule
LOSSES = [(name, loss) for name in LEARNED for loss in get_args(LEARNERS.schema(name).get("loss", (None,))[0])]
FREE = [name for name in LEARNED if "loss" not in LEARNERS.schema(name)]
OF_FEATURES = [name for name in LEARNED if not hasattr(LEARNERS.get(name), "reads")]


@pytest.mark.parametrize(("name", "loss"), LOSSES)
def test_contract(name: str, loss: str) -> None:
    check_learner(name, loss=loss)


@pytest.mark.parametrize("name", FREE)
def test_contract_without_a_loss(name: str) -> None:
    check_learner(name)


def toy(name: str, seed: int) -> Rows:
    return TOYS[getattr(LEARNERS.get(name), "reads", "features")](seed)


def test_contract_with_crosses() -> None:
    check_learner("logistic", crosses=(("user", "item"), ("good",)))


@pytest.mark.parametrize("name", LEARNED)
def test_refit_as_kept_gives_the_same_without_validation(name: str) -> None:
    rows, nothing = toy(name, 1), toy(name, 9)
    learner = LEARNERS.make(name, {})
    learner.fit(rows, toy(name, 2), seed=5)
    twins = [LEARNERS.make(name, learner.kept()) for _ in range(2)]
    for twin, validate in zip(twins, (toy(name, 2), nothing), strict=True):
        twin.fit(rows, validate, seed=5)
        assert twin.kept() == learner.kept()
    np.testing.assert_array_equal(twins[0].scores(rows), twins[1].scores(rows))


@pytest.mark.parametrize("name", LEARNED)
def test_labels_that_cannot_be_learned_from_are_refused(name: str) -> None:
    rows = toy(name, 1)
    with pytest.raises(ModelError, match=rf"{name}: every one of the {len(rows)} labels is 0, expected at least two values"):
        LEARNERS.make(name, {}).fit(replace(rows, label=np.zeros(len(rows), np.float32)), rows, seed=0)
    with pytest.raises(ModelError, match=f"{name}: got no labelled rows to learn from"):
        LEARNERS.make(name, {}).fit(replace(rows, label=None), rows, seed=0)


@pytest.mark.parametrize("name", OF_FEATURES)
def test_a_missing_column_is_named(name: str) -> None:
    rows = toy_rows(1)
    learner = LEARNERS.make(name, {})
    learner.fit(rows, toy_rows(2), seed=0)
    renamed = replace(rows, names=("god", *rows.names[1:]))
    with pytest.raises(ModelError, match=rf"{name}: needs the feature 'good', which the rows do not have\n.*Did you mean 'god'"):
        learner.scores(renamed)
