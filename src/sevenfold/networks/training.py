"""PyTorch, tamed: imported where it trains, seeded, on one thread, its settings put back afterwards.

One thread, because a sum depends on how threads share it, and because two that wait for a busy core took eight times
as long as one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np

from sevenfold.errors import MissingPackage, ModelError
from sevenfold.nouns import Array


@contextmanager
def pytorch(where: str, seed: int) -> Iterator[Any]:
    """The package `torch`, made repeatable for the length of a block."""
    try:
        import torch
    except ImportError as error:
        raise MissingPackage(where, "torch", "deep") from error
    threads = torch.get_num_threads()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        torch.set_num_threads(1)
        try:
            yield torch
        finally:
            torch.set_num_threads(threads)


def glorot(rng: np.random.Generator, *shape: int) -> Array:
    """Weights [in, out] as large as keeps the variance of a signal (Glorot & Bengio 2010, eq. 16)."""
    bound = math.sqrt(6.0 / (shape[0] + shape[-1]))
    return rng.uniform(-bound, bound, shape).astype(np.float32)


def arrays(weights: Mapping[str, Any]) -> dict[str, Array]:
    """The values of trained tensors, copied."""
    return {name: tensor.detach().numpy().copy() for name, tensor in weights.items()}


def best_epoch(step: Callable[[], None], loss: Callable[[], float] | None, state: Callable[[], dict[str, Array]], *,
               epochs: int, patience: int, where: str) -> tuple[dict[str, Array], int]:
    """Train epoch by epoch; the weights of the epoch whose held-out loss was least, and its number from 1.

    Without a held-out loss every epoch is run and the last one kept. Stops after `patience` epochs without progress.
    """
    kept, least, at = state(), math.inf, 0
    for epoch in range(1, epochs + 1):
        step()
        value = -float(epoch) if loss is None else loss()
        if not math.isfinite(value):
            raise ModelError(where, f"the loss became {value} in epoch {epoch}", "Lower the learning rate.")
        if value < least:
            kept, least, at = state(), value, epoch
        elif epoch - at >= patience:
            break
    return kept, at
