from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sevenfold.funnel.rerankers.diversity import Diversity
from sevenfold.funnel.retrievers.ease import Ease
from sevenfold.models.logistic import Logistic
from sevenfold.registry import RERANKERS, RETRIEVERS
from sevenfold.testing import check_ranker, check_reranker, check_retriever

NEEDS = {"caps": {"by": "club"}}  # what has no default, by an attribute of `toy_context`


@pytest.mark.parametrize("name", RETRIEVERS.names())
def test_our_retrievers_keep_the_contract(name):
    check_retriever(name)


@pytest.mark.parametrize("name", RERANKERS.names())
def test_our_rerankers_keep_the_contract(name):
    check_reranker(name, **NEEDS.get(name, {}))


@pytest.mark.parametrize(("name", "params"), [
    ("neighbours", {"similarity": "jaccard", "recency": 0.9}), ("neighbours", {"similarity": "lift", "within": 170.0}),
    ("neighbours", {"keep": 3}), ("ease", {"content": 0.0}), ("als", {"dimensions": 4, "regularisation": 1.0}),
])
def test_other_parameters_keep_the_contract_too(name, params):
    check_retriever(name, **params)


def test_a_class_is_checked_like_a_name():
    check_retriever(Ease, regularisation=50.0)
    check_reranker(Diversity, strength=0.5)


class ChangesInputs(Ease):
    def scores(self, visits):
        visits.history[:] = -1
        return super().scores(visits)


class SeedBlind(Ease):
    fits = 0

    def fit(self, interactions, *, seed):
        super().fit(interactions, seed=seed)
        SeedBlind.fits += 1
        self._weights = self._weights * np.float32(SeedBlind.fits)


class Undeclared(Ease):
    def fit(self, interactions, *, seed):
        super().fit(interactions, seed=seed)
        self._weights = self._weights * np.float32(seed)


class ReadsItsBatch(Ease):
    def scores(self, visits):
        return super().scores(visits) + np.float32(len(visits.user))


class Forgets(Ease):
    def save(self, folder):
        kept, self._weights = self._weights, self._weights * 0
        super().save(folder)
        self._weights = kept


class WritesTheClock(Ease):
    saves = 0

    def save(self, folder):
        super().save(folder)
        WritesTheClock.saves += 1
        (folder / "saves.json").write_text(str(WritesTheClock.saves))


class Wide(Ease):
    def scores(self, visits):
        return super().scores(visits).astype(np.float64)


class Transposed(Ease):
    def scores(self, visits):
        return super().scores(visits).T


class NotANumber(Ease):
    def scores(self, visits):
        return super().scores(visits) * np.float32(np.nan)


class GrowsOtherwise(Ease):
    def grow(self, rows):
        return super().grow(rows[::-1][:len(rows)] * 0)


class Upside(Ease):
    def fit(self, interactions, *, seed):
        super().fit(interactions, seed=seed)
        self._weights = -self._weights


class Positional(Ease):
    def __init__(self, regularisation=400.0):
        super().__init__(regularisation=regularisation)


@pytest.mark.parametrize(("part", "message"), [
    (ChangesInputs, "ChangesInputs: changes its inputs"),
    (SeedBlind, "gives another answer for the same seed"),
    (Undeclared, "is not `random`, yet the seed moves its answer"),
    (ReadsItsBatch, "answers a batch otherwise than its singles"),
    (Forgets, "gives another answer once saved and loaded"),
    (WritesTheClock, "saves other bytes for the same seed"),
    (Wide, "gives scores of float64, expected float32"),
    (Transposed, r"gives scores of shape \(24, 82\), expected \(82, 24\)"),
    (NotANumber, "gives a score that is neither finite nor -inf"),
    (GrowsOtherwise, "grown, answers otherwise about the items it had"),
    (Upside, r"ranks a wanted item above others in 0\.\d+ of pairs, expected over 0\.6"),
    (Positional, "has parameters that are not keyword-only"),
])
def test_a_retriever_that_breaks_a_clause_is_told_which(part, message):
    with pytest.raises(AssertionError, match=message):
        check_retriever(part)


def test_a_parameter_that_no_document_could_give_is_told():
    message = r"ease: takes \['content', 'dropout', 'popularity', 'regularisation'\], got \['depth'\]"
    with pytest.raises(AssertionError, match=message):
        check_retriever("ease", depth=3)


class TooMany(Diversity):
    def order(self, items, scores, content, k):
        return np.argsort(-scores, kind="stable")


class Twice(Diversity):
    def order(self, items, scores, content, k):
        return np.zeros(min(k, len(items)), np.int64)


class ByArrival(Diversity):
    def order(self, items, scores, content, k):
        return np.argsort(-scores, kind="stable")[:k]


class ZeroesScores(Diversity):
    def order(self, items, scores, content, k):
        order = super().order(items, scores, content, k)
        scores[:] = 0
        return order


class Moody(Diversity):
    asked = 0

    def order(self, items, scores, content, k):
        Moody.asked += 1
        return np.roll(super().order(items, scores, content, k), Moody.asked)


class LongerOtherwise(Diversity):
    def order(self, items, scores, content, k):
        order = super().order(items, scores, content, k)
        return order[::-1] if k == len(items) == 30 else order


class Worthless(Diversity):
    def worth(self, items, context):
        return super().worth(items, context) / (len(items) - 1) if len(items) != 1 else float("nan")


@pytest.mark.parametrize(("part", "message"), [
    (LongerOtherwise, "begins a longer list otherwise than a shorter one"),
    (Worthless, "finds no number for the worth of 1 items"),
    (TooMany, r"TooMany: gives int64 \(30,\) for 10 of 30, expected int64 \(10,\)"),
    (Twice, "gives positions that are not 10 different ones of 30"),
    (ByArrival, "answers by the order in which candidates arrive"),
    (ZeroesScores, "changes its inputs"),
    (Moody, "gives another answer when made again"),
])
def test_a_reranker_that_breaks_a_clause_is_told_which(part, message):
    with pytest.raises(AssertionError, match=message):
        check_reranker(part)


class ExplainsTooLittle(Logistic):
    def explain(self, rows):
        return super().explain(rows)[:, 1:]


class ExplainsByBatch(Logistic):
    def explain(self, rows):
        parts = super().explain(rows)
        return parts - parts.mean(axis=0) if len(rows) else parts


class ExplainsByPlace(Logistic):
    def explain(self, rows):
        return super().explain(replace(rows, names=self.names))


class ExplainsNothing(Logistic):
    def explain(self, rows):
        return super().explain(rows) * np.float32(np.nan)


@pytest.mark.parametrize(("part", "message"), [
    (ExplainsTooLittle, r"explains by float32 \(\d+, 3\), expected float32 \(\d+, 4\): a column for each of its weights"),
    (ExplainsByBatch, "explains a batch otherwise than its singles"),
    (ExplainsByPlace, "explains by the order of the columns"),
    (ExplainsNothing, "explains by a number that is not finite"),
])
def test_a_learner_that_explains_otherwise_is_told(part, message):
    with pytest.raises(AssertionError, match=message):
        check_ranker(part)
