"""How many friends two users share: `{common_neighbours: , over: 90d}`."""

from __future__ import annotations

from typing import Literal

import numpy as np

from sevenfold.errors import DesignError
from sevenfold.features.kernel import Moment
from sevenfold.features.past import Fitted, Past, State
from sevenfold.features.present import Present, Reader
from sevenfold.features.window import Window
from sevenfold.nouns import I64, Array
from sevenfold.units import Duration

CODE = 32  # bits of a user's code


class CommonNeighbours:
    """The number of users that the one who asks and the candidate are both linked with, in the window and as of the request."""

    of_links = True

    def __init__(self, *, common_neighbours: Literal["links"] | None = None, over: Duration | None = None) -> None:
        self.common_neighbours = common_neighbours
        self.over = over

    def fit(self, past: Past) -> Fitted:
        """Nothing to freeze."""
        between_users(past)
        return Fitted()

    def reader(self, group: str, state: State, present: Present) -> Reader:
        """[m] counts; 0 for whoever nobody knows."""
        friends = both_ends(present, self.over)
        return lambda at: np.bincount(shared(at, *friends)[0], minlength=len(at))


def between_users(past: Past) -> None:
    """Refuse what is not asked of two users."""
    if past.group != "pair" or not np.array_equal(past.data.users.ids, past.data.items.ids):
        raise DesignError(past.where, f"expected a feature of pair where users are suggested to users, got one of {past.group}",
                          "Shared friends are asked of two users: framing: {task: link, answer: {users: 20}}.")


def both_ends(present: Present, over: float | None) -> tuple[Window, Window]:
    """The links of the one who asks, and those of the candidate; a link stands in the log both ways."""
    return present.positives("user", over), present.positives("item", over)


def shared(at: Moment, mine: Window, theirs: Window) -> tuple[I64, I64]:
    """The (question, user) of everybody whom both ends of a question are linked with, each once, in rising order."""
    requests, row = at.requests
    ends, rows = mine.every(Moment(at.asked, at.present, requests))
    log = at.present.data.log.item
    own = np.unique(_pair(np.repeat(requests - requests[:1], np.diff(ends)), log[rows] if len(log) else rows))
    ends, friend = at.present.partners(theirs, at)
    question = np.repeat(np.arange(len(at)), np.diff(ends))
    known = (friend >= 0) & np.isin(_pair(row[question], friend), own)
    return np.divmod(np.unique(_pair(question[known], friend[known])), 1 << CODE)


def _pair(one: Array, other: Array) -> I64:
    return one.astype(np.int64) << CODE | other


