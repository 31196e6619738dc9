"""From lists to estimates: one truth, every solution."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from sevenfold.data.requests import Labelled
from sevenfold.evaluation import comparison, lists
from sevenfold.nouns import Data, Entities, Log, Requests

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
    users, items = (Entities(ids=np.arange(count), table=pa.table({"id": np.arange(count)})) for count in (USERS, ITEMS))
    asked = Requests(time=np.full(ASKED, 600), user=rng.integers(0, USERS, ASKED).astype(np.int32))
    return comparison.truth(Data(log=log, users=users, items=items), 600, Labelled(
        requests=asked, offsets=offsets, relevant=relevant, grade=np.ones(len(relevant), dtype=np.float32)), alive=ITEMS, seed=3)


def drawn(seed: int, truth: comparison.Truth, skill: float) -> np.ndarray:
    rng = np.random.default_rng(seed)
    shown = np.stack([rng.permutation(ITEMS)[:K] for _ in range(ASKED)]).astype(np.int32)
    knows = rng.random(ASKED) < skill
    shown[knows, 0] = truth.relevant[truth.offsets[:-1]][knows]
    return shown


def test_what_was_not_available_at_the_cut_is_not_known(truth: comparison.Truth) -> None:
    assert truth.user_events.sum() == truth.item_events.sum() == 595


def test_estimates_hold_every_metric_with_its_interval(truth: comparison.Truth) -> None:
    found = lists.estimates([drawn(seed, truth, 0.3) for seed in range(3)], truth)
    assert set(found) == {f"{name}@5" for name in ("ndcg", "recall", "precision", "map", "mrr", "hit_rate", "novelty",
                                                   "coverage")}
    assert found["coverage@5"].value == 1.0
    assert found["coverage@5"].low is None
    assert found["ndcg@5"].low < found["ndcg@5"].value < found["ndcg@5"].high
    assert found["ndcg@5"].requests == ASKED


def test_paired_gains_mirror_each_other(truth: comparison.Truth) -> None:
    answers = {name: [drawn(seed, truth, skill)] for seed, (name, skill) in enumerate({"weak": 0.1, "strong": 0.8}.items())}
    gains = lists.paired(answers, truth, "ndcg@5")
    assert gains["strong"]["weak"].low > 0
    assert gains["strong"]["weak"].value == pytest.approx(-gains["weak"]["strong"].value)


def test_a_grade_weighs_in_ndcg_alone(truth: comparison.Truth) -> None:
    graded = replace(truth, grade=np.tile(np.array([3.0, 1.0], dtype=np.float32), ASKED))
    shown = np.full((ASKED, K), -1, dtype=np.int32)
    shown[:, 0] = truth.relevant[truth.offsets[:-1] + 1]  # the lesser of the two, first
    assert lists.estimates([shown], graded)["ndcg@5"].value == pytest.approx(1 / (3 + 1 / np.log2(3)))
    assert lists.estimates([shown], graded)["recall@5"].value == pytest.approx(0.5)


def test_slices_leave_out_what_nobody_falls_into(truth: comparison.Truth) -> None:
    found = lists.by_slice([drawn(0, truth, 0.3)], truth, ("new_users", "new_items", "heavy_users"))
    assert set(found) == {"new_users", "new_items", "heavy_users"}
    assert 0 < found["new_items"]["recall@5"].requests < ASKED
    nobody = replace(truth, user_events=np.ones(USERS, dtype=int), item_events=np.ones(ITEMS, dtype=int))
    assert lists.by_slice([drawn(0, truth, 0.3)], nobody, ("new_users",)) == {}


def test_spread_is_the_mean_of_each_seed(truth: comparison.Truth) -> None:
    shown = [drawn(seed, truth, 0.3) for seed in range(2)]
    rows = lists.values(shown, truth)["mrr@5"]
    assert lists.spread(shown, truth)["mrr@5"] == pytest.approx(tuple(rows.mean(axis=1)))
