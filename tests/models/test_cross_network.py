"""The cross network against a computation by hand, and its habits around ids and packages."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sevenfold.errors import MissingPackage
from sevenfold.models.cross_network import CrossNetwork, network
from sevenfold.networks.graph import Served, to_onnx
from sevenfold.nouns import Rows
from sevenfold.testing import toy_rows


def test_cross_layers_by_hand() -> None:
    rng = np.random.default_rng(0)
    width, weights = 3, {}
    for layer in range(2):
        weights |= {f"cross{layer}": rng.normal(size=(width, width)), f"bias{layer}": rng.normal(size=width)}
    weights |= {"deep0": rng.normal(size=(width, 4)), "deep_bias0": rng.normal(size=4), "from_cross": rng.normal(size=(width, 1)),
                "from_deep": rng.normal(size=(4, 1)), "intercept": rng.normal(size=1)}
    x = rng.normal(size=(5, width))
    expected = []
    for x0 in x:
        crossed = x0
        for layer in range(2):  # x_{l+1} = x0 ∘ (W_l x_l + b_l) + x_l, element by element
            crossed = np.array([x0[i] * (sum(weights[f"cross{layer}"][j, i] * crossed[j] for j in range(width))
                                         + weights[f"bias{layer}"][i]) + crossed[i] for i in range(width)])
        deep = [max(0.0, sum(weights["deep0"][j, i] * x0[j] for j in range(width)) + weights["deep_bias0"][i]) for i in range(4)]
        expected.append(crossed @ weights["from_cross"][:, 0] + deep @ weights["from_deep"][:, 0] + weights["intercept"][0])
    found = Served(to_onnx(network, {"x": width}, weights, "net"), "net")(x=x)
    np.testing.assert_allclose(found[:, 0], expected, rtol=1e-12)


def crossed_rows(seed: int) -> Rows:
    """A label that follows a product of two features, and the item."""
    rows = toy_rows(seed, requests=300)
    rng = np.random.default_rng(seed)
    values = rng.normal(size=rows.values.shape).astype(np.float32)
    logit = 3.0 * values[:, 0] * values[:, 1] + np.where(rows.item < 6, 1.5, -1.5)
    return replace(rows, values=values, label=(rng.random(len(rows)) < 1 / (1 + np.exp(-logit))).astype(np.float32))


def test_it_learns_a_product_and_the_item() -> None:
    learner = CrossNetwork(learning_rate=0.01, dimensions=4)
    learner.fit(crossed_rows(1), crossed_rows(2), seed=0)
    test = crossed_rows(3)
    scores = learner.scores(test)
    wins = scores[test.label == 1][:, None] > scores[test.label == 0]
    assert wins.mean() > 0.8
    weights = learner.weights()
    used, unused = ("item", "good", "holes"), ("same", "noise", "history")
    assert min(weights[name] for name in used) > 2 * max(weights[name] for name in unused)


def test_an_item_without_examples_is_the_unknown_item() -> None:
    rows = replace(crossed_rows(1), items=20)
    learner = CrossNetwork(epochs=1)
    learner.fit(rows, rows, seed=0)
    test = crossed_rows(2)
    answers = [learner.scores(replace(test, item=np.full_like(test.item, code))) for code in (15, -1, 99, 3)]
    np.testing.assert_array_equal(answers[0], answers[1])
    np.testing.assert_array_equal(answers[0], answers[2])
    assert np.abs(answers[0] - answers[3]).max() > 0


def test_without_pytorch_it_does_not_fit_but_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = toy_rows(1)
    learner = CrossNetwork(epochs=1)
    learner.fit(rows, rows, seed=0)
    learner.save(tmp_path)
    np.save(tmp_path / "expected.npy", learner.scores(rows))
    program = ("import sys, pathlib, numpy as np\n"
               "sys.modules.update(torch=None, onnx=None, sklearn=None)\n"
               "from sevenfold.models.cross_network import CrossNetwork\n"
               "from sevenfold.testing import toy_rows\n"
               "folder = pathlib.Path(sys.argv[1])\n"
               "found = CrossNetwork.load(folder).scores(toy_rows(1))\n"
               "assert np.array_equal(found, np.load(folder / 'expected.npy'))\n")
    subprocess.run([sys.executable, "-c", program, str(tmp_path)], check=True)
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingPackage, match="cross_network: needs the package 'torch', which is not installed"):
        CrossNetwork().fit(rows, rows, seed=0)
