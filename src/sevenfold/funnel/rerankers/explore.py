"""Some places by chance, with a known chance: what is never shown is never learnt about.

A draw by softmax is the largest of the logits plus Gumbel noise, and the next one without return is the next largest:
W. Kool, H. van Hoof and M. Welling, "Stochastic Beams and Where to Find Them", ICML 2019, section 2.
"""

from __future__ import annotations

import numpy as np

from sevenfold.errors import ModelError
from sevenfold.funnel.reranking import Context, best_first, stretched
from sevenfold.nouns import F64, I32, I64
from sevenfold.units import Share


class Explore:
    """The order of the scores, in which each place is, with chance `share`, drawn from all items that are left.

    The draw is a softmax of the scores, stretched to 0..1, over `temperature`. A request's luck follows from its user and
    its time alone, so that a replay shows the same list. It comes last, for `chances` tell of the list that it gives.
    """

    def __init__(self, *, share: Share = 0.05, temperature: float = 0.3) -> None:
        self.share = share
        self.temperature = temperature

    def order(self, items: I32, scores: F64, context: Context, k: int) -> I64:
        """Positions of the k chosen of n candidates, by places."""
        if not self.temperature > 0:
            raise ModelError("explore.temperature", f"got {self.temperature}, expected a number above 0",
                             "A small one draws among the best, a large one among all alike.")
        by_score = best_first(items, scores)
        luck = np.random.default_rng([context.user + 1, context.time % 2**63])
        drawn = luck.random(len(items)) < self.share  # by place
        noise = luck.gumbel(size=len(items))  # by item, from the best on
        best = iter(range(len(items)))
        luckiest = iter(np.argsort(-(stretched(scores[by_score]) / self.temperature + noise), kind="stable").tolist())
        taken: dict[int, None] = {}
        for chance in drawn[:k].tolist():
            taken[next(one for one in (luckiest if chance else best) if one not in taken)] = None
        return by_score[list(taken)]

    def chances(self, items: I32, scores: F64, order: I64) -> F64:
        """The chance [k] with which each place of `order` got its item, given the places before it."""
        weight = np.exp(stretched(scores) / self.temperature)
        left = np.ones(len(items), np.bool_)
        best = iter(best_first(items, scores).tolist())
        chances, first = np.zeros(len(order)), -1
        for place, position in enumerate(order.tolist()):
            first = first if first >= 0 and left[first] else next(one for one in best if left[one])
            chances[place] = self.share * weight[position] / weight[left].sum() + (1 - self.share) * (position == first)
            left[position] = False
        return chances
