"""What a kind of feature is: a small class that is fitted on the past and then reads a log as of any moment.

A kind has three verbs, in this order:

    fit(past)                     → State: whatever must be frozen at the cut, as named arrays
    columns(state)                → what follows the feature's name in the names of its columns ("" for just one)
    reader(group, state, present) → a function from a Moment to its values, [m] or [m, columns]

`reader` is the one definition with several executions: it asks `present` for windows when it is bound, so whoever
executes it learns there what state to keep; and what it computes from the windows' integers is arithmetic by row.
"""

from __future__ import annotations

from typing import Protocol

from sevenfold.features.past import Past, State
from sevenfold.features.present import Present, Reader


class Kind(Protocol):
    """The contract of `features/kinds/*.py`."""

    def fit(self, past: Past) -> State:
        """What must be frozen at the cut."""
        ...

    def columns(self, state: State) -> tuple[str, ...]:
        """The endings of the columns' names."""
        ...

    def reader(self, group: str, state: State, present: Present) -> Reader:
        """The function from a moment to its values."""
        ...
