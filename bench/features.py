"""Four strict point-in-time features of every event of a Parquet log: our kernel beside Polars, DuckDB and pandas.

    python bench/features.py [--rows 5000000] [--runs 3] [--engines sevenfold partitions polars polars_parts duckdb pandas]

For every event: how many events the user had in the last 7 days, the sum of their values over 30 days, the mean value
of the item over 30 days, and the seconds since the user's last event; all over [t − w, t), events at exactly t
excluded. Each engine reads one Parquet file and writes a row for each event (ours, Polars and pandas in the log's order,
`polars_parts` and DuckDB with its number), may use every core and runs in a process of its own, in turn with the others;
no figure is printed unless the answers agree on every 97th row. Memory is bounded in `partitions` and `polars_parts`,
whose parts have about 1,000,000 events, and in `duckdb`, which is told a limit and writes the rest to disk.
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
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from sevenfold import features
from sevenfold.design.sections import Answer, DataSection, Design, Evaluation, Events, Framing, Label, Part
from sevenfold.features import partitions as parts
from sevenfold.nouns import Candidates, Data, Entities, Log, Requests

DAY = 86_400 * 1_000_000
NAMES = ("user_count_7d", "user_sum_30d", "user_since", "item_mean_30d")
CHUNK = PART = 1_000_000
SAMPLE, LIMIT = 97, "2GB"


def generate(rows: int, to: Path) -> None:
    """Events in order of time, over 90 days and in whole seconds, so that ties occur; few items are popular."""
    rng, users, items, writer = np.random.default_rng(7), max(rows // 25, 2), max(rows // 250, 2), None
    for start in range(0, rows, CHUNK):
        n = min(CHUNK, rows - start)
        when = np.sort(rng.integers(90 * 86_400 * start // rows, 90 * 86_400 * (start + n) // rows, n)) * 1_000_000
        table = pa.table({
            "time": when, "available": when, "user": rng.integers(0, users, n).astype(np.int32),
            "item": (items * rng.random(n) ** 3).astype(np.int32), "positive": np.ones(n, dtype=bool),
            "value": rng.integers(0, 10_000, n) / 100, "row": np.arange(start, start + n)})
        writer = writer or pq.ParquetWriter(to, table.schema)
        writer.write_table(table)
    assert writer is not None
    writer.close()


def fitted(sample: Log, log: Path) -> tuple[features.Features, Data]:
    day, rows = 86_400.0, pq.read_metadata(log).num_rows
    declared = {"user": {"count": Part(name="count", params={"count": "events", "over": 7 * day}),
                         "sum": Part(name="sum", params={"sum": "value", "over": 30 * day}),
                         "since": Part(name="time_since", params={"time_since": "event"}),
                         "history": Part(name="last", params={"last": "item", "n": 0})},
                "item": {"mean": Part(name="mean", params={"mean": "value", "over": 30 * day, "prior": 0.0})}}
    design = Design(name="bench", framing=Framing(task="recommend", answer=Answer(items=1), label=Label(is_="value")),
                    data=DataSection(events=Events(path="-", time="time"), features=declared),
                    evaluation=Evaluation(metric="ndcg"))
    users, items = (Entities(ids=np.arange(max(rows // each, 2)), table=pa.table({})) for each in (25, 250))
    data = Data(log=sample, users=users, items=items)
    return features.fit(design, data, 0), data


def sevenfold(log: Path, to: Path) -> None:
    """The whole log at once."""
    table = pq.read_table(log, columns=[*parts.FIXED, "value"]).combine_chunks()
    events = Log(**{name: table[name].to_numpy() for name in parts.FIXED}, table=table.select(["value"]))
    made, data = fitted(events, log)
    every = Candidates(request=np.arange(len(events), dtype=np.int32), item=events.item, sources={}, ranks={})
    rows = made.over(data).rows(Requests(time=events.time, user=events.user), every)
    pq.write_table(pa.table(dict(zip(NAMES, rows.values.T))), to, use_dictionary=False)


def partitions(log: Path, to: Path) -> None:
    """Part by part."""
    made, data = fitted(next(parts.read([log])), log)
    parts.write(made, data, parts.read([log]), to, parts=pq.read_metadata(log).num_rows // PART + 1)


def scanned(log: Any) -> tuple[Any, list[Any], list[Any]]:
    """A log for Polars, and the features of users and of items."""
    import polars as pl

    when, value = pl.col("time"), pl.col("value")
    before = pl.when(when != when.shift(1)).then(when.shift(1)).forward_fill().over("user")
    of_users = [pl.col("one").rolling_sum_by("time", "7d", closed="left", min_samples=0).over("user").alias(NAMES[0]),
                value.rolling_sum_by("time", "30d", closed="left", min_samples=0).over("user").alias(NAMES[1]),
                ((when - before).dt.total_microseconds() / 1e6).alias(NAMES[2])]
    of_items = [value.rolling_mean_by("time", "30d", closed="left").over("item").alias(NAMES[3])]
    frame = pl.scan_parquet(log).with_columns(pl.col("time").cast(pl.Datetime("us")), one=pl.lit(1, pl.Int32))
    return frame, of_users, of_items


def polars(log: Path, to: Path) -> None:
    """Rolling windows by time over users and items, on the streaming engine."""
    frame, of_users, of_items = scanned(log)
    frame.select(of_users + of_items).sink_parquet(to, engine="streaming", compression="snappy")


def polars_parts(log: Path, to: Path) -> None:
    """The same windows by hand in parts: scattered by user, computed, scattered by item with what is known, computed."""
    import polars as pl

    frame, of_users, of_items = scanned(log)
    n = pq.read_metadata(log).num_rows // PART + 1
    with tempfile.TemporaryDirectory(dir=to.parent) as folder:
        def scatter(frame: Any, where: str, key: str) -> None:
            by = pl.PartitionBy(f"{folder}/{where}", key=(pl.col(key) % n).alias("part"))
            frame.sink_parquet(by, mkdir=True, engine="streaming", compression="uncompressed")

        def gathered(where: str, part: int) -> Any:
            return scanned(f"{folder}/{where}/part={part}/*.parquet")[0].sort("row")

        scatter(frame.select("row", "time", "user", "item", "value"), "users", "user")
        for part in range(n):
            scatter(gathered("users", part).select("row", "time", "item", "value", *of_users), f"items/{part}", "item")
        to.mkdir(exist_ok=True)
        for part in range(n):
            found = gathered("items/*", part).select("row", *NAMES[:3], *of_items)
            found.sink_parquet(to / f"{part}.parquet", engine="streaming", compression="snappy")


def duckdb(log: Path, to: Path) -> None:
    """Window functions over ranges of time, in any order of the rows."""
    import duckdb as db

    def window(by: str, back: str) -> str:
        return f'over (partition by "{by}" order by time range between {back} preceding and 1 preceding)'

    db.sql(f"set memory_limit = '{LIMIT}'; set temp_directory = '{to.parent}'; set preserve_insertion_order = false")
    db.sql(f"""copy (select row, count(*) {window("user", str(7 * DAY))} as {NAMES[0]},
                            coalesce(sum(value) {window("user", str(30 * DAY))}, 0) as {NAMES[1]},
                            (time - max(time) {window("user", "unbounded")}) / 1e6 as {NAMES[2]},
                            avg(value) {window("item", str(30 * DAY))} as {NAMES[3]}
                     from '{log}') to '{to}' (format parquet)""")


def pandas(log: Path, to: Path) -> None:
    """Rolling windows by time after a stable sort by user, and by item."""
    import pandas as pd

    frame = pd.read_parquet(log, columns=["time", "user", "item", "value"])
    frame["time"] = pd.to_datetime(frame["time"], unit="us")
    users, items = frame.sort_values("user", kind="stable"), frame.sort_values("item", kind="stable")
    by_user, by_item = users.groupby("user", sort=False), items.groupby("item", sort=False)
    before = by_user["time"].shift(1)
    before = before.where(before != users["time"]).groupby(users["user"], sort=False).ffill()
    week = by_user.rolling("7D", on="time", closed="left")["value"].count().fillna(0).to_numpy()
    month = by_user.rolling("30D", on="time", closed="left")["value"].sum().fillna(0).to_numpy()
    mean = by_item.rolling("30D", on="time", closed="left")["value"].mean().to_numpy()
    columns = [pd.Series(week, users.index), pd.Series(month, users.index), (users["time"] - before).dt.total_seconds(),
               pd.Series(mean, items.index)]
    pd.DataFrame(dict(zip(NAMES, columns))).to_parquet(to, index=False)


ENGINES = {engine.__name__: engine for engine in (sevenfold, partitions, polars, polars_parts, duckdb, pandas)}


def one(engine: str, log: Path, to: Path) -> None:
    """One engine in this process: on few rows to warm up, then the run; the figures go to stdout."""
    ENGINES[engine](log.parent / "warm.parquet", to)
    start, busy = time.perf_counter(), time.process_time()
    ENGINES[engine](log, to)
    print(json.dumps({"wall": time.perf_counter() - start, "CPU": time.process_time() - busy,
                      "MB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))


def sample(engine: str, found: Path) -> np.ndarray:
    """[4, m] the answers for every 97th event, seconds as our `time_since` gives them: log2(1 + s), in straight lines."""
    columns, start = [], 0
    names = pq.read_schema(next(found.iterdir()) if found.is_dir() else found).names
    for batch in ds.dataset(found).to_batches(batch_readahead=1, fragment_readahead=1):
        row = batch["row"].to_numpy() if "row" in names else np.arange(start, start + len(batch))
        start, kept = start + len(batch), np.flatnonzero(row % SAMPLE == 0)
        values = [row[kept], *(batch.column(name).to_numpy(zero_copy_only=False)[kept] for name in names if name != "row")]
        columns.append(np.array(values, dtype=np.float64))
    answers = np.concatenate(columns, axis=1)
    answers = answers[1:, np.argsort(answers[0])]
    if engine not in ("sevenfold", "partitions"):
        mantissa, exponent = np.frexp(1 + answers[2])
        answers[2] = np.where(np.isnan(answers[2]), np.nan, exponent + 2 * (mantissa - 1))
    return answers


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=5_000_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--engines", nargs="+", choices=ENGINES, default=list(ENGINES))
    parser.add_argument("--one", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        return one(options.one[0], Path(options.one[1]), Path(options.one[2]))
    figures: dict[str, list[dict[str, float]]] = {engine: [] for engine in options.engines}
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log.parquet"
        generate(options.rows, log)
        generate(100_000, log.parent / "warm.parquet")
        for _ in range(options.runs):
            for engine, runs in figures.items():  # in turn, so that a noisy minute hurts all alike
                command = [sys.executable, __file__, "--one", engine, str(log), f"{folder}/{engine}"]
                runs.append(json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout))
        answers = {engine: sample(engine, Path(folder) / engine) for engine in figures}
    for engine, found in answers.items():
        np.testing.assert_allclose(found, next(iter(answers.values())), rtol=1e-5, atol=1e-3, err_msg=engine)
    report(figures, options.rows)
    return None


def report(figures: dict[str, list[dict[str, float]]], rows: int) -> None:
    runs = len(next(iter(figures.values())))
    print(f"four strict features of {rows:,} events, median (and range) of {runs} runs; all engines agree\n"
          f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}, NumPy {np.__version__}, "
          f"load {os.getloadavg()[0]:.1f}, limit of DuckDB {LIMIT}\n")
    print(f"{'engine':<14}{'wall s':>8}{'range':>16}{'CPU s':>8}{'events/s':>12}{'peak MB':>9}")
    for engine, found in figures.items():
        wall, busy, memory = (statistics.median(run[name] for run in found) for name in ("wall", "CPU", "MB"))
        low, high = min(run["wall"] for run in found), max(run["wall"] for run in found)
        print(f"{engine:<14}{wall:>8.2f}{f'{low:.2f}–{high:.2f}':>16}{busy:>8.2f}{rows / wall:>12,.0f}{memory:>9,.0f}")


if __name__ == "__main__":
    main()
