"""The simulated world of friends: a graph that grows in communities, mostly by friends of friends.

People join one after another. Whoever makes the next friend, the active more often, chooses a friend's friend, someone of
the same community, or anybody; somebody well known is met more easily. Which of the three it was is the truth.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from sevenfold.data.worlds.pieces import START
from sevenfold.nouns import DAY, Array

WAYS = ("friend of a friend", "community", "anybody")
CHANCES = (0.55, 0.33, 0.12)
DAYS = 720
TRIES = 8


def make(*, rows: int = 20_000, seed: int = 0) -> dict[str, pa.Table]:
    """The files of a world with that many rows, two for each friendship, over two years."""
    rng = np.random.default_rng(seed)
    count = rows // 2
    people = max(count // 6, 30)
    community = rng.integers(max(people // 40, 3), size=people)
    made = list(_grown(rng, count, people, community))
    one, other, way = (np.array(column, dtype=np.int64) for column in zip(*made))
    # ever faster, as a network that grows is
    time = (START - DAYS * DAY) // 1000 + (np.sqrt(np.sort(rng.random(len(one)))) * DAYS * DAY).astype(np.int64) // 1000
    both = np.repeat(time, 2)
    return {
        "contacts.dat": pa.table({"userID": np.stack([one, other], axis=1).ravel() + 1,
                                  "contactID": np.stack([other, one], axis=1).ravel() + 1, "timestamp": both}),
        "truth.parquet": pa.table({"userID": one + 1, "contactID": other + 1, "timestamp": time,
                                   "way": np.array(WAYS)[way], "same_community": community[one] == community[other]}),
    }


def _grown(rng: np.random.Generator, count: int, people: int, community: Array) -> Iterator[tuple[int, int, int]]:
    """`count` friendships in order, each with the way it came about."""
    friends: list[list[int]] = [[] for _ in range(people)]
    known: list[list[int]] = [[] for _ in range(int(community.max()) + 1)]  # each member once, and once for each friend
    active = np.cumsum(rng.lognormal(0, 0.7, people))
    everybody: list[int] = []
    made = 0
    while made < count:
        present = max(int(people * ((made + 1) / count) ** 0.7), 10)
        while len(everybody) < present:
            known[community[len(everybody)]].append(len(everybody))
            everybody.append(len(everybody))
        one = int(np.searchsorted(active, rng.random() * active[present - 1]))
        way = int(np.searchsorted(np.cumsum(CHANCES), rng.random()))
        other = _met(rng.random((TRIES, 2)), one, (friends, known[community[one]], everybody), way)
        if other is None:
            continue
        for person, friend in ((one, other), (other, one)):
            friends[person].append(friend)
            known[community[person]].append(person)
        yield one, other, way
        made += 1


def _met(draws: Array, one: int, whom: tuple[list[list[int]], list[int], list[int]], way: int) -> int | None:
    """Somebody who is no friend yet; None where none is found in a few tries."""
    friends, members, everybody = whom
    for first, second in draws.tolist():
        if way == 0:
            if not friends[one]:
                return None
            middle = friends[one][int(first * len(friends[one]))]
            other = friends[middle][int(second * len(friends[middle]))]
        else:
            pool = members if way == 1 else everybody
            other = pool[int(first * len(pool))]
        if other != one and other not in friends[one]:
            return other
    return None
