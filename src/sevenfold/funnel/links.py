"""Who is linked with whom, as of any moment: each link once, from the first time that it was available."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sevenfold.errors import ModelError
from sevenfold.funnel import histories
from sevenfold.nouns import I32, I64, Interactions


@dataclass(frozen=True, kw_only=True)
class Links:
    """The friends of user u are `friend[ends[u]:ends[u + 1]]`, in the order in which they became so."""

    ends: I64  # [users + 1]
    friend: I32  # [n]
    moments: I64  # [n] rising: the places of time
    key: I64  # [n] rising: the user's code times n + 1, and the place of the link's moment

    def friends(self, user: int, time: int) -> I32:
        """Those of one user before a time."""
        return self.friend[self.ends[user]:self.before(np.array([user]), time)[0]]

    def before(self, users: I32 | I64, time: int) -> I64:
        """[m] where each user's links before a time end."""
        place = np.searchsorted(self.moments, time)
        return np.searchsorted(self.key, users.astype(np.int64) * (len(self.key) + 1) + place)


def links(user: I32, item: I32, time: I64, users: int) -> Links:
    """The links [n] between users, each at the first of its times; one with oneself is none."""
    order = np.lexsort((item, user, time))
    order = order[user[order] != item[order]]
    pair = user[order].astype(np.int64) * users + item[order]
    rows = order[np.sort(np.unique(pair, return_index=True)[1])]  # in order of time
    moments = time[rows]
    key = user[rows].astype(np.int64) * (len(rows) + 1) + np.searchsorted(moments, moments)
    by_user = np.argsort(key, kind="stable")
    ends = np.searchsorted(user[rows][by_user], np.arange(users + 1))
    return Links(ends=ends, friend=item[rows][by_user], moments=moments, key=key[by_user])


def learnt(where: str, interactions: Interactions) -> Links:
    """What was linked before the cut; `ModelError` without a link, or where the items are not the users."""
    histories.some(where, interactions)
    if interactions.users != interactions.items:
        raise ModelError(where, f"got {interactions.users} users and {interactions.items} items, expected links between users",
                         "Say that users are suggested to users: framing: {task: link, answer: {users: 20}}.")
    return links(interactions.user, interactions.item, interactions.time, interactions.users)
