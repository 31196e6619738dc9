"""Every metric against a loop that follows its definition, and against values worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from sevenfold.evaluation import metrics
from sevenfold.nouns import Candidates

ITEMS = np.array([[3, 1, 2, 0], [5, 4, -1, -1], [7, 8, 9, 6]], dtype=np.int32)
OFFSETS = np.array([0, 2, 3, 3])
RELEVANT = np.array([1, 0, 9], dtype=np.int32)


def oracle(shown: list[int], relevant: set[int], k: int) -> dict[str, float]:
    hits = [item in relevant and item >= 0 for item in shown]
    places = [place for place, hit in enumerate(hits, 1) if hit]
    best = sum(1 / math.log2(place + 1) for place in range(1, min(k, len(relevant)) + 1))
    return {
        "ndcg": sum(1 / math.log2(place + 1) for place in places) / best,
        "recall": len(places) / len(relevant),
        "precision": len(places) / k,
        "map": sum((n + 1) / place for n, place in enumerate(places)) / min(k, len(relevant)),
        "mrr": 1 / places[0] if places else 0.0,
        "hit_rate": float(bool(places)),
    }


def test_every_metric_agrees_with_its_definition() -> None:
    rng = np.random.default_rng(0)
    for k in (1, 5, 12):
        items = np.stack([rng.permutation(40)[:k] for _ in range(60)]).astype(np.int32)
        items[rng.random(items.shape) < 0.1] = -1
        sets = [rng.permutation(40)[: rng.integers(1, 20)] for _ in range(60)]
        offsets = np.concatenate([[0], np.cumsum([len(one) for one in sets])])
        found = metrics.per_request(items, offsets, np.concatenate(sets).astype(np.int32), k)
        for row in range(60):
            for name, value in oracle(items[row].tolist(), set(sets[row].tolist()), k).items():
                assert found[f"{name}@{k}"][row] == pytest.approx(value), name


def test_values_worked_out_by_hand() -> None:
    found = metrics.per_request(ITEMS, OFFSETS, RELEVANT, 4)
    assert found["ndcg@4"][0] == pytest.approx((1 / math.log2(3) + 1 / math.log2(5)) / (1 + 1 / math.log2(3)))
    assert found["map@4"][0] == pytest.approx((1 / 2 + 2 / 4) / 2)
    assert found["mrr@4"][:2].tolist() == [0.5, 0.0]
    assert all(math.isnan(values[2]) for values in found.values())  # nothing is relevant, so there is no value


def test_a_perfect_list_scores_one_and_an_item_named_twice_counts_once() -> None:
    found = metrics.per_request(ITEMS[:1, :1], np.array([0, 2]), np.array([3, 3], dtype=np.int32), 1)
    assert set(found) == {f"{name}@1" for name in metrics.REGISTRY}
    assert all(values.tolist() == [1.0] for values in found.values())


def test_only_the_first_k_places_count() -> None:
    assert metrics.per_request(ITEMS, OFFSETS, RELEVANT, 1)["recall@1"][0] == 0


def test_padding_is_never_a_hit_even_of_an_unknown_item() -> None:
    found = metrics.judge(np.array([[-1, 2]], dtype=np.int32), np.array([0, 1]), np.array([-1], dtype=np.int32))
    assert not found.hits.any()


def test_novelty_is_surprise_in_bits() -> None:
    popularity = np.array([7, 3, 3, 0, 0, 0, 0, 0, 0, 0])  # one is added to each: 23 in all
    found = metrics.novelty(np.array([[0, 1], [3, -1], [-1, -1]], dtype=np.int32), popularity)
    assert found[0] == pytest.approx((math.log2(23 / 8) + math.log2(23 / 4)) / 2)
    assert found[1] == pytest.approx(math.log2(23))
    assert math.isnan(found[2])


def test_coverage_counts_items_once_and_forgets_padding() -> None:
    assert metrics.coverage(np.array([[0, 1], [1, -1]], dtype=np.int32), alive=8) == 0.25
    assert metrics.coverage(np.full((2, 2), -1, dtype=np.int32), alive=0) == 0


def test_recall_of_a_stage_against_a_loop() -> None:
    rng = np.random.default_rng(1)
    request = np.sort(rng.integers(0, 20, 90)).astype(np.int32)
    item = rng.integers(0, 30, 90).astype(np.int32)
    sets = [rng.permutation(30)[: rng.integers(0, 6)] for _ in range(20)]
    offsets = np.concatenate([[0], np.cumsum([len(one) for one in sets])])
    proposed = Candidates(request=request, item=item, sources={}, ranks={})
    found = metrics.recall_of(proposed, offsets, np.concatenate(sets).astype(np.int32))
    for row, wanted in enumerate(sets):
        if len(wanted) == 0:
            assert math.isnan(found[row])
        else:
            assert found[row] == pytest.approx(np.isin(wanted, item[request == row]).mean())
