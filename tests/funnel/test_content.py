from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sevenfold.errors import ModelError
from sevenfold.funnel.retrievers.content import Content
from sevenfold.nouns import Visits
from sevenfold.testing import toy


def fitted(content: np.ndarray, **params: float) -> Content:
    part = Content(**params)  # type: ignore[arg-type]
    part.fit(replace(toy()[0], items=len(content), content=content), seed=0)
    return part


def visits(*history: list[int]) -> Visits:
    padded = np.full((len(history), max(map(len, history), default=1)), -1, np.int32)
    for row, items in enumerate(history):
        padded[row, :len(items)] = items
    return Visits(time=np.zeros(len(history), np.int64), user=np.zeros(len(history), np.int32), history=padded)


def unit(seed: int = 0) -> np.ndarray:
    content = np.random.default_rng(seed).normal(size=(30, 4)).astype(np.float32)
    content /= np.linalg.norm(content, axis=1, keepdims=True)
    content[[5, 9]] = 0
    return content


def test_scores_are_cosines_with_the_fading_mean_of_the_last_items():
    content = unit()
    scores = fitted(content, history=3, half_life=2.0).scores(visits([1, 5, 30, 7], [8, -1, 2]))
    for row, near in enumerate([[(1, 1.0)], [(8, 1.0), (2, 0.5)]]):  # 5 is without content, 30 unknown, 7 too long ago
        mean = sum(weight * content[item].astype(np.float64) for item, weight in near)
        expected = content @ (mean / np.linalg.norm(mean))
        there = content.any(axis=1)
        assert scores[row, there] == pytest.approx(expected[there], abs=1e-6)
        assert np.isneginf(scores[row, ~there]).all()


def test_an_item_that_nobody_chose_is_proposed_by_what_it_is():
    interactions, asked, _ = toy()
    content = np.vstack([interactions.content, np.eye(2, dtype=np.float32)])  # two new items, one for each club
    scores = fitted(content).scores(asked)[:80, 24:]
    assert (scores.argmax(axis=1) == np.arange(80) % 2).all()


def test_nothing_is_proposed_to_somebody_of_whom_nothing_is_known():
    opposite = np.array([[1, 0], [-1, 0], [0, 0]], np.float32)
    part = fitted(opposite, half_life=1e12)
    assert np.isneginf(part.scores(visits([-1, -1], [2, 2], [0, 1]))).all(), "no history, no content, no direction"


def test_items_without_content_are_refused():
    with pytest.raises(ModelError, match=r"content: items have no content: .*\n    hint: .*\{embed: title\}"):
        fitted(np.zeros((4, 0), np.float32))
