"""Shared friends as of a moment: against the definition, and event by event."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sevenfold import features
from sevenfold.errors import DataError, DesignError
from sevenfold.features import partitions
from sevenfold.features.online import Online
from sevenfold.nouns import Candidates, Data, Entities, Log, Requests
from toy_logs import SECOND, design

USERS = 7
PAIR = {"common": {"common_neighbours": None}, "lately": {"common_neighbours": None, "over": 9.0},
        "allocation": {"resource_allocation": None}, "allocation_9": {"resource_allocation": None, "over": 9.0}}


@st.composite
def graphs(draw: st.DrawFn) -> Data:
    """Links that stand both ways, some of them twice, some known late, some that are none."""
    n, rng = draw(st.integers(0, 25)), np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    one, other = rng.integers(0, USERS, (2, n))
    time, late, positive = np.sort(rng.integers(0, 25, n)) * SECOND, rng.integers(0, 4, n) * SECOND, rng.random(n) < 0.8
    both = np.repeat(np.arange(n), 2)
    users = Entities(ids=np.arange(USERS), table=pa.table({"id": np.arange(USERS)}))
    log = Log(time=time[both], available=(time + late)[both], positive=positive[both],
              user=np.stack([one, other], axis=1).ravel().astype(np.int32),
              item=np.stack([other, one], axis=1).ravel().astype(np.int32), table=pa.table({"price": np.zeros(2 * n)}))
    return Data(log=log, users=users, items=users)


def told(data: Data, time: int, user: int, item: int) -> list[float]:
    """The four features from their definitions."""
    log = data.log

    def friends(one: int, over: float | None) -> set[int]:
        since = -1 if over is None else time - over * SECOND
        known = log.positive & (log.available < time) & (log.available >= since)
        return set(log.item[known & (log.user == one)].tolist())

    def links(one: int) -> int:
        return int((log.positive & (log.available < time) & (log.item == one)).sum())

    shared = [friends(user, over) & friends(item, over) for over in (None, 9.0)]
    return [len(shared[0]), len(shared[1]), *(sum(1 / links(one) for one in some) for some in shared)]


def asked(users: list[int], time: int) -> tuple[Requests, Candidates]:
    requests = Requests(time=np.full(len(users), time, dtype=np.int64), user=np.array(users, dtype=np.int32))
    every = np.arange(-1, USERS + 2)
    return requests, Candidates(request=np.repeat(np.arange(len(users)), len(every)).astype(np.int32),
                                item=np.tile(every, len(users)).astype(np.int32), sources={}, ranks={})


@settings(max_examples=60, deadline=None)
@given(data=graphs(), seed=st.integers(0, 2**32 - 1))
def test_both_executions_are_the_definition(data: Data, seed: int) -> None:
    fitted = features.fit(design({"pair": PAIR}), data, 30 * SECOND)
    offline, online, blobs = fitted.over(data), Online(fitted, data), {}
    arriving = np.argsort(data.log.available, kind="stable")
    done, rng = 0, np.random.default_rng(seed)
    for time in sorted((rng.integers(0, 30, 3) * SECOND).tolist()):
        until = int(np.searchsorted(data.log.available[arriving], time))
        log, done = data.log.take(arriving[done:until]), until
        for user, record in zip(log.user.tolist(), online.arrive(log, log.user.tolist())):
            blobs[user] = online.layout.extended(blobs.get(user), record[None])
        users = rng.permutation(np.arange(-1, USERS))[:3].tolist()
        requests, candidates = asked(users, time)
        expected = np.array([told(data, time, users[request], item)
                             for request, item in zip(candidates.request, candidates.item)])
        found = offline.rows(requests, candidates).values
        np.testing.assert_allclose(found, expected, rtol=1e-6)
        served = online.view([blobs.get(user) for user in users], time).rows(requests, candidates).values
        np.testing.assert_array_equal(found.view(np.uint32), served.view(np.uint32))


NOTHING = Log(time=np.zeros(0, np.int64), available=np.zeros(0, np.int64), user=np.zeros(0, np.int32), item=np.zeros(0, np.int32),
              positive=np.zeros(0, np.bool_), table=pa.table({"price": np.zeros(0)}))
PEOPLE, FEWER = (Entities(ids=np.arange(size), table=pa.table({"id": np.arange(size)})) for size in (4, 3))


def test_shared_friends_are_asked_of_two_users() -> None:
    for group, users in (("pair", FEWER), ("user", PEOPLE)):
        with pytest.raises(DesignError, match="expected a feature of pair where users are suggested to users"):
            features.fit(design({group: {"common": PAIR["common"]}}), Data(users=users, items=PEOPLE, log=NOTHING), 0)


def test_a_log_in_parts_cannot_tell_whom_others_know(tmp_path: Path) -> None:
    data = Data(users=PEOPLE, items=PEOPLE, log=NOTHING)
    fitted = features.fit(design({"pair": PAIR}), data, 0)
    with pytest.raises(DataError, match=r"data\.features\.pair\.common: reads the links of other users"):
        partitions.write(fitted, data, [data.log], tmp_path / "values.parquet", parts=2)
