"""Attention against a loop over places, in PyTorch and in ONNX Runtime; what is still to come is never read."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

from sevenfold.networks.attention import HEADS, attend, distances, initial
from sevenfold.networks.graph import Served, to_onnx
from sevenfold.nouns import Array

LENGTH, WIDTH = 7, 6


def block(seed: int = 0) -> dict[str, Array]:
    rng = np.random.default_rng(seed)
    weights = {name: value.astype(np.float64) for name, value in initial(rng, WIDTH, LENGTH).items()}
    return weights | {"near": rng.normal(size=(HEADS, LENGTH)), "bias": rng.normal(size=2 * WIDTH)}


def by_hand(x: Array, weights: Mapping[str, Array]) -> Array:
    """The states [l, d] of one sequence [l, d], place by place."""
    states = x.copy()
    for here in range(len(x)):
        for n in range(HEADS):
            query = x[here] @ weights[f"query{n}"]
            logits = np.array([query @ (x[there] @ weights[f"key{n}"]) + weights["near"][n, here - there]
                               for there in range(here + 1)])
            share = np.exp(logits) / np.exp(logits).sum()
            states[here] += sum(one * (x[there] @ weights[f"value{n}"] @ weights[f"out{n}"]) for there, one in enumerate(share))
        hidden = np.maximum(states[here] @ weights["in"] + weights["bias"], 0)
        states[here] = states[here] + hidden @ weights["back"]
    return states


def served(weights: Mapping[str, Array]) -> Served:
    kept = {name: value for name, value in weights.items() if name != "near"}
    return Served(to_onnx(attend, {"x": (LENGTH, WIDTH)}, kept | distances(weights["near"], LENGTH), "net"), "net")


def test_every_execution_is_the_formula() -> None:
    torch = pytest.importorskip("torch")
    weights, x = block(), np.random.default_rng(1).normal(size=(3, LENGTH, WIDTH))
    expected = np.stack([by_hand(one, weights) for one in x])
    tensors = {name: torch.tensor(value) for name, value in weights.items()}
    trained = attend({"x": torch.tensor(x)}, tensors | distances(tensors["near"], LENGTH))
    np.testing.assert_allclose(trained.numpy(), expected, rtol=1e-6)  # what is to come has a logit of float32
    np.testing.assert_allclose(served(weights)(x=x), expected, rtol=1e-12)


def test_a_place_reads_nothing_that_comes_after_it() -> None:
    weights, rng = block(2), np.random.default_rng(3)
    x = rng.normal(size=(1, LENGTH, WIDTH))
    other = x.copy()
    other[:, 4:] = 100 * rng.normal(size=(1, LENGTH - 4, WIDTH))
    one, two = (served(weights)(x=each) for each in (x, other))
    assert np.array_equal(one[:, :4], two[:, :4])
    assert not np.isclose(one[:, 4:], two[:, 4:]).any()
