"""Who is new and who is heavy, and what of a request belongs to a slice."""

from __future__ import annotations

from typing import get_args

import numpy as np

from sevenfold.design.sections import Slice
from sevenfold.evaluation import slices

CONTEXT = slices.Context(
    user=np.array([0, 1, -1, 2], dtype=np.int32), offsets=np.array([0, 2, 3, 5, 6]),
    relevant=np.array([0, 1, 2, 0, 2, 1], dtype=np.int32), grade=np.arange(6, dtype=np.float32),
    user_events=np.array([9, 0, 3, *range(1, 18)]), item_events=np.array([4, 0, 7]))


def test_new_users_have_no_known_event_or_no_code() -> None:
    assert slices.new_users(CONTEXT).tolist() == [False, False, True, True, True, False]


def test_new_items_are_judged_alone() -> None:
    entries = slices.new_items(CONTEXT)
    offsets, relevant, grade = slices.restrict(CONTEXT, entries)
    assert offsets.tolist() == [0, 1, 1, 1, 2]
    assert relevant.tolist() == [1, 1]
    assert grade.tolist() == [1, 5]


def test_what_is_no_item_of_the_catalogue_is_new() -> None:
    asked = slices.Context(user=np.zeros(2, dtype=np.int32), offsets=np.arange(3), relevant=np.array([-1, 0], dtype=np.int32),
                           grade=np.ones(2, dtype=np.float32), user_events=np.ones(1, dtype=int),
                           item_events=np.ones(1, dtype=int))
    assert slices.new_items(asked).tolist() == [True, False]


def test_heavy_users_are_the_busiest_tenth_with_ties() -> None:
    counts = np.array([50, 40, 40, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0])  # eleven known: two are the tenth, the third ties
    asked = slices.Context(user=np.arange(13, dtype=np.int32), offsets=np.arange(14),
                           relevant=np.zeros(13, dtype=np.int32), grade=np.ones(13, dtype=np.float32),
                           user_events=counts, item_events=np.ones(1, dtype=int))
    assert np.flatnonzero(slices.heavy_users(asked)).tolist() == [0, 1, 2]


def test_without_any_known_event_everyone_is_new_and_nobody_heavy() -> None:
    empty = slices.Context(user=CONTEXT.user, offsets=CONTEXT.offsets, relevant=CONTEXT.relevant, grade=CONTEXT.grade,
                           user_events=np.zeros(0, dtype=int), item_events=np.zeros(3, dtype=int))
    assert slices.new_users(empty).all()
    assert slices.new_items(empty).all()
    assert not slices.heavy_users(empty).any()


def test_the_language_names_exactly_these_slices() -> None:
    assert set(get_args(Slice)) == set(slices.SLICES)
