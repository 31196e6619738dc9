"""Young items before old ones of the same worth."""

from __future__ import annotations

import numpy as np

from sevenfold.errors import ModelError
from sevenfold.funnel.reranking import Context, best_first, stretched
from sevenfold.nouns import F64, I32, I64
from sevenfold.units import Duration, Share

EVER = 1e12  # seconds: farther back than any birth, so the data do not say when


class Freshness:
    """Score against youth: `weight` 0 is the order of the scores, 1 that of the age.

    Youth is 1 at an item's birth and halves with each `half_life`; an item of unknown birth has none.
    """

    unit = "days younger on average"

    def __init__(self, *, weight: Share = 0.1, half_life: Duration = 86400.0) -> None:
        self.weight = weight
        self.half_life = half_life

    def order(self, items: I32, scores: F64, context: Context, k: int) -> I64:
        """Positions of the k best of n candidates; scores are stretched to 0..1 within the list first."""
        if not self.half_life > 0:
            raise ModelError("freshness.half_life", f"got {self.half_life}, expected a duration above 0",
                             "Leave half_life out to get its default.")
        youth = np.exp2(-np.maximum(context.age(items, "freshness"), 0.0) / self.half_life)
        return best_first(items, (1 - self.weight) * stretched(scores) + self.weight * youth)[:k]

    def worth(self, items: I32, context: Context) -> float:
        """The mean age in days, below 0, of the items whose birth is known; 0 where none is."""
        ages = context.age(items, "freshness")
        return -float(ages[ages < EVER].mean()) / 86_400 if (ages < EVER).any() else 0.0
