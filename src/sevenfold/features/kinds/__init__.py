"""Kinds of features, one a file, and the contract of each: it is fitted on the past, then reads a log as of any moment."""

from __future__ import annotations

from typing import Protocol

from sevenfold.features.past import Fitted, Past, State
from sevenfold.features.present import Present, Reader


class Kind(Protocol):
    """Two verbs; what the reader computes of the windows' integers is arithmetic by row."""

    def fit(self, past: Past) -> Fitted:
        """What must be frozen at the cut, as named arrays, and the endings of the names of its columns."""
        ...

    def reader(self, group: str, state: State, present: Present) -> Reader:
        """A function from a moment to its values, [m] or [m, columns]."""
        ...
