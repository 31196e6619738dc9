"""Choosing and merging candidates against plain loops."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from sevenfold.funnel.candidates import exclude, merge, places, top


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
    merged = merge({"a": scores, "b": other}, keep)
    for request in range(len(scores)):
        lists = [[i for i in sorted(range(scores.shape[1]), key=lambda i, row=m[request]: (-row[i], i))[:keep]
                  if np.isfinite(m[request, i])] for m in (scores, other)]
        mine = merged.item[merged.request == request]
        assert set(mine.tolist()) == turn_by_turn(lists, keep)
        assert (np.diff(mine) > 0).all()
        ranks = merged.ranks["b"][merged.request == request]
        assert [lists[1].index(i) if i in lists[1] else None for i in mine] == [
            None if np.isnan(rank) else int(rank) for rank in ranks]


def test_seen_and_unborn_items_are_not_proposed() -> None:
    scores = np.ones((2, 4), dtype=np.float32)
    offsets, seen = np.array([0, 1, 1]), np.array([2], dtype=np.int32)
    left = exclude(scores, offsets, seen, np.array([[True] * 4, [False, True, True, True]]))
    assert np.isfinite(left).tolist() == [[True, True, False, True], [False, True, True, True]]
    assert np.isfinite(scores).all(), "the input is not modified"


def test_nothing_to_propose_is_no_candidate() -> None:
    assert len(merge({"a": np.full((3, 2), -np.inf, dtype=np.float32)}, 5)) == 0


def test_places_count_from_zero_in_each_request() -> None:
    assert places(np.array([0, 0, 2, 2, 2, 5], dtype=np.int32)).tolist() == [0, 1, 0, 1, 2, 0]


def test_a_source_proposes_no_more_than_its_quota() -> None:
    scores = np.arange(12, dtype=np.float32)[None]
    merged = merge({"few": scores, "all": -scores}, 6, {"few": 2})
    assert np.isfinite(merged.ranks["few"]).sum() == 2
    assert set(merged.item.tolist()) == {11, 10, 0, 1, 2, 3}
