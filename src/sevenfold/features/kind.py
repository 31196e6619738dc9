"""What a kind of feature is: a small class that is fitted on the past and then reads a log as of any moment.

A kind has two verbs, in this order:

    fit(past)                     → Fitted: what must be frozen at the cut, as named arrays, and the endings of the names of
                                    its columns ("" where there is one)
    reader(group, state, present) → a function from a Moment to its values, [m] or [m, columns]

`reader` is the one definition with several executions: it asks `present` for windows when it is bound, so whoever
executes it learns there what state to keep; and what it computes from the windows' integers is arithmetic by row.
"""

from __future__ import annotations

from typing import Protocol

from sevenfold.features.past import Fitted, Past, State
from sevenfold.features.present import Present, Reader


class Kind(Protocol):
    """The contract of `features/kinds/*.py`."""

    def fit(self, past: Past) -> Fitted:
        """What must be frozen at the cut, and which columns there are."""
        ...

    def reader(self, group: str, state: State, present: Present) -> Reader:
        """The function from a moment to its values."""
        ...
