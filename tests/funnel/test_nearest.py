"""The nearest items: an index where they are many against all products, and what came after it was built."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sevenfold.errors import ModelError
from sevenfold.funnel.candidates import Allowed, listed, top
from sevenfold.funnel.nearest import LARGE, Near, Nearest

ITEMS, DIMENSIONS, K = LARGE + 5_000, 16, 50


def vectors(count: int, seed: int) -> np.ndarray:
    draw, centres = np.random.default_rng(seed), np.random.default_rng(0).normal(size=(200, DIMENSIONS))
    return (centres[draw.integers(0, 200, count)] + 0.5 * draw.normal(size=(count, DIMENSIONS))).astype(np.float32)


@pytest.fixture(scope="module")
def many() -> Nearest:
    found = vectors(ITEMS, 1)
    found[:100] = 0  # never found
    return Nearest(found)


def test_an_index_finds_nearly_what_all_products_do_and_scores_it_exactly(many: Nearest) -> None:
    queries = vectors(40, 2)
    found, scores = many.best(queries, K), many.scores(queries)
    exact = top(scores, K)
    assert np.mean([len(np.intersect1d(one, other)) / K for one, other in zip(found.items, exact)]) > 0.9
    assert (np.take_along_axis(scores, found.items, axis=1) == found.scores).all(), "to the last bit"
    assert (np.diff(found.scores, axis=1) <= 0).all()
    assert found.items.min() >= 100


def test_a_batch_finds_what_its_singles_do_and_a_query_of_zeros_nothing(many: Nearest) -> None:
    queries = np.concatenate([vectors(5, 3), np.zeros((1, DIMENSIONS), np.float32)])
    together = many.best(queries, K)
    for row in range(6):
        alone = many.best(queries[row:row + 1], K)
        assert alone.items[0].tolist() == together.items[row].tolist() or row == 5
    assert not np.isfinite(together.scores[5]).any()
    assert not np.isfinite(many.of(queries[[5, 0]], np.array([500, 7], np.int32))).any()


def test_new_items_are_found_without_building_again(many: Nearest) -> None:
    queries = vectors(3, 4)
    longer = many.extended(2 * queries)
    assert longer.index is many.index
    found = longer.best(queries, K)
    assert (found.items == np.arange(ITEMS, ITEMS + 3)[:, None]).any(axis=1).all(), "each stands where a query looks"
    assert longer.best(queries, K).items.max() >= ITEMS
    assert many.best(queries, K).items.max() < ITEMS


def test_so_many_may_not_be_shown_that_the_source_is_asked_for_more(many: Nearest) -> None:
    query = vectors(1, 5)
    nearest = top(many.scores(query), 400)[0]
    allowed = Allowed(offsets=np.array([0, 1]), seen=np.array([nearest[0]], np.int32), time=np.array([10]), items=ITEMS,
                      born=np.where(np.isin(np.arange(ITEMS), nearest), 20, 0))  # the nearest do not exist yet
    found = listed(Near(nearest=many, queries=query), K, allowed)
    assert len(found.item) == K
    assert found.rank.tolist() == list(range(K))
    assert not np.isin(found.item, nearest).any()


def test_an_index_is_read_back_and_another_one_is_refused(many: Nearest, tmp_path: Path) -> None:
    many.save(tmp_path)
    again = Nearest(many.vectors).load(tmp_path)
    queries = vectors(3, 6)
    assert (again.best(queries, K).items == many.best(queries, K).items).all()
    with pytest.raises(ModelError, match=r"items\.faiss: holds 54900 vectors of 16 numbers, expected 54999 of 16"):
        Nearest(vectors(ITEMS - 1, 1)).load(tmp_path)
    (tmp_path / "items.faiss").write_bytes(b"no index")
    with pytest.raises(ModelError, match=r"items\.faiss: cannot be read"):
        Nearest(many.vectors).load(tmp_path)


def test_few_items_need_no_index_and_leave_none_behind(tmp_path: Path) -> None:
    few = Nearest(vectors(300, 1))
    few.save(tmp_path)
    assert not list(tmp_path.iterdir())
    assert (few.best(vectors(2, 2), 7).items == top(few.scores(vectors(2, 2)), 7)).all()
