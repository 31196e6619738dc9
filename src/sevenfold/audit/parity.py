"""Does serving see what training saw? Test requests are replayed event by event and held against the log read at once.

The log's events arrive in the order in which they became available; each request of the sample is answered, at its
moment, from the items' running totals and its user's own events. Every feature of every candidate must have the same
bits as the columnar execution gives. Fitted transforms stay frozen.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from sevenfold.errors import LeakError
from sevenfold.features import Feature, Features, View
from sevenfold.features.online import Online
from sevenfold.nouns import Candidates, Data, Requests

SAMPLE = 100  # requests
ITEMS = 50  # of each


def parity(features: Features, data: Data, requests: Requests, *, seed: int = 0) -> list[LeakError]:
    """The features that the two executions do not agree on, each once, with a row and both values; code X09."""
    if not (len(requests) and len(data.items) and features.features):
        return []
    rng = np.random.default_rng(seed)
    rows = rng.choice(len(requests), min(SAMPLE, len(requests)), replace=False)
    asked = requests.take(rows[np.argsort(requests.time[rows], kind="stable")])
    item = rng.integers(0, len(data.items), (len(asked), ITEMS)).astype(np.int32)
    offline, owners = features.over(data), {name: one for one in features.features for name in one.names}
    found: dict[str, LeakError] = {}
    for number, online in enumerate(_replayed(features, data, asked)):
        one = asked.take(np.array([number]))
        candidates = Candidates(request=np.zeros(ITEMS, dtype=np.int32), item=item[number], sources={}, ranks={})
        expected, served = (view.rows(one, candidates).values for view in (offline, online))
        for column in np.flatnonzero((expected.view(np.uint32) != served.view(np.uint32)).any(axis=0)):
            row = int(np.argmax(expected[:, column].view(np.uint32) != served[:, column].view(np.uint32)))
            name = offline.names[column]
            found.setdefault(name, _skew(owners[name], name, data, one, int(item[number][row]),
                                         float(expected[row, column]), float(served[row, column])))
    return list(found.values())


def _replayed(features: Features, data: Data, asked: Requests) -> Iterator[View]:
    """Of each request what answers it, after all that became available before it has arrived."""
    online = Online(features, data)
    arriving = np.argsort(data.log.available, kind="stable")
    until = np.searchsorted(data.log.available[arriving], asked.time)
    blobs: dict[int, bytes] = {}
    wanted, done = np.unique(asked.user), 0
    for time, user, end in zip(asked.time.tolist(), asked.user.tolist(), until.tolist(), strict=True):
        log = data.log.take(arriving[done:end])
        done = end
        records = online.arrive(log, [None if user < 0 else user for user in log.user.tolist()])
        for one in np.unique(log.user[np.isin(log.user, wanted)]).tolist():
            blobs[one] = online.layout.extended(blobs.get(one), records[log.user == one])
        yield online.view([blobs.get(user) if user >= 0 else None], time)


def _skew(feature: Feature, name: str, data: Data, one: Requests, item: int, expected: float, served: float) -> LeakError:
    user = data.users.ids[one.user[0]] if one.user[0] >= 0 else "nobody knows"
    row = f"user {user} and item {data.items.ids[item]} at {np.datetime64(int(one.time[0]), 'us')}"
    return LeakError(f"data.features.{feature.path}",
                     f"feature '{name}' is served as {served!r} and was trained as {expected!r}, for {row}",
                     "Nothing is shipped whose features differ; a kind of feature must read its events through a window.",
                     feature=feature.path, row_time=int(one.time[0]), code="X09")
