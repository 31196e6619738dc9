"""How much of how much: `{ratio: clicked, of: events, over: 7d}`."""

from __future__ import annotations

from sevenfold.features.kernel import Moment, ratio
from sevenfold.features.past import EVENTS, Fitted, Past, State
from sevenfold.features.present import Present, Reader
from sevenfold.nouns import Array
from sevenfold.units import Duration


class Ratio:
    """The sum of a column (or of `label`) over the events in a window, divided by that of another, or by their number.

    Missing values add nothing; NaN where there is nothing to divide by. Both count only
    events of which both are known. With a `half_life` older events count less, in steps of a quarter of it.
    """

    def __init__(self, *, ratio: str, of: str = "events", over: Duration | None = None,
                 half_life: Duration | None = None) -> None:
        self.ratio = ratio
        self.of = of
        self.over = over
        self.half_life = half_life

    def fit(self, past: Past) -> Fitted:
        """Nothing to freeze."""
        past.windowed(self.over, self.half_life)
        for of in {self.ratio, self.of} - {EVENTS}:
            past.totals(of)
        return Fitted()

    def reader(self, group: str, state: State, present: Present) -> Reader:
        """[m] ratios."""
        part, whole = (present.window(group, of, beside=beside, over=self.over, half_life=self.half_life)
                       for of, beside in ((self.ratio, self.of), (self.of, self.ratio)))

        def read(at: Moment) -> Array:
            return ratio(part.sum(at) / part.unit, whole.sum(at) / whole.unit)

        return read
