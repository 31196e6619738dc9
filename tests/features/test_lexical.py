"""Terms, and BM25 against its formula and against bm25s where that is installed."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sevenfold.errors import ModelError
from sevenfold.features.lexical import postings, statistics
from sevenfold.features.terms import placed, terms

TEXTS = st.lists(st.lists(st.sampled_from("abcdefg"), max_size=8), min_size=1, max_size=8)


def by_hand(texts: list[list[str]], query: list[str], k1: float, b: float) -> list[float]:
    mean = sum(map(len, texts)) / len(texts) or 1.0
    scores = []
    for text in texts:
        score = 0.0
        for word in query:
            n, tf = sum(word in other for other in texts), text.count(word)
            if tf:
                score += math.log(1 + (len(texts) - n + 0.5) / (n + 0.5)) * tf * (k1 + 1) / (
                    tf + k1 * (1 - b + b * len(text) / mean))
        scores.append(score)
    return scores


@settings(deadline=None)
@given(TEXTS, st.lists(st.sampled_from("abcdefghi"), max_size=5), st.sampled_from([0.9, 1.2]), st.sampled_from([0.0, 0.4, 1.0]))
def test_scores_follow_the_formula(texts: list[list[str]], query: list[str], k1: float, b: float) -> None:
    counts = [Counter(text) for text in texts]
    index = postings(counts, statistics(counts), k1, b)
    expected = by_hand(texts, query, k1, b)
    np.testing.assert_allclose(index.all(query), expected, rtol=1e-12)
    asked = np.arange(-1, len(texts) + 1)
    np.testing.assert_allclose(index.of(query, asked), [0.0, *expected, 0.0], rtol=1e-12)
    rows = np.append(np.arange(len(texts)), np.arange(len(texts))[::-1])
    np.testing.assert_array_equal(index.grown(rows).all(query), index.all(query)[rows])


def test_scores_are_those_of_bm25s() -> None:
    bm25s = pytest.importorskip("bm25s")
    rng = np.random.default_rng(3)
    texts = [rng.choice(list("abcdefghijkl"), rng.integers(3, 20)).tolist() for _ in range(40)]
    counts = [Counter(text) for text in texts]
    peer = bm25s.BM25(k1=1.2, b=0.75, method="lucene")
    peer.index(texts, show_progress=False)
    mine = postings(counts, statistics(counts), 1.2, 0.75).all(["a", "c", "l"])
    np.testing.assert_allclose(mine, 2.2 * peer.get_scores(["a", "c", "l"]), rtol=1e-5)  # it leaves out the factor k1 + 1


def test_terms_are_stems_in_lower_case_without_what_is_everywhere() -> None:
    assert terms("The Runner's RUNNING of 2 naïve-films", "english") == ["runner", "s", "run", "2", "naïv", "film"]
    assert terms("De katten lopen", "dutch") == ["de", "kat", "loop"]
    assert list(placed("a dog, dogs!", "english")) == [("dog", 2, 5), ("dog", 7, 11)]
    with pytest.raises(ModelError, match="no stemmer is made for 'englsh'") as caught:
        terms("a dog", "englsh")
    assert "english" in caught.value.hint
