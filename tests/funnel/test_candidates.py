"""Choosing and merging candidates against plain loops."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from sevenfold.funnel.candidates import Allowed, Sparse, Whole, listed, merge, merged, places, top


@st.composite
def score_tables(draw: st.DrawFn) -> np.ndarray:
    rows, columns = draw(st.integers(1, 5)), draw(st.integers(1, 12))
    cells = st.sampled_from([-np.inf, 0.0, 0.5, 0.5, 1.0, 2.0, 3.5])
    return np.array(draw(st.lists(cells, min_size=rows * columns, max_size=rows * columns)),
                    dtype=np.float32).reshape(rows, columns)


@given(score_tables(), st.integers(1, 15))
def test_top_is_the_stable_sort(scores: np.ndarray, k: int) -> None:
    for row, chosen in zip(scores, top(scores, k), strict=True):
        expected = sorted(range(len(row)), key=lambda item: (-row[item], item))[:k]
        assert chosen.tolist() == expected


def turn_by_turn(lists: list[list[int]], keep: int) -> set[int]:
    kept: list[int] = []
    for place in range(max(map(len, lists), default=0)):
        for source in lists:
            if place < len(source) and source[place] not in kept:
                kept.append(source[place])
    return set(kept[:keep])


@given(score_tables(), st.integers(1, 15), st.integers(0, 2**16))
@settings(max_examples=200)
def test_merge_takes_turns_and_keeps_each_item_once(scores: np.ndarray, keep: int, seed: int) -> None:
    other = np.random.default_rng(seed).permutation(scores.ravel()).reshape(scores.shape)
    found = merged({"a": scores, "b": other}, keep)
    for request in range(len(scores)):
        lists = [[i for i in sorted(range(scores.shape[1]), key=lambda i, row=m[request]: (-row[i], i))[:keep]
                  if np.isfinite(m[request, i])] for m in (scores, other)]
        mine = found.item[found.request == request]
        assert set(mine.tolist()) == turn_by_turn(lists, keep)
        assert (np.diff(mine) > 0).all()
        ranks = found.ranks["b"][found.request == request]
        assert [lists[1].index(i) if i in lists[1] else None for i in mine] == [
            None if np.isnan(rank) else int(rank) for rank in ranks]


def test_seen_and_unborn_items_are_not_proposed() -> None:
    scores = np.ones((2, 4), dtype=np.float32)
    offsets, seen = np.array([0, 1, 1]), np.array([2], dtype=np.int32)
    allowed = Allowed(offsets=offsets, seen=seen, time=np.array([9, 3]), born=np.array([5, 0, 0, 0]), items=4)
    left = allowed.only(scores)
    assert np.isfinite(left).tolist() == [[True, True, False, True], [False, True, True, True]]
    assert np.isfinite(scores).all(), "the input is not modified"
    assert allowed(np.array([0, 0, 1, 1], np.int32), np.array([2, 0, 0, 2], np.int32)).tolist() == [False, True, False, True]


def test_nothing_to_propose_is_no_candidate() -> None:
    assert len(merged({"a": np.full((3, 2), -np.inf, dtype=np.float32)}, 5)) == 0


def test_places_count_from_zero_in_each_request() -> None:
    assert places(np.array([0, 0, 2, 2, 2, 5], dtype=np.int32)).tolist() == [0, 1, 0, 1, 2, 0]


def test_a_source_proposes_no_more_than_its_quota() -> None:
    scores = np.arange(12, dtype=np.float32)[None]
    found = merge({"few": listed(Whole(scores=scores), 2), "all": listed(Whole(scores=-scores), 6)}, 6, 12)
    assert np.isfinite(found.ranks["few"]).sum() == 2
    assert set(found.item.tolist()) == {11, 10, 0, 1, 2, 3}


@given(score_tables(), st.integers(1, 6), st.integers(0, 2**16))
@settings(max_examples=200)
def test_a_list_of_few_is_that_of_all(scores: np.ndarray, keep: int, seed: int) -> None:
    """Asked for its best alone, and again for more until enough may be shown, a source proposes what its scores would."""
    draw, (rows, items) = np.random.default_rng(seed), scores.shape
    seen = [np.flatnonzero(draw.random(items) < 0.3) for _ in range(rows)]
    allowed = Allowed(offsets=np.cumsum([0, *map(len, seen)]), seen=np.concatenate(seen).astype(np.int32), items=items + 1,
                      time=draw.integers(0, 4, rows), born=draw.integers(0, 4, items + 1))
    there = np.isfinite(scores)
    sparse = Sparse(key=np.flatnonzero(there), scores=scores[there], requests=rows, items=items)
    whole = listed(Whole(scores=allowed.only(scores)), keep)
    for opinion in (Whole(scores=scores), sparse):
        found = listed(opinion, keep, allowed)
        for one in ("request", "item", "rank"):
            assert getattr(found, one).tolist() == getattr(whole, one).tolist()
    a, b = (merge({"a": one}, keep, items + 1) for one in (whole, listed(sparse, keep, allowed)))
    assert a.item.tolist() == b.item.tolist()
    assert a.sources["a"].tolist() == b.sources["a"].tolist()
