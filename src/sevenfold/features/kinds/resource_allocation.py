"""Shared friends, each worth less the more friends they have: `{resource_allocation: }`."""

from __future__ import annotations

from typing import Literal

import numpy as np

from sevenfold.features.kernel import Moment
from sevenfold.features.kinds.common_neighbours import between_users, both_ends, shared
from sevenfold.features.past import Fitted, Past, State
from sevenfold.features.present import Present, Reader
from sevenfold.nouns import Array
from sevenfold.units import Duration

UNIT = 1 << 40  # shares are kept in integers of 1/UNIT, so that their sums do not depend on an order


class ResourceAllocation:
    """The sum, over the friends whom both share in the window, of one over how many links the friend has by then.

    T. Zhou, L. Lü and Y.-C. Zhang, "Predicting missing links via local information" (2009), equation 8.
    """

    of_links = True

    def __init__(self, *, resource_allocation: Literal["links"] | None = None, over: Duration | None = None) -> None:
        self.resource_allocation = resource_allocation
        self.over = over

    def fit(self, past: Past) -> Fitted:
        """Nothing to freeze."""
        between_users(past)
        return Fitted()

    def reader(self, group: str, state: State, present: Present) -> Reader:
        """[m] sums; 0 for whoever nobody knows."""
        friends, links = both_ends(present, self.over), present.positives("item")

        def read(at: Moment) -> Array:
            question, friend = shared(at, *friends)
            degree = links.count(Moment(at.asked, at.present, at.request[question], friend.astype(np.int32)))
            return np.bincount(question, UNIT // np.maximum(degree, 1), len(at)) / UNIT

        return read
