"""How much: `{sum: seconds, over: 30d}`."""

from __future__ import annotations

from sevenfold.features.past import Fitted, Past, State
from sevenfold.features.present import Present, Reader
from sevenfold.units import Duration


class Sum:
    """The sum of a numeric column over the events in a window, exact in millionths; missing values add nothing.

    With a `half_life` older events count less, in steps of a quarter of it.
    """

    def __init__(self, *, sum: str, over: Duration | None = None, half_life: Duration | None = None) -> None:
        self.sum = sum
        self.over = over
        self.half_life = half_life

    def fit(self, past: Past) -> Fitted:
        """Nothing to freeze."""
        past.windowed(self.over, self.half_life)
        past.totals(self.sum)
        return Fitted()

    def reader(self, group: str, state: State, present: Present) -> Reader:
        """[m] sums; 0 where there is nothing to add."""
        window = present.window(group, self.sum, over=self.over, half_life=self.half_life)
        return lambda at: window.sum(at) / window.unit
