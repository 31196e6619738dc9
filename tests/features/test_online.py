"""The online execution against the columnar one, bit for bit, on random logs with ties, delays, late and unknown events."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from sevenfold import features
from sevenfold.features.online import Online
from sevenfold.nouns import Candidates, Data, Entities, Log, Requests
from toy_logs import ITEMS, SECOND, USERS, context, design, worlds


def prefix(data: Data, arrivals: np.ndarray, n: int) -> Data:
    """The data with the first n events to arrive, in order of their time as a log keeps them."""
    rows = arrivals[:n]
    return replace(data, log=data.log.take(rows[np.argsort(data.log.time[rows], kind="stable")]))


def batch(users: np.ndarray, time: int, said: dict[str, np.ndarray]) -> tuple[Requests, Candidates]:
    requests = Requests(time=np.full(len(users), time, dtype=np.int64), user=users.astype(np.int32), context=said)
    item = np.tile(np.arange(-1, ITEMS + 3), len(users)).astype(np.int32)
    request = np.repeat(np.arange(len(users)), ITEMS + 4).astype(np.int32)
    return requests, Candidates(request=request, item=item, sources={}, ranks={})


class Shop:
    """Users' blobs in a dictionary, as a store would keep them."""

    def __init__(self, online: Online) -> None:
        self.online = online
        self.blobs: dict[int, bytes] = {}

    def take(self, log: Log) -> None:
        ids = [None if user < 0 else user for user in log.user.tolist()]
        records = self.one(log, ids[0]) if len(log) == 1 else self.online.arrive(log, ids)
        for user, record in zip(log.user.tolist(), records):
            if user >= 0:
                self.blobs[user] = self.online.layout.extended(self.blobs.get(user), record[None])

    def one(self, log: Log, user: int | None) -> np.ndarray:
        [values] = log.table.to_pylist()
        return self.online.happen(available=int(log.available[0]), time=int(log.time[0]), user=user, item=int(log.item[0]),
                                  positive=bool(log.positive[0]), values=values)


@settings(max_examples=500, deadline=None)
@given(data=worlds(), cut=st.integers(0, 30), own=st.booleans(), seed=st.integers(0, 2**32 - 1))
def test_event_by_event_equals_the_whole_log_at_once(data: Data, cut: int, own: bool, seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = len(data.log)
    # anything may come late, even much later than it says it was available
    arrivals = np.argsort(data.log.available + rng.integers(0, 8, n) * SECOND * rng.integers(0, 2), kind="stable")
    fitted = features.fit(design(own=own), data, cut * SECOND)
    shop = Shop(Online(fitted, data))
    done = 0
    for until in sorted(rng.integers(0, n + 1, 4).tolist()):
        while done < until:
            step = min(int(rng.integers(1, 6)), until - done)
            shop.take(data.log.take(arrivals[done:done + step]))
            done += step
        time = int(rng.integers(0, 32)) * SECOND + int(rng.integers(-1, 2))
        users = rng.permutation(np.arange(-1, USERS))[:rng.integers(1, USERS + 2)]
        requests, candidates = batch(users, time, context(rng, len(users)))
        offline = fitted.over(prefix(data, arrivals, done))
        online = shop.online.view([shop.blobs.get(int(user)) for user in users], time)
        expected, found = offline.rows(requests, candidates), online.rows(requests, candidates)
        different = np.argwhere(expected.values.view(np.uint32) != found.values.view(np.uint32))
        assert not len(different), [(expected.names[c], expected.values[r, c], found.values[r, c]) for r, c in different[:5]]
        np.testing.assert_array_equal(expected.history, found.history)
        for a, b in zip(offline.seen(requests), online.seen(requests), strict=True):
            np.testing.assert_array_equal(a, b)


def test_an_item_that_comes_up_later_is_counted() -> None:
    nothing = Log(time=np.zeros(0, np.int64), available=np.zeros(0, np.int64), user=np.zeros(0, np.int32),
                  item=np.zeros(0, np.int32), positive=np.zeros(0, np.bool_),
                  table=pa.table({"price": pa.array([], pa.float64())}))
    nobody = Entities(ids=np.arange(1), table=pa.table({"id": [0]}))
    data = Data(log=nothing, users=nobody, items=nobody)
    defined = {"item": {"seen": {"count": "events"}, "paid": {"sum": "price", "half_life": 100.0},
                        "ago": {"time_since": "event"}}}
    online = Online(features.fit(design(defined), data, 0), data)
    for item, time in ((0, 1), (7, 2), (0, 3), (7, 3)):
        online.happen(available=time * SECOND, time=time * SECOND, user=0, item=item, positive=True, values={"price": 2.5})
        online.view([None], time * SECOND)
    requests = Requests(time=np.array([4 * SECOND]), user=np.array([-1], dtype=np.int32))
    items = np.array([-1, 0, 5, 7], dtype=np.int32)
    candidates = Candidates(request=np.zeros(4, dtype=np.int32), item=items, sources={}, ranks={})
    values = online.view([None], 4 * SECOND).rows(requests, candidates).values
    assert values[:, 0].tolist() == [0, 2, 0, 2]
    assert values[:, 1].tolist() == [0, 5, 0, 5]
    assert np.isnan(values[[0, 2], 2]).all()
    assert values[[1, 3], 2].tolist() == [1, 1]  # log2(1 + 1 s)
