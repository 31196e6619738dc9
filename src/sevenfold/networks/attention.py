"""Causal self-attention over a sequence: each place reads itself and those before it.

A. Vaswani et al., "Attention Is All You Need", NeurIPS 2017, section 3.2, with places told by a learnt weight of their
distance (C. Raffel et al., JMLR 21, 2020, section 2.1), so that a short sequence is read as the end of a long one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from sevenfold.networks.training import glorot
from sevenfold.nouns import Array

HEADS, HIDDEN = 2, 2  # of attention; width of the hidden layer, as a multiple of the dimensions
NEVER = -1e9  # the logit of a place that is still to come


def initial(rng: np.random.Generator, dimensions: int, length: int) -> dict[str, Array]:
    """Weights to begin with; `near` [HEADS, length] is what a distance adds to a logit."""
    d, hidden, head = dimensions, HIDDEN * dimensions, max(dimensions // HEADS, 1)
    heads = {f"{name}{n}": glorot(rng, *shape) for n in range(HEADS)
             for name, shape in (("query", (d, head)), ("key", (d, head)), ("value", (d, head)), ("out", (head, d)))}
    return {**heads, "near": np.zeros((HEADS, length), np.float32), "in": glorot(rng, d, hidden),
            "bias": np.zeros(hidden, np.float32), "back": glorot(rng, hidden, d)}


def distances(near: Any, length: int) -> dict[str, Any]:
    """Each head's logits [length, length] that come from the distance alone: what is still to come is never read."""
    here = np.arange(length)
    apart = np.maximum(here[:, None] - here, 0)
    later = np.where(here > here[:, None], NEVER, 0.0).astype(np.float32)
    return {f"distance{n}": near[n][apart] + (later if isinstance(near, np.ndarray) else near.new_tensor(later))
            for n in range(HEADS)}


def attend(inputs: Mapping[str, Any], weights: Mapping[str, Any]) -> Any:
    """The states [n, l, d] of sequences `x` [n, l, d]."""
    x = state = inputs["x"]
    for n in range(HEADS):
        logits = (x @ weights[f"query{n}"]) @ (x @ weights[f"key{n}"]).mT + weights[f"distance{n}"]
        state = state + logits.softmax(-1) @ (x @ weights[f"value{n}"]) @ weights[f"out{n}"]
    return state + (state @ weights["in"] + weights["bias"]).relu() @ weights["back"]
