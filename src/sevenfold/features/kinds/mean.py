"""What is usual: `{mean: label, over: 30d, prior: 20}`."""

from __future__ import annotations

import numpy as np

from sevenfold.features.kernel import Moment, ratio
from sevenfold.features.past import Fitted, Past, State
from sevenfold.features.present import Present, Reader
from sevenfold.nouns import Array
from sevenfold.units import Duration


class Mean:
    """The mean of the label or of a column in a window, drawn towards the mean before the training cut.

    (sum + prior · m) / (count + prior), m frozen at the cut: `prior` counts as so many events of the usual kind.
    With a `half_life` older events count less, in steps of a quarter of it.
    """

    def __init__(self, *, mean: str = "label", over: Duration | None = None, half_life: Duration | None = None,
                 prior: float = 10.0) -> None:
        self.mean = mean
        self.over = over
        self.half_life = half_life
        self.prior = prior

    def fit(self, past: Past) -> Fitted:
        """The weight and the mean of the prior; no weight where nothing is known before the cut."""
        past.windowed(self.over, self.half_life)
        total, count = past.totals(self.mean) if self.prior else (0, 0)
        return Fitted({"prior": np.array([self.prior if count else 0.0, total / count if count else 0.0])})

    def reader(self, group: str, state: State, present: Present) -> Reader:
        """[m] means; the prior's for an entity nobody knows, NaN where there is no prior either."""
        window = present.window(group, self.mean, over=self.over, half_life=self.half_life)
        weight, mean = state["prior"]

        def read(at: Moment) -> Array:
            count = window.count(at) + weight
            total = (window.sum(at) + weight * mean) / window.unit
            return ratio(total, count)

        return read
