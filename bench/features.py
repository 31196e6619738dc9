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
    """Events in order of time, over 90 days and in whole seconds, so that ties occur; few items are popular."""
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
                    data=DataSection(events=Events(path="-", time="time"), features=declared),
                    evaluation=Evaluation(metric="ndcg"))
    data = Data(log=Log(time=log["time"], available=log["time"], user=log["user"], item=log["item"],
                        positive=np.ones(n, dtype=bool), table=pa.table({"value": log["value"]})),
                users=Entities(ids=np.arange(log["user"].max() + 1), table=pa.table({})),
                items=Entities(ids=np.arange(log["item"].max() + 1), table=pa.table({})))
    rows = features.fit(design, data, 0).over(data).rows(
        Requests(time=log["time"], user=log["user"]),
        Candidates(request=np.arange(n, dtype=np.int32), item=log["item"], sources={}, ranks={}))
    columns = dict(zip(rows.names, rows.values.T))
    return dict(zip(NAMES, (columns[name] for name in ("user.count", "user.sum", "item.mean", "user.since"))))


def logarithm(seconds: np.ndarray) -> np.ndarray:
    """What our time_since gives: log2(1 + seconds), straight between the powers of two."""
    mantissa, exponent = np.frexp(1 + seconds)
    return np.where(np.isnan(seconds), np.nan, exponent + 2 * (mantissa - 1))


def polars(log: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Rolling windows by time, per user and item."""
    import polars as pl

    when, value = pl.col("time"), pl.col("value")
    before = pl.when(when != when.shift(1)).then(when.shift(1)).forward_fill().over("user")
    frame = pl.DataFrame(log).with_columns(pl.from_epoch("time", "us"), one=pl.lit(1, pl.Int32)).select(
        pl.col("one").rolling_sum_by("time", "7d", closed="left", min_samples=0).over("user").alias(NAMES[0]),
        value.rolling_sum_by("time", "30d", closed="left", min_samples=0).over("user").alias(NAMES[1]),
        value.rolling_mean_by("time", "30d", closed="left").over("item").alias(NAMES[2]),
        ((when - before).dt.total_microseconds() / 1e6).alias(NAMES[3]))
    return {name: frame[name].to_numpy() for name in NAMES}


def duckdb(log: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Window functions over ranges of time; the rows come back in any order and are put in place by their number."""
    import duckdb as db
    import pyarrow as pa

    events = pa.table({**log, "row": np.arange(len(log["time"]))})  # noqa: F841 (read by its name)
    found = db.sql(f"""
        select row,
            count(*) over (partition by "user" order by time range between {7 * DAY} preceding and 1 preceding) as {NAMES[0]},
            coalesce(sum(value) over users, 0) as {NAMES[1]},
            avg(value) over (partition by item order by time range between {30 * DAY} preceding and 1 preceding) as {NAMES[2]},
            (time - max(time) over (partition by "user" order by time
                                    range between unbounded preceding and 1 preceding)) / 1e6 as {NAMES[3]}
        from events
        window users as (partition by "user" order by time range between {30 * DAY} preceding and 1 preceding)
        """).to_arrow_table()
    place = found["row"].to_numpy()
    answers = {}
    for name in NAMES:
        answers[name] = np.empty(len(place))
        answers[name][place] = found[name].to_numpy()
    return answers


def pandas(log: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Rolling windows by time after a stable sort by user, and by item."""
    import pandas as pd

    frame = pd.DataFrame(log)
    frame["time"] = pd.to_datetime(frame["time"], unit="us")
    users, items = frame.sort_values("user", kind="stable"), frame.sort_values("item", kind="stable")
    by_user, by_item = users.groupby("user", sort=False), items.groupby("item", sort=False)
    before = by_user["time"].shift(1)
    before = before.where(before != users["time"]).groupby(users["user"], sort=False).ffill()
    week = by_user.rolling("7D", on="time", closed="left")["value"].count().fillna(0).to_numpy()
    month = by_user.rolling("30D", on="time", closed="left")["value"].sum().fillna(0).to_numpy()
    mean = by_item.rolling("30D", on="time", closed="left")["value"].mean().to_numpy()
    found = pd.DataFrame({NAMES[0]: pd.Series(week, users.index), NAMES[1]: pd.Series(month, users.index),
                          NAMES[2]: pd.Series(mean, items.index), NAMES[3]: (users["time"] - before).dt.total_seconds()})
    return {name: found[name].to_numpy() for name in NAMES}


ENGINES = {engine.__name__: engine for engine in (sevenfold, polars, duckdb, pandas)}


def one(engine: str, rows: int, folder: Path) -> None:
    """One engine in this process: a small warm-up, then the run; the answers go to a file, the figures to stdout."""
    ENGINES[engine](events(10_000))
    log = events(rows)
    start, idle = time.perf_counter(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    answers = ENGINES[engine](log)
    seconds = time.perf_counter() - start
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - idle
    if engine != "sevenfold":
        answers["user_since"] = logarithm(np.asarray(answers["user_since"], dtype=np.float64))
    np.savez(folder / engine, **{name: np.asarray(answer, dtype=np.float32) for name, answer in answers.items()})
    print(json.dumps({"seconds": seconds, "megabytes": memory / 1024}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=5_000_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--engines", nargs="+", choices=ENGINES, default=list(ENGINES))
    parser.add_argument("--one", nargs=2, metavar=("ENGINE", "FOLDER"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        return one(options.one[0], options.rows, Path(options.one[1]))
    figures: dict[str, list[dict[str, float]]] = {engine: [] for engine in options.engines}
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(options.runs):
            for engine, found in figures.items():  # in turn, so that a noisy minute hurts all alike
                command = [sys.executable, __file__, "--rows", str(options.rows), "--one", engine, folder]
                found.append(json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout))
        compare(options.engines, Path(folder))
    report(figures, options.rows, options.runs)
    return None


def compare(engines: list[str], folder: Path) -> None:
    """Refuse to print times of engines that do not agree."""
    truth = np.load(folder / f"{engines[0]}.npz")
    for engine in engines[1:]:
        answers = np.load(folder / f"{engine}.npz")
        for name in NAMES:
            np.testing.assert_allclose(answers[name], truth[name], rtol=1e-5, atol=1e-3, err_msg=f"{engine} {name}")


def report(figures: dict[str, list[dict[str, float]]], rows: int, runs: int) -> None:
    medians = {engine: statistics.median(run["seconds"] for run in found) for engine, found in figures.items()}
    fastest = min((seconds for engine, seconds in medians.items() if engine != "sevenfold"), default=medians["sevenfold"])
    print(f"four strict features on {rows:,} events, median of {runs} runs; all engines agree on all rows")
    print(f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}, NumPy {np.__version__}, "
          f"load {os.getloadavg()[0]:.1f}\n")
    print(f"{'engine':<12}{'seconds':>9}{'min':>8}{'max':>8}{'over the fastest peer':>24}{'MB above the log':>20}")
    for engine, found in figures.items():
        seconds = [run["seconds"] for run in found]
        print(f"{engine:<12}{medians[engine]:>9.2f}{min(seconds):>8.2f}{max(seconds):>8.2f}{medians[engine] / fastest:>23.2f}x"
              f"{statistics.median(run['megabytes'] for run in found):>20.0f}")


if __name__ == "__main__":
    main()
