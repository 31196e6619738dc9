from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sevenfold.errors import ModelError
from sevenfold.models.resource_allocation import ResourceAllocation
from sevenfold.testing import check_learner, toy_rows


def test_contract() -> None:
    check_learner("resource_allocation", by="good")


def test_one_feature_is_the_score() -> None:
    rows = replace(toy_rows(1), names=("user.allocation", "pair.holes", "same", "noise"))
    learner = ResourceAllocation()
    learner.fit(rows, rows, seed=0)
    np.testing.assert_array_equal(learner.scores(rows), rows.values[:, 0])
    assert learner.weights() == {"user.allocation": 1.0, "pair.holes": 0.0, "same": 0.0, "noise": 0.0}
    other = ResourceAllocation(by="pair.holes")
    other.fit(rows, rows, seed=0)
    np.testing.assert_array_equal(other.scores(rows), np.nan_to_num(rows.values[:, 1]))


def test_a_feature_that_is_not_there_is_named() -> None:
    with pytest.raises(ModelError, match=r"resource_allocation\.by: no feature is called 'allocation'"):
        ResourceAllocation().fit(toy_rows(1), toy_rows(2), seed=0)
