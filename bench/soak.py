"""A server that answers, takes events and swaps a bundle for a minute, or for ten: nothing lost, nothing refused, memory flat.

    python bench/soak.py RUN [--seconds 600] [--redis]

Events are sent by two clients and questions by three, each as soon as its last one is answered, up to a rate that leaves the
machine some time. Half way the run's pointer is set to another bundle (the same parts, sealed under another name), which
the server swaps in. With `--redis` the store is a Redis server, which is killed after seven tenths of the time and started
again a second later; until two seconds after that, events may be refused. At the end every acknowledged event must stand in
the log exactly once, users' state must be what the log says, nothing else may have been refused, and the memory of the
second half may not have grown by more than 5 %, or by what a bundle takes beside the one that serves.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import shutil
import socket
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psutil

from serve import ask, free_port, running, spoken
from sevenfold import record, stores
from sevenfold.bundle import manifest
from sevenfold.serving.impressions import impressions
from sevenfold.serving.memory import Memory

PAUSE = 0.01  # s of rest of each client between two calls
GROWTH = 1.05  # of the memory, second half against first
BUNDLE = 40 << 20  # bytes that a bundle may take
SETTLED = 0.2  # the share of the time after which memory is looked at: what is loaded once is loaded by then


def another(run: Path, folder: Path) -> None:
    """Point the run at a bundle of the same parts under another name."""
    made = folder / "another"
    shutil.copytree(manifest.live(run), made)
    manifest.publish(made, run, manifest.seal(made, {"solution": "again"}))


class Redis:
    """A server of its own that keeps what it has acknowledged; `away` while it restarts and clients find it again."""

    def __init__(self, folder: Path) -> None:
        self.port, self.away = free_port(), False
        self._command = ["redis-server", "--port", str(self.port), "--dir", str(folder), "--save", "", "--appendonly", "yes",
                         "--appendfsync", "always"]
        self._start()

    def _start(self) -> None:
        self._process = subprocess.Popen(self._command, stdout=subprocess.DEVNULL)
        while True:
            with socket.socket() as client:
                if not client.connect_ex(("127.0.0.1", self.port)):
                    client.sendall(b"PING\r\n")
                    if client.recv(100).startswith(b"+PONG"):
                        return
            time.sleep(0.02)

    def restart(self) -> None:
        """Be killed, and come back."""
        self.away = True
        self.end()
        time.sleep(1.0)
        self._start()
        time.sleep(2.0)
        self.away = False

    def end(self) -> None:
        """Be killed."""
        self._process.kill()
        self._process.wait()


async def soak(port: int, seconds: float, users: list[Any], rows: list[dict[str, Any]],
               acts: Sequence[tuple[float, Callable[[], None]]], away: Callable[[], bool],
               size: Callable[[], int]) -> tuple[Counter[str], set[str], list[int], set[str]]:
    """What clients were told, the events acknowledged, the memory each second, and the versions that answered."""
    told: Counter[str] = Counter()
    acknowledged: set[str] = set()
    versions: set[str] = set()
    sizes: list[int] = []
    until = time.monotonic() + seconds

    async def client(number: int) -> None:
        rng = random.Random(number)
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        turn = 0
        while time.monotonic() < until:
            turn += 1
            name = f"{number}-{turn}"
            path, body = ("/v1/events", {"id": name, "values": rng.choice(rows)}) if number < 2 else (
                "/v1/answer", {"user": rng.choice(users)})
            before = away()
            status, answer = await spoken(reader, writer, path, json.dumps(body).encode())
            told[f"{path} {status}{' without a store' if status != 200 and (before or away()) else ''}"] += 1
            if path == "/v1/events" and status == 200:
                acknowledged.add(name)
            elif status == 200:
                versions.add(json.loads(answer)["version"])
            await asyncio.sleep(PAUSE)
        writer.close()

    async def watch() -> None:
        left = sorted(acts, key=lambda act: act[0])
        while time.monotonic() < until:
            sizes.append(size())
            if left and time.monotonic() > until - seconds * (1 - left[0][0]):
                await asyncio.to_thread(left.pop(0)[1])
            await asyncio.sleep(1.0)

    await asyncio.gather(watch(), *(client(number) for number in range(5)))
    return told, acknowledged, sizes, versions


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--redis", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, ExitStack() as ended:
        folder, port = Path(name), free_port()
        run = Path(shutil.copytree(record.locate(given.run), folder / "run", ignore=shutil.ignore_patterns("store")))
        acts: list[tuple[float, Callable[[], None]]] = [(0.5, lambda: another(run, folder))]
        store, redis = f"lmdb://{folder / 'store'}", Redis(folder) if given.redis else None
        if redis:
            ended.callback(redis.end)
            store = f"redis://127.0.0.1:{redis.port}/0"
            acts.append((0.7, redis.restart))
        with stores.open(store) as opened:
            base = Memory(run, opened).base
        rows = base.log.table.slice(max(len(base.log) - 5000, 0)).to_pylist()
        serve = ("-m", "sevenfold", "serve", str(run), "--clock", "log", "--port", str(port), "--store", store)
        with running(port, *serve) as process:
            ask(port, "POST", "/v1/answer", json.dumps({"user": base.users.ids.tolist()[0]}).encode())
            told, acknowledged, sizes, versions = asyncio.run(soak(
                port, given.seconds, base.users.ids.tolist(), rows, acts, lambda: bool(redis and redis.away),
                lambda: psutil.Process(process.pid).memory_full_info().uss))
        with stores.open(store) as opened:
            memory = Memory(run, opened)
            found = Counter(json.loads(event)["id"] for _, event in opened.events())
            same, shown = memory.rebuilt() == memory.kept(), sum(1 for _ in impressions(opened))
    settled = sizes[int(len(sizes) * SETTLED):]
    half = len(settled) // 2
    first, second = max(settled[:half]), max(settled[half:])
    lost = acknowledged - set(found)
    print(f"{given.seconds:g} s: {dict(told)}; {len(versions)} bundles answered; {len(lost)} of {len(acknowledged):,} "
          f"acknowledged events lost, {sum(count > 1 for count in found.values())} twice; {shown:,} impressions kept; memory "
          f"{first / 2**20:.0f} MiB in the first half, {second / 2**20:.0f} MiB in the second; state as the log says: {same}")
    assert not lost
    assert same
    assert set(found.values()) == {1}
    assert len(versions) == 2
    assert {*told} == {"/v1/answer 200", "/v1/events 200", *(["/v1/events 503 without a store"] if given.redis else [])}
    assert second < GROWTH * first or second - first < BUNDLE


if __name__ == "__main__":
    main()
