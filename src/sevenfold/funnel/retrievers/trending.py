"""What is read this hour: popularity with a half-life of hours."""

from __future__ import annotations

from typing import ClassVar

from sevenfold.funnel.retrievers.popular import Popular
from sevenfold.units import Duration


class Trending(Popular):
    """`popular` with a short memory: for news, and for whatever else is old within days.

    Counts that fade quickly show growth by themselves: setting the last half hour against the last three gave no better
    lists of news than a half-life of a quarter of an hour.
    """

    where = "trending"
    space: ClassVar = {"half_life": (900.0, 172800.0, "log")}

    def __init__(self, *, half_life: Duration = 21600.0) -> None:
        super().__init__(half_life=half_life)
