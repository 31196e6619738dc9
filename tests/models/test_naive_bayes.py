"""Naive Bayes against scikit-learn's, and its weights word by word."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sevenfold.errors import ModelError
from sevenfold.models.naive_bayes import NaiveBayes
from sevenfold.testing import toy_rows, toy_texts


def test_against_scikit_learn() -> None:
    from sklearn.naive_bayes import MultinomialNB

    rows, test = toy_texts(1), toy_texts(2)
    learner = NaiveBayes(smoothing=0.5)
    learner.fit(rows, rows, seed=0)
    peer = MultinomialNB(alpha=0.5).fit(rows.words, rows.label)
    np.testing.assert_allclose(learner.scores(test), peer.predict_proba(test.words)[:, 1], atol=1e-6)


def test_words_tell_and_add_up() -> None:
    rows = toy_texts(1)
    learner = NaiveBayes()
    learner.fit(rows, rows, seed=0)
    weights = learner.weights()
    told = {"win", "free", "call", "lunch", "home", "later"}
    assert min(weights[word] for word in told) > max(weights[word] for word in ("and", "the"))
    rows = replace(rows, words=0.1 * rows.words)
    chance = learner.scores(rows).astype(np.float64)
    parts = learner.explain(rows)
    assert (parts[:, 0] >= 0).all()
    assert (parts[:, 3] <= 0).all()
    np.testing.assert_allclose(parts.sum(axis=1) + learner._intercept, np.log(chance / (1 - chance)), atol=1e-4)


def test_a_missing_word_is_named() -> None:
    rows = toy_texts(1)
    learner = NaiveBayes()
    learner.fit(rows, rows, seed=0)
    with pytest.raises(ModelError, match=r"naive_bayes: needs the feature 'win', which the rows do not have"):
        learner.scores(replace(rows, word_names=("won", *rows.word_names[1:])))


def test_without_words_it_says_how_to_get_some() -> None:
    with pytest.raises(ModelError, match=r"naive_bayes: got no words to learn from\n.*words: \{words: message\}"):
        NaiveBayes().fit(toy_rows(1), toy_rows(2), seed=0)
