"""Maximal marginal relevance: each next item is good, and unlike those before it.

J. Carbonell and J. Goldstein, "The Use of MMR, Diversity-Based Reranking for Reordering Documents and Producing
Summaries", SIGIR 1998.
"""

from __future__ import annotations

import numpy as np

from sevenfold.errors import ModelError
from sevenfold.funnel.reranking import Context, best_first, stretched
from sevenfold.nouns import F64, I32, I64


class Diversity:
    """Score against likeness to what is chosen already: `strength` 0 is the order of the scores, 1 likeness alone."""

    unit = "1 - mean cosine of two items"

    def __init__(self, *, strength: float = 0.1) -> None:
        self.strength = strength

    def order(self, items: I32, scores: F64, context: Context, k: int) -> I64:
        """Positions of the k chosen of n candidates, best first; ties go to the lower item code.

        Scores are stretched to 0..1 within the list; likeness is the cosine of the items' content. k·n·d multiplications.
        """
        if not 0 <= self.strength <= 1:
            raise ModelError("diversity.strength", f"got {self.strength}, expected a number in 0..1",
                             "0 keeps the order of the scores, 0.1 to 0.3 is usual.")
        by_score = best_first(items, scores)
        value = (1 - self.strength) * stretched(scores[by_score])
        vectors = context.content[items[by_score]].astype(np.float64)
        likeness = np.full(len(items), -np.inf)
        chosen = np.zeros(min(k, len(items)), np.int64)
        for place in range(len(chosen)):
            penalty = self.strength * likeness if place else 0.0
            best = chosen[place] = np.argmax(value - penalty)
            value[best] = -np.inf
            likeness = np.maximum(likeness, vectors @ vectors[best])
        return by_score[chosen]

    def worth(self, items: I32, context: Context) -> float:
        """How unlike the items of a list are: 1 less the mean cosine of its pairs; 1 for a single one."""
        vectors, n = context.content[items].astype(np.float64), len(items)
        alike = np.square(vectors.sum(axis=0)).sum() - np.square(vectors).sum()
        return float(1 - alike / max(n * (n - 1), 1))
