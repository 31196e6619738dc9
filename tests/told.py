"""A run's progress that remembers instead of drawing."""

from __future__ import annotations


class Told:
    """Which steps were computed, and which were kept from before."""

    def __init__(self) -> None:
        self.reused: dict[str, bool] = {}

    def start(self, step: str) -> None:
        """Nothing to remember."""

    def done(self, step: str, seconds: float, reused: bool) -> None:
        """Remember how the step came about."""
        self.reused[step] = reused
