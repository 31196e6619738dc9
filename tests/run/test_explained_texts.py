"""What moved the score of a text: the features of the plain formula, at a cost that grows with the words as they do."""

from __future__ import annotations

import time
from types import SimpleNamespace
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import random_array

from sevenfold.models.naive_bayes import NaiveBayes
from sevenfold.nouns import Rows
from sevenfold.run.explaining import TOLD, moved
from sevenfold.testing import toy_texts

FEATURES = {"item.size": ("item.size",), "item.kind": ("item.kind=a", "item.kind=b", "item.kind=other"), "near": (
    "near.score", "near.rank")}
NAMES = tuple(name for names in FEATURES.values() for name in names)
WORDS = tuple(f"text.words={at}" for at in range(5))
QUARTERS = st.integers(-8, 8).map(lambda whole: whole / 4)  # whose sums are exact


def pipeline_of(ranker: Any, features: dict[str, tuple[str, ...]]) -> Any:
    named = [SimpleNamespace(path=path, names=names) for path, names in features.items()]
    return SimpleNamespace(ranker=ranker, retrievers={}, view=SimpleNamespace(features=named))


def slow(parts: np.ndarray, names: tuple[str, ...]) -> list[tuple[str, float]]:
    """Of each feature the sum over its columns, one after the other; the strongest first, ties as they come."""
    owners = {name: path for path, columns in FEATURES.items() for name in columns}
    features = dict.fromkeys(owners.get(name, name) for name in names)
    sums = {path: sum(float(part) for part, name in zip(parts, names, strict=True) if owners.get(name, name) == path)
            for path in features}
    return [(path, by) for path, by in sorted(sums.items(), key=lambda one: -abs(one[1]))[:TOLD] if by]


@given(st.permutations((*NAMES, *WORDS)), st.lists(st.lists(QUARTERS, min_size=11, max_size=11), min_size=1, max_size=3))
def test_what_moved_a_score_is_the_sum_over_each_features_columns(names: list[str], told: list[list[float]]) -> None:
    parts = np.array(told, dtype=np.float32)
    size = len(parts)
    values = np.tile(np.array([3, 1, 0, 1, 0.5, 4], dtype=np.float32), (size, 1))
    rows = Rows(values=values, names=NAMES, request=np.arange(size, dtype=np.int32), user=np.zeros(size, np.int32),
                item=np.zeros(size, np.int32), history=np.zeros((size, 0), np.int32), items=1)
    ranker = SimpleNamespace(weights=lambda: dict.fromkeys(names, 0.0), explain=lambda rows: parts)
    said = {"item.size": 3.0, "item.kind": ["a", "other"], "near": 5.0}
    found = moved(pipeline_of(ranker, FEATURES), rows)
    assert [[(one["feature"], one["by"]) for one in row] for row in found] == [slow(row, tuple(names)) for row in parts]
    assert all(one["value"] == said.get(one["feature"]) for row in found for one in row)


def explained(columns: int) -> float:
    """CPU seconds to explain one text under so many words, at best."""
    texts, random = toy_texts(0), np.random.default_rng(0)
    words = random_array((len(texts), columns), density=20 / columns, format="csr", dtype=np.float32, random_state=random)
    rows = Rows(**vars(texts) | {"words": words, "word_names": tuple(f"text.words={at}" for at in range(columns))})
    learner = NaiveBayes()
    learner.fit(rows, rows, seed=0)
    one = Rows(**vars(rows) | {"words": words[:1], "item": rows.item[:1], "values": rows.values[:1]})
    pipeline, spent = pipeline_of(learner, {}), []
    for _ in range(5):
        began = time.process_time()
        (told,) = moved(pipeline, one)
        spent.append(time.process_time() - began)
    assert len(told) == TOLD
    return min(spent)


def test_ten_times_the_words_cost_no_hundred_times_as_much() -> None:
    assert explained(50_000) <= 30 * explained(5_000)
