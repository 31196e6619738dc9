"""From lists to estimates: one truth, every solution."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from sevenfold.evaluation import comparison
from sevenfold.nouns import Log

USERS, ITEMS, ASKED, K = 80, 30, 240, 5


@pytest.fixture(scope="module")
def truth() -> comparison.Truth:
    rng = np.random.default_rng(0)
    time = np.arange(1_000)
    log = Log(time=time, available=time + 5, user=rng.integers(0, USERS - 20, 1_000).astype(np.int32),
              item=rng.integers(0, ITEMS - 5, 1_000).astype(np.int32), positive=np.ones(1_000, dtype=bool),
              table=pa.table({"time": time}))
    offsets = np.arange(ASKED + 1) * 2
    relevant = np.stack([rng.permutation(ITEMS)[:2] for _ in range(ASKED)]).ravel().astype(np.int32)
    return comparison.truth(log, 600, rng.integers(0, USERS, ASKED).astype(np.int32), offsets, relevant, users=USERS,
                            items=ITEMS, alive=ITEMS, seed=3)


def lists(seed: int, truth: comparison.Truth, skill: float) -> np.ndarray:
    rng = np.random.default_rng(seed)
    shown = np.stack([rng.permutation(ITEMS)[:K] for _ in range(ASKED)]).astype(np.int32)
    knows = rng.random(ASKED) < skill
    shown[knows, 0] = truth.relevant[truth.offsets[:-1]][knows]
    return shown


def test_what_was_not_available_at_the_cut_is_not_known(truth: comparison.Truth) -> None:
    assert truth.user_events.sum() == truth.item_events.sum() == 595


def test_estimates_hold_every_metric_with_its_interval(truth: comparison.Truth) -> None:
    found = comparison.estimates([lists(seed, truth, 0.3) for seed in range(3)], truth)
    assert set(found) == {f"{name}@5" for name in ("ndcg", "recall", "precision", "map", "mrr", "hit_rate", "novelty",
                                                   "coverage")}
    assert found["coverage@5"].value == 1.0
    assert found["coverage@5"].low is None
    assert found["ndcg@5"].low < found["ndcg@5"].value < found["ndcg@5"].high
    assert found["ndcg@5"].requests == ASKED


def test_paired_gains_mirror_each_other_and_follow_the_direction(truth: comparison.Truth) -> None:
    values = {name: comparison.values([lists(seed, truth, skill)], truth)["ndcg@5"]
              for seed, (name, skill) in enumerate({"weak": 0.1, "strong": 0.8}.items())}
    gains = comparison.paired(values, truth)
    assert gains["strong"]["weak"].low > 0
    assert gains["strong"]["weak"].value == pytest.approx(-gains["weak"]["strong"].value)
    reversed_ = comparison.paired(values, truth, higher_is_better=False)
    assert reversed_["strong"]["weak"].high < 0


def test_slices_leave_out_what_nobody_falls_into(truth: comparison.Truth) -> None:
    found = comparison.by_slice([lists(0, truth, 0.3)], truth, ("new_users", "new_items", "heavy_users"))
    assert set(found) == {"new_users", "new_items", "heavy_users"}
    assert 0 < found["new_items"]["recall@5"].requests < ASKED
    nobody = comparison.Truth(user=truth.user, offsets=truth.offsets, relevant=truth.relevant, alive=ITEMS,
                              user_events=np.ones(USERS, dtype=int), item_events=np.ones(ITEMS, dtype=int))
    assert comparison.by_slice([lists(0, truth, 0.3)], nobody, ("new_users",)) == {}


def test_spread_is_the_mean_of_each_seed(truth: comparison.Truth) -> None:
    shown = [lists(seed, truth, 0.3) for seed in range(2)]
    rows = comparison.values(shown, truth)["mrr@5"]
    assert comparison.spread(rows) == pytest.approx(tuple(rows.mean(axis=1)))
