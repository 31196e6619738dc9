from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from sevenfold.errors import ModelError
from sevenfold.funnel.retrievers import als as module
from sevenfold.funnel.retrievers.als import Als
from sevenfold.testing import toy


@pytest.fixture
def fitted():
    als = Als(dimensions=8, regularisation=0.5, confidence=6.0, iterations=5)
    als.fit(toy()[0], seed=2)
    return als


def test_folding_in_equals_the_recalculation_of_implicit(fitted):
    from implicit.cpu.als import AlternatingLeastSquares
    from threadpoolctl import threadpool_limits

    interactions, visits, _ = toy()
    history = visits.history[:interactions.users]
    row, place = np.nonzero(history >= 0)
    chosen = csr_matrix((np.ones(len(row), np.float32), (row, history[row, place])), (len(history), interactions.items))
    with threadpool_limits(1, "blas"):
        shrink = 0.5 * (interactions.users * interactions.items) ** 0.25  # everyone chose, everything was chosen
        peer = AlternatingLeastSquares(factors=8, regularization=shrink, alpha=6.0, dtype=np.float64)
        peer.item_factors = fitted._items.vectors.astype(np.float64)
        users = peer.recalculate_user(np.arange(len(history)), chosen)
    scores = fitted.scores(visits)[:len(history)]
    known = np.isfinite(scores)
    assert known.any(axis=1).all()
    assert scores[known] == pytest.approx((users @ peer.item_factors.T)[known], abs=1e-4)


def test_the_number_of_threads_moves_no_bit(fitted, monkeypatch):
    monkeypatch.setattr(module, "THREADS", 1)
    alone = Als(dimensions=8, regularisation=0.5, confidence=6.0, iterations=5)
    alone.fit(toy()[0], seed=2)
    assert np.array_equal(alone._items.vectors, fitted._items.vectors)


def test_another_seed_starts_elsewhere(fitted):
    other = Als(dimensions=8, regularisation=0.5, confidence=6.0, iterations=5)
    other.fit(toy()[0], seed=3)
    assert not np.array_equal(other._items.vectors, fitted._items.vectors)


def test_a_visitor_without_a_history_gets_no_proposal(fitted):
    assert np.isneginf(fitted.scores(toy()[1])[-1]).all()


@pytest.mark.parametrize("name", ["dimensions", "regularisation", "confidence", "iterations"])
def test_parameters_must_be_above_zero(name):
    with pytest.raises(ModelError, match=rf"als\.{name}: got 0, expected a number above 0"):
        Als(**{name: 0}).fit(toy()[0], seed=0)
