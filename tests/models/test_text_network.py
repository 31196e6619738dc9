"""The network over characters: NumPy answers as PyTorch learnt, and texts that are empty, long or strange."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from sevenfold.errors import MissingPackage, ModelError
from sevenfold.models.text_network import TextNetwork, _network
from sevenfold.nouns import Rows
from sevenfold.testing import toy_rows, toy_texts


@pytest.fixture(scope="module")
def learner() -> TextNetwork:
    made = TextNetwork(dimensions=8, epochs=3)
    made.fit(toy_texts(1), toy_texts(2), seed=0)
    return made


def said(*texts: str) -> Rows:
    rows = toy_texts(1, len(texts))
    return replace(rows, text=np.array(texts, dtype=object), label=None)


def test_numpy_answers_as_pytorch(learner: TextNetwork) -> None:
    texts = np.array(["win a FREE call", "lunch", "", "zß漢字" * 90], dtype=object)
    weights = {name: torch.from_numpy(value) for name, value in learner._weights.items()}
    expected = _network(torch, learner._codes(texts), weights, 0.0).numpy()
    np.testing.assert_allclose(learner._logits(texts), expected, rtol=1e-4, atol=1e-5)


def test_only_the_beginning_is_read_and_case_does_not_matter(learner: TextNetwork) -> None:
    start = "call free win " * 30
    one, other, small = learner.scores(said(start, start + "lunch home later", start.upper()))
    assert one == other == small
    assert np.isfinite(learner.scores(said("", "\0", "İ" * 300))).all()


def test_focal_loss_heeds_hard_texts_and_keeps_the_order() -> None:
    rows, test = toy_texts(1), toy_texts(3)
    scores = []
    for loss in ("bce", "focal"):
        made = TextNetwork(loss=loss, dimensions=8, epochs=5)
        made.fit(rows, rows, seed=0)
        scores.append(made.scores(test))
    spread = [np.abs(one - 0.5).mean() for one in scores]
    assert spread[1] < spread[0]  # easy texts are not driven on to 0 and 1
    assert np.corrcoef(*scores)[0, 1] > 0.8


def test_without_texts_or_pytorch_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ModelError, match=r"text_network: got no texts to read\n.*data\.events\.text"):
        TextNetwork().fit(toy_rows(1), toy_rows(2), seed=0)
    monkeypatch.setitem(__import__("sys").modules, "torch", None)
    with pytest.raises(MissingPackage, match="text_network: needs the package 'torch', which is not installed"):
        TextNetwork().fit(toy_texts(1), toy_texts(2), seed=0)
