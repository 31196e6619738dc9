"""Features event by event, over each store: events taken a second, and the rows of a request's 500 candidates.

    python bench/online.py [--events 1000000]

A bundle whose log holds the events, with about 50 columns of features; then new events come in through `Memory.take`,
one by one and 1,000 at a time, each durable before the next (LMDB: fdatasync; Redis: `appendfsync always`). A request
fetches its user's blob from the store and assembles 500 random candidates; its rows are first checked to equal, to the
last bit, those of a view over the whole log. Redis needs `redis-server` and runs on this machine, over a Unix socket.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from itertools import cycle, islice
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from sevenfold import design as documents
from sevenfold import features, stores
from sevenfold.bundle import manifest, state
from sevenfold.data import load
from sevenfold.features.online import Online
from sevenfold.nouns import SECOND, Candidates, Requests
from sevenfold.record import FILE
from sevenfold.serving.memory import Memory

USERS, ITEMS, DAYS, CANDIDATES, REQUESTS = 20_000, 10_000, 180, 500, 500
WINDOWS = [{"count": "events", "over": "7d"}, {"mean": "label", "over": "30d", "prior": 10}, {"sum": "price", "over": "30d"},
           {"count": "label", "over": "14d"}, {"mean": "price", "over": "30d", "prior": 3}, {"time_since": "event"},
           {"count": "events", "over": "1d"}, {"time_since": "label"}, {"mean": "label", "over": "90d", "prior": 20},
           {"last": "price", "n": 1}, {"count": "events", "half_life": "7d"}]


def prepare(run: Path, events: int) -> None:
    """A run's folder with a live bundle that answers nothing, but holds features and the log that they read."""
    rng, bundle = np.random.default_rng(0), run / "bundle"
    bundle.mkdir()
    genres = [sorted({f"g{g}" for g in rng.choice(18, 3)}) for _ in range(ITEMS)]
    tables = {"events": {"time": np.sort(rng.integers(0, DAYS * 86_400, events)), **drawn(rng, events),
                         "price": rng.random(events) * 100, "liked": rng.random(events) < 0.3},
              "users": {"id": np.arange(USERS), "age": rng.integers(18, 80, USERS)},
              "items": {"id": np.arange(ITEMS), "length": rng.random(ITEMS), "genres": genres}}
    for name, columns in tables.items():
        pq.write_table(pa.table(columns), run / f"{name}.parquet")
    (run / "design.yaml").write_text(yaml.safe_dump(document(run)))
    data = load(documents.load(run / "design.yaml"))
    fitted = features.fit(documents.load(run / "design.yaml"), data, DAYS * 86_400 * SECOND * 2 // 3)
    (bundle / "design.yaml").write_text((run / "design.yaml").read_text())
    state.save(data, bundle / "state")
    fitted.save(bundle / "parts" / "features")
    manifest.publish(bundle, run, manifest.seal(bundle, {}))
    (run / FILE).write_text("{}")


def drawn(rng: np.random.Generator, n: int) -> dict[str, np.ndarray]:
    """Whose and about what n events are: a few users do much, very few items are popular."""
    return {"user": (USERS * rng.random(n) ** 2).astype(np.int64), "item": (ITEMS * rng.random(n) ** 3).astype(np.int64)}


def document(run: Path) -> dict[str, object]:
    def windows(n: int) -> dict[str, object]:
        return {f"f{i}": part for i, part in enumerate(islice(cycle(map(dict, WINDOWS)), n))}

    declared = {"user": {"age": None, **windows(14)}, "item": {"length": None, **windows(18)},
                "pair": {"taste": {"affinity": "genres", "over": "90d"}, **windows(12)}, "context": {"hour": {"hour": "time"}}}
    return {"name": "online", "framing": {"task": "recommend", "answer": {"items": 10}, "label": {"is": "liked", "within": "1d"}},
            "data": {"events": {"path": f"{run}/events.parquet", "time": "time", "user": "user", "item": "item"},
                     "users": {"path": f"{run}/users.parquet", "key": "id"},
                     "items": {"path": f"{run}/items.parquet", "key": "id"}, "features": declared},
            "solutions": {name: {"retrieve": name} for name in ("popular", "ease", "als")}, "evaluation": {"metric": "ndcg"}}


@contextmanager
def redis(folder: Path) -> Iterator[str]:
    options = f"--port 0 --unixsocket {folder}/socket --dir {folder} --appendonly yes --appendfsync always".split()
    server = subprocess.Popen(["redis-server", *options], stdout=subprocess.DEVNULL)
    while not (folder / "socket").exists():
        time.sleep(0.01)
    yield f"unix://{folder}/socket"
    server.kill()
    server.wait()


def take(memory: Memory, rng: np.random.Generator, batch: int, batches: int) -> tuple[float, float]:
    """Wall and CPU seconds an event, all of known users and items, each batch durable before the next."""
    start, n = int(memory.base.log.time[-1]) + 60 * SECOND, batch * batches
    table = pa.table({**drawn(rng, n), "time": np.sort(rng.integers(0, 3600, n)) + start // SECOND, "liked": rng.random(n) < 0.3,
                      "price": rng.random(n) * 100}).select(memory.schema.names).cast(memory.schema)
    when, ids = table["time"].to_numpy() * SECOND, [f"{batch}-{i}" for i in range(n)]
    began, busy = time.perf_counter(), time.process_time()
    for low in range(0, n, batch):
        part = slice(low, low + batch)
        memory.take(table.slice(low, batch), when[part], when[part], ids[part])
    return (time.perf_counter() - began) / n, (time.process_time() - busy) / n


def asked(memory: Memory, rng: np.random.Generator, at: int) -> tuple[str, Requests, Candidates]:
    user = drawn(rng, 1)["user"]
    item = np.sort(rng.choice(len(memory.base.items), CANDIDATES, replace=False)).astype(np.int32)
    return (str(user[0]), Requests(time=np.array([at]), user=memory.base.users.codes(user)),
            Candidates(request=np.zeros(CANDIDATES, dtype=np.int32), item=item, sources={}, ranks={}))


def loaded(memory: Memory, rng: np.random.Generator) -> Online:
    """The items' state after the log, which is shown to be read as by a view over the log, and after the events taken."""
    online, log = Online(memory.features, memory.base), memory.base.log
    online.arrive(log, memory.base.users.ids[log.user].astype(str).tolist())
    whole = memory.features.over(memory.base)
    for _ in range(20):
        user, request, candidates = asked(memory, rng, int(log.time[-1]) + 1)
        rows = online.view([memory.before(user)], int(request.time[0])).rows(request, candidates)
        assert rows.values.tobytes() == whole.rows(request, candidates).values.tobytes(), "online and offline differ"
    for later, users, *_ in memory.since():
        online.arrive(later, users)
    return online


def answer(memory: Memory, online: Online, rng: np.random.Generator) -> np.ndarray:
    """[4, requests] ms to fetch a blob and to assemble the rows, CPU ms of both, and how many events the user has."""
    start, found = int(memory.base.log.time[-1]) + 3700 * SECOND, []
    for number in range(REQUESTS):
        user, request, candidates = asked(memory, rng, start + number * 1000)
        busy, began = time.process_time(), time.perf_counter()
        blob = memory.blob(user)
        fetched = time.perf_counter()
        online.view([blob], int(request.time[0])).rows(request, candidates)
        done, worked = time.perf_counter(), time.process_time()
        found.append([fetched - began, done - fetched, worked - busy, len(blob) / memory.layout.dtype.itemsize / 1e3])
    return np.array(found[REQUESTS // 10:]).T * 1e3  # the first ones warm up


def updated(memory: Memory, online: Online, rng: np.random.Generator, n: int = 2000) -> float:
    """CPU seconds until an event is in its item's totals and its user's blob."""
    start, events = int(memory.base.log.time[-1]) + 7200 * SECOND, drawn(rng, n)
    blobs = {user: memory.blob(str(user)) for user in np.unique(events["user"]).tolist()}
    busy = time.process_time()
    for number, (user, item) in enumerate(zip(events["user"].tolist(), events["item"].tolist())):
        at = start + number * SECOND
        record = online.happen(available=at, time=at, user=str(user), item=item, positive=True, values={"price": 9.5})
        blobs[user] = online.layout.extended(blobs[user], record)
        online.flow.move(at + 1)
    return (time.process_time() - busy) / n


def measure(name: str, memory: Memory) -> None:
    rng = np.random.default_rng(1)
    take(memory, rng, 10, 1)  # to warm up
    for batch, batches in ((1, 1000), (1000, 20)):
        wall, busy = take(memory, rng, batch, batches)
        print(f"{name:<6}taken {batch:>5,} at a time: {1 / wall:>7,.0f} updates/s, CPU {busy * 1e6:,.0f} µs an event")
    online = loaded(memory, rng)
    found = answer(memory, online, rng)
    width = len(memory.features.names)
    for what, ms in zip(("blob fetched", f"{CANDIDATES} × {width} assembled", "CPU of both"), found):
        print(f"{name:<6}{what:<20} p50 {np.median(ms) * 1e3:>6,.0f} µs, p99 {np.quantile(ms, 0.99) * 1e3:>6,.0f} µs")
    print(f"{name:<6}features updated     CPU {updated(memory, online, rng) * 1e6:,.0f} µs an event, without the store")
    print(f"{name:<6}events of a user     p50 {np.median(found[3]):,.0f}, p99 {np.quantile(found[3], 0.99):,.0f}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=1_000_000)
    events = parser.parse_args().events
    with tempfile.TemporaryDirectory() as folder:
        prepare(Path(folder), events)
        for name, opened in (("lmdb", nullcontext(f"lmdb://{folder}/lmdb")), ("redis", redis(Path(folder)))):
            with opened as url, stores.open(url) as store:
                measure(name, Memory(Path(folder), store))
    print(f"{events:,} events in the log, {os.cpu_count()} cores, {platform.machine()}, "
          f"Python {platform.python_version()}, NumPy {np.__version__}, load {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
