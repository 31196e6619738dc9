"""What a ranker learns from: what proved relevant, what was shown in vain, and a draw of the other candidates."""

from __future__ import annotations

import numpy as np
import pytest

from sevenfold.nouns import Candidates
from sevenfold.run.fit import NEGATIVES, draw


def proposed(requests: int, each: int) -> Candidates:
    return Candidates(request=np.repeat(np.arange(requests), each).astype(np.int32),
                      item=np.tile(np.arange(each), requests).astype(np.int32), sources={}, ranks={})


@pytest.mark.parametrize("keep", [1.0, 0.3, 0.0])
def test_what_was_shown_in_vain_comes_first_or_not_at_all(keep: float) -> None:
    requests, each = 40, 300
    candidates = proposed(requests, each)
    label = (candidates.item < 2).astype(np.float32)
    shown = candidates.item < 20
    chosen = draw(candidates, label, np.random.default_rng(0), shown, keep)
    vain = shown & (label == 0)
    assert chosen[label == 1].all()
    assert abs(chosen[vain].mean() - keep) < 0.1
    assert (np.bincount(candidates.request[chosen & (label == 0)]) == NEGATIVES).all()


def test_unseen_negatives_are_drawn_from_all_candidates_of_useful_requests() -> None:
    candidates = proposed(2, 400)
    label = ((candidates.request == 0) & (candidates.item == 7)).astype(np.float32)
    chosen = draw(candidates, label, np.random.default_rng(0))
    assert chosen.sum() == 1 + NEGATIVES
    assert (candidates.request[chosen] == 0).all()
    assert candidates.item[chosen].max() > 350 > 50 > candidates.item[chosen].min()


def test_as_many_negatives_as_are_asked_for() -> None:
    candidates = proposed(3, 100)
    label = (candidates.item < 2).astype(np.float32)
    chosen = draw(candidates, label, np.random.default_rng(0), most=20)
    assert (np.bincount(candidates.request[chosen & (label == 0)]) == 20).all()
