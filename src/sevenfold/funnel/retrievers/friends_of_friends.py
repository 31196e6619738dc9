"""Friends of friends: whoever shares a friend with the visitor, as of the visit.

T. Zhou, L. Lü and Y.-C. Zhang, "Predicting missing links via local information" (2009), for the weight of a shared friend.
"""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import numpy as np

from sevenfold.funnel import histories
from sevenfold.funnel.links import Links, learnt, links
from sevenfold.nouns import F32, I64, Interactions, Log, Visits


class FriendsOfFriends:
    """The sum over shared friends of their number of friends to the power of −`penalty`.

    1 is resource allocation, 0 counts the shared friends. Once it follows a log it reads the links that were available strictly
    before the visit; before that, those before the cut. Whoever has no friend gets no proposal.
    """

    random = False
    space: ClassVar = {"penalty": (0.3, 1.5, "linear")}
    of_links = True

    def __init__(self, *, penalty: float = 1.0) -> None:
        self.penalty = penalty
        self._rows: I64 | None = None  # of a synthetic catalogue: the user that each one copies

    def fit(self, interactions: Interactions, *, seed: int) -> None:
        """Take the links before the cut; `ModelError` where items are not users."""
        self._links = learnt("friends_of_friends", interactions)

    def following(self, log: Log, items: int) -> FriendsOfFriends:
        """The same retriever, its links read from a log as of each visit."""
        kept = np.flatnonzero(log.positive & (log.user >= 0) & (log.item >= 0) & (np.maximum(log.user, log.item) < items))
        return self._over(links(log.user[kept], log.item[kept], log.available[kept], items), self._rows)

    def scores(self, visits: Visits) -> F32:
        """The score of every user [B, users]; -inf of whoever shares no friend."""
        found = np.full((len(visits.user), len(self._links.ends) - 1), -np.inf, np.float32)
        for row, (user, time) in enumerate(zip(visits.user.tolist(), visits.time.tolist(), strict=True)):
            if 0 <= user < found.shape[1]:
                found[row] = self._of(user, time)
        return found if self._rows is None else found[:, self._rows]

    def _of(self, user: int, time: int) -> F32:
        known = self._links
        friends = np.sort(known.friends(user, time))
        first, last = known.ends[friends], known.before(friends, time)
        reached = [known.friend[slice(*ends)] for ends in zip(first, last, strict=True)]
        weight = np.maximum(last - first, 1).astype(np.float64) ** -self.penalty
        sums = np.bincount(np.concatenate([known.friend[:0], *reached]), np.repeat(weight, last - first), len(known.ends) - 1)
        return np.where(sums > 0, sums, -np.inf).astype(np.float32)

    def grow(self, rows: I64) -> FriendsOfFriends:
        """The same retriever over a catalogue whose user j is a copy of user `rows[j]`."""
        return self._over(self._links, rows)

    def save(self, folder: Path) -> None:
        """Write the parameter and the links before the cut into `folder`."""
        known = self._links
        histories.save(folder, {"penalty": self.penalty}, {"ends": known.ends, "friend": known.friend, "moments": known.moments,
                                                           "key": known.key})

    @classmethod
    def load(cls, folder: Path) -> FriendsOfFriends:
        """What `save` wrote; `ModelError` when it cannot be read."""
        params, arrays = histories.load(folder)
        return cls(**params)._over(Links(**arrays))

    def _over(self, known: Links, rows: I64 | None = None) -> FriendsOfFriends:
        other = FriendsOfFriends(penalty=self.penalty)
        other._links, other._rows = known, rows
        return other
