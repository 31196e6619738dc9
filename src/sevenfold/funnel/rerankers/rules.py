"""What a list never holds, and what it begins with, by conditions on the items' attributes."""

from __future__ import annotations

from functools import cache

import numpy as np

from sevenfold.data.labels import expression_mask
from sevenfold.design.expression import Expression, parse
from sevenfold.errors import ModelError, SevenfoldError
from sevenfold.funnel.reranking import Context, best_first
from sevenfold.nouns import F64, I32, I64, Bools

read = cache(parse)


class Rules:
    """The order of the scores, without the items for which `block` holds, those for which `pin` holds first.

    Both are written as labels are: `sold_out or rating < 2`. A condition does not hold where a missing value leaves it open.
    """

    drops = "blocked"  # why an item is no longer in its list

    def __init__(self, *, block: str | None = None, pin: str | None = None) -> None:
        self.block = block
        self.pin = pin

    def order(self, items: I32, scores: F64, context: Context, k: int) -> I64:
        """Positions of at most k of n candidates, best first."""
        by_score = best_first(items, scores)
        left = by_score[~_holds("block", self.block, items[by_score], context)]
        pinned = _holds("pin", self.pin, items[left], context)
        return np.concatenate([left[pinned], left[~pinned]])[:k]


def _holds(rule: str, condition: str | None, items: I32, context: Context) -> Bools:
    """For which of `items` a condition holds; `ModelError` where it cannot be read or asked."""
    if condition is None:
        return np.zeros(len(items), np.bool_)
    try:
        tree: Expression = read(condition)
        return expression_mask(tree, context.attributes(items, sorted(tree.columns()), f"rules.{rule}"))
    except SevenfoldError as error:
        raise ModelError(f"rules.{rule}", error.problem, error.hint) from None
