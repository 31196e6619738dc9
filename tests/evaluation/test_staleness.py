"""Lists that are older are asked as of an earlier moment, without a context, and judged by what followed all the same."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from sevenfold.evaluation import staleness
from sevenfold.evaluation.slices import Truth
from sevenfold.nouns import SECOND, Answers, Requests

HOUR = 3600


@dataclass
class Trend:
    """Knows what is wanted at each hour, and answers with what was wanted at the moment it is asked as of."""

    asked: list[Any] = field(default_factory=list)

    def answer(self, requests: Requests, k: int) -> Answers:
        self.asked.append(requests)
        first = (requests.time // (HOUR * SECOND)).astype(np.int32)
        items = first[:, None] + np.arange(k, dtype=np.int32)
        return Answers(items=items, scores=np.zeros(items.shape, np.float32))


def truth(wanted: Any) -> Truth:
    size = len(wanted)
    return Truth(user=np.arange(size, dtype=np.int32), offsets=np.arange(size + 1), relevant=wanted, alive=1000,
                 grade=np.ones(size, np.float32), cluster=np.arange(size), seed=0, classes=False,
                 user_events=np.ones(size, np.int64), item_events=np.ones(1000, np.int64))


def test_what_changes_by_the_hour_is_lost_with_the_hours() -> None:
    hours = np.arange(100, 140)
    requests = Requests(time=hours * HOUR * SECOND, user=np.arange(40, dtype=np.int32), context={"device": np.full(40, "tv")})
    pipeline = Trend()
    answers = staleness.replayed(pipeline, requests, 3, ages=(2 * HOUR, 6 * HOUR))  # type: ignore[arg-type]
    assert [one.time.tolist() for one in pipeline.asked] == [
        ((hours - age) * HOUR * SECOND).tolist() for age in (0, 2, 6)]
    assert [[*one.context] for one in pipeline.asked] == [["device"], [], []]
    two, six = staleness.costs(answers, truth(hours.astype(np.int32)), "ndcg@3")
    assert (two.age, six.age) == (2 * HOUR, 6 * HOUR)
    assert two.quality.value == pytest.approx(0.5)  # the wanted one stands at the third place: 1 / log2(4)
    assert two.lost.value == pytest.approx(0.5)
    assert (six.quality.value, six.lost.value, six.lost.low) == (0.0, 1.0, 1.0)
    assert six.lost.requests == 40


def test_a_list_that_did_not_change_costs_nothing() -> None:
    requests = Requests(time=np.full(5, 100 * HOUR * SECOND), user=np.arange(5, dtype=np.int32))
    answers = dict.fromkeys(("online", "60"), Trend().answer(requests, 2).items)
    (one,) = staleness.costs(answers, truth(np.full(5, 100, np.int32)), "ndcg@2")
    assert (one.quality.value, one.lost.value, one.lost.low, one.lost.high) == (1.0, 0.0, 0.0, 0.0)
