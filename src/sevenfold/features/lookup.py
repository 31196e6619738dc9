"""The reader of what does not change: attributes and embeddings."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sevenfold.features.kernel import Moment
from sevenfold.nouns import F32, I64, Array


@dataclass(frozen=True)
class Lookup:
    """The reader of something fixed: one row of values an entity, and a last one for whom nobody knows."""

    key: str
    matrix: F32  # [entities + 1, columns]
    scaled: F32  # the same, missing values filled and numbers brought to scale, for models of content

    def __call__(self, at: Moment) -> Array:
        """[m, columns]"""
        return self.matrix[at.user if self.key == "user" or at.item is None else at.item]


def lookup(group: str, matrix: F32, unknown: float, scaled: F32 | None = None, alias: I64 | None = None) -> Lookup:
    """A lookup whose last row, which a code of -1 reads, is `unknown`."""
    scaled = matrix if scaled is None else scaled
    if alias is not None and group == "item":
        matrix, scaled = matrix[alias[:-1]], scaled[alias[:-1]]
    return Lookup(group, np.vstack([matrix, np.full((1, matrix.shape[1]), unknown, dtype=np.float32)]), scaled)
