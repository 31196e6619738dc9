"""Four strict point-in-time features on synthetic events: our kernel beside Polars, DuckDB and pandas.

    python bench/features.py [--rows 5000000] [--runs 3]

For every event: how many events the user had in the last 7 days, the sum of their values over 30 days, the mean value
of the item over 30 days, and the seconds since the user's last event; all over [t − w, t), events at exactly t
excluded. Each engine is written as well as we can write it, starts from the same columns in memory, may use every core,
and runs in a process of its own, in turn with the others; the answers are compared before any time is printed.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

DAY = 86_400 * 1_000_000
NAMES = ("user_count_7d", "user_sum_30d", "item_mean_30d", "user_since")


def events(rows: int) -> dict[str, np.ndarray]:
    """Events in order of time, over 90 days and in whole seconds (so that ties occur); popularity falls off as a power law."""
    rng = np.random.default_rng(7)
    users, items = max(rows // 25, 2), max(rows // 250, 2)
    when = np.sort(rng.integers(0, 90 * 86_400, rows)) * 1_000_000
    item = (items * rng.random(rows) ** 3).astype(np.int32)
    return {"time": when, "user": rng.integers(0, users, rows).astype(np.int32), "item": item,
            "value": rng.integers(0, 10_000, rows) / 100}


def sevenfold(log: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    import pyarrow as pa

    from sevenfold import features
    from sevenfold.design.sections import Answer, DataSection, Design, Evaluation, Events, Framing, Label, Part
    from sevenfold.nouns import Candidates, Data, Entities, Log, Requests

    n, day = len(log["time"]), 86_400.0
    declared = {"user": {"count": Part(name="count", params={"count": "events", "over": 7 * day}),
                         "sum": Part(name="sum", params={"sum": "value", "over": 30 * day}),
                         "since": Part(name="time_since", params={"time_since": "event"}),
                         "history": Part(name="last", params={"last": "item", "n": 0})},
                "item": {"mean": Part(name="mean", params={"mean": "value", "over": 30 * day, "prior": 0.0})}}
    design = Design(name="bench", framing=Framing(task="recommend", answer=Answer(items=1), label=Label(is_="value")),
                    data=DataSection(events=Events(path="-", time="time"), features=declared), evaluation=Evaluation(metric="ndcg"))
    data = Data(log=Log(time=log["time"], available=log["time"], user=log["user"], item=log["item"],
                        positive=np.ones(n, dtype=bool), table=pa.table({"value": log["value"]})),
                users=Entities(ids=np.arange(log["user"].max() + 1), table=pa.table({})),
                items=Entities(ids=np.arange(log["item"].max() + 1), table=pa.table({})))
    rows = features.fit(design, data, 0).over(data).rows(
        Requests(time=log["time"], user=log["user"]),
        Candidates(request=np.arange(n, dtype=np.int32), item=log["item"], sources={}, ranks={}))
    columns = dict(zip(rows.names, rows.values.T))
    seconds = np.exp2(np.floor(columns["user.since"])) * (1 + columns["user.since"] % 1) - 1
    return dict(zip(NAMES, (columns["user.count"], columns["user.sum"], columns["item.mean"], seconds)))
