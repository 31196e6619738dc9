"""The replay at the end of a run: silent where both executions agree, and able to speak where they do not."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings

from sevenfold import features
from sevenfold.audit.parity import parity
from sevenfold.features.flow import Totals
from sevenfold.features.online import Reading
from sevenfold.nouns import Data, Requests
from toy_logs import SECOND, USERS, design, worlds


def asked() -> Requests:
    times = np.repeat(np.array([4, 9, 15, 22, 31]) * SECOND, USERS + 1)
    return Requests(time=times, user=np.tile(np.arange(-1, USERS), 5).astype(np.int32))


@settings(max_examples=30, deadline=None)
@given(data=worlds())
def test_both_executions_agree_on_any_log(data: Data) -> None:
    assert parity(features.fit(design(), data, 12 * SECOND), data, asked()) == []


def busy() -> Data:
    found: list[Data] = []

    @settings(max_examples=100, deadline=None, database=None)
    @given(data=worlds())
    def look(data: Data) -> None:
        if len(data.log) > 20 and not found:
            found.append(data)

    look()
    return found[0]


@pytest.mark.parametrize(("owner", "verb", "feature"), [(Totals, "_added", "item.events"), (Reading, "added", "user.paid")])
def test_a_difference_names_the_feature_the_row_and_both_values(monkeypatch, owner, verb: str, feature: str) -> None:
    data = busy()
    honest = getattr(owner, verb)

    def skewed(self, *given):
        made = honest(self, *given)
        return (made[0] + 1, made[1]) if isinstance(made, tuple) else made + 1

    monkeypatch.setattr(owner, verb, skewed)
    leaks = parity(features.fit(design(), data, 12 * SECOND), data, asked())
    leak = next(one for one in leaks if one.feature == feature)
    assert leak.code == "X09"
    assert f"feature '{feature}' is served as " in leak.problem
    assert " and was trained as " in leak.problem
    assert " for user " in leak.problem
    assert leak.row_time is not None
