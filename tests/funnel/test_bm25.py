from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sevenfold.errors import ModelError
from sevenfold.funnel.retrievers.bm25 import Bm25
from sevenfold.funnel.retrievers.dense import Dense
from sevenfold.nouns import F32, Interactions, Visits
from sevenfold.testing import check_retriever, toy

DOCUMENTS = ["heart attack", "myocardial infarction", "infarction of the heart", "salt", ""]


def found(*queries: str) -> Interactions:
    """Each query found the second document."""
    n = len(queries)
    return replace(toy()[0], user=np.arange(n, dtype=np.int32), item=np.ones(n, np.int32), time=np.zeros(n, np.int64), users=n,
                   items=5, documents={"text": np.array(DOCUMENTS, object)}, queries=np.array(queries, object))


def scores(part: Bm25 | Dense, learnt: Interactions, *texts: str) -> F32:
    part.fit(learnt, seed=0)
    n = len(texts)
    return part.scores(Visits(time=np.zeros(n, np.int64), user=np.full(n, -1, np.int32), history=np.full((n, 1), -1, np.int32),
                              text=np.array(texts, object)))


@pytest.mark.parametrize(("name", "params"), [("bm25", {"asked": 0.5}), ("bm25", {"language": "dutch", "b": 0.0}),
                                              ("dense", {"dimensions": 3, "asked": 0.0})])
def test_contract(name: str, params: dict[str, float]) -> None:
    check_retriever(name, **params)


def test_words_are_found_and_rare_ones_count_more() -> None:
    attack, both, none = scores(Bm25(), found("salt"), "attacks", "attack of infarction", "the")
    assert np.isfinite(attack).tolist() == [True, False, False, False, False]
    assert both[0] > both[1] > 0
    assert np.isneginf(none).all()


def test_words_of_queries_find_what_they_found() -> None:
    learnt = found("heart attack", "heart disease")
    assert np.isneginf(scores(Bm25(), learnt, "disease")).all()
    disease, attack = scores(Bm25(asked=1.0), learnt, "disease", "attack")
    assert np.isfinite(disease).tolist() == [False, True, False, False, False]
    assert attack[0] > attack[1] > 0
    less = scores(Bm25(asked=0.1), learnt, "disease")[0, 1]
    assert 0 < less < disease[1]


def test_a_judgement_that_is_there_twice_counts_once() -> None:
    learnt = found("heart attack")
    twice = replace(learnt, user=np.zeros(2, np.int32), item=np.ones(2, np.int32), time=np.zeros(2, np.int64))
    np.testing.assert_array_equal(scores(Bm25(asked=1.0), learnt, "attack"), scores(Bm25(asked=1.0), twice, "attack"))


def test_dense_reaches_documents_that_share_no_word_with_the_query() -> None:
    texts = ["heart attack pain", "myocardial infarction pain", "heart infarction", "salt sea", "sea ship"]
    learnt = replace(found("ship"), documents={"text": np.array(texts, object)})
    (heart,) = scores(Dense(dimensions=2, asked=0.0), learnt, "heart")
    assert heart[1] > 0.9 > 0.1 > heart[3], "an infarction is of the heart"
    assert np.isneginf(scores(Dense(), learnt, "unheard")).all()


def test_dense_is_the_cosine_of_folded_vectors() -> None:
    """All axes kept, so that a cosine in the space is the cosine of the weighted words."""
    (cosine,) = scores(Dense(dimensions=5, asked=0.0), found("salt"), "heart infarction")
    assert cosine[2] == pytest.approx(1.0, abs=1e-6), "'of' and 'the' are no words"
    assert cosine[0] == pytest.approx(np.sqrt(0.5), abs=1e-6), "'attack' stands in one text alone and is left out"
    assert np.isneginf(cosine[3:]).all(), "salt is in one text alone, and the last has none"


def test_items_need_a_text() -> None:
    for part in (Bm25(), Dense()):
        with pytest.raises(ModelError, match="items have no text to search"):
            part.fit(replace(toy()[0], documents={}), seed=0)
    with pytest.raises(ModelError, match=r"bm25\.k1: got 0, expected a number above 0"):
        Bm25(k1=0).fit(found("salt"), seed=0)
