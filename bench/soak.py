"""A server that answers, takes events and swaps a bundle for a minute, or for ten: nothing lost, nothing refused, memory flat.

    python bench/soak.py RUN [--seconds 600]

Events are sent by two clients and questions by three, each as soon as its last one is answered, up to a rate that leaves the
machine some time. Half way the run's pointer is set to another bundle (the same parts, sealed under another name), which
the server swaps in. At the end every acknowledged event must stand in the log exactly once, users' state must be what the
log says, no answer may have been 5xx, and the memory of the second half may not have grown by more than 5 %.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Callable
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
SETTLED = 0.2  # the share of the time after which memory is looked at: what is loaded once is loaded by then


def another(run: Path, folder: Path) -> None:
    """Point the run at a bundle of the same parts under another name."""
    made = folder / "another"
    shutil.copytree(manifest.live(run), made)
    manifest.publish(made, run, manifest.seal(made, {"solution": "again"}))


async def soak(port: int, seconds: float, users: list[Any], rows: list[dict[str, Any]], swap: Callable[[], None],
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
            status, answer = await spoken(reader, writer, path, json.dumps(body).encode())
            told[f"{path} {status}"] += 1
            if path == "/v1/events" and status == 200:
                acknowledged.add(name)
            elif status == 200:
                versions.add(json.loads(answer)["version"])
            await asyncio.sleep(PAUSE)
        writer.close()

    async def watch() -> None:
        swapped = False
        while time.monotonic() < until:
            sizes.append(size())
            if not swapped and time.monotonic() > until - seconds / 2:
                swapped = True
                await asyncio.to_thread(swap)
            await asyncio.sleep(1.0)

    await asyncio.gather(watch(), *(client(number) for number in range(5)))
    return told, acknowledged, sizes, versions


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("--seconds", type=float, default=60.0)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder, port = Path(name), free_port()
        run = Path(shutil.copytree(record.locate(given.run), folder / "run", ignore=shutil.ignore_patterns("store")))
        store = f"lmdb://{folder / 'store'}"
        with stores.open(store) as opened:
            base = Memory(run, opened).base
        rows = base.log.table.slice(max(len(base.log) - 5000, 0)).to_pylist()
        serve = ("-m", "sevenfold", "serve", str(run), "--clock", "log", "--port", str(port), "--store", store)
        with running(port, *serve) as process:
            ask(port, "POST", "/v1/answer", json.dumps({"user": base.users.ids.tolist()[0]}).encode())
            told, acknowledged, sizes, versions = asyncio.run(soak(
                port, given.seconds, base.users.ids.tolist(), rows, lambda: another(run, folder),
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
    assert {*told} == {"/v1/answer 200", "/v1/events 200"}
    assert second < GROWTH * first or second - first < 20 * 2**20


if __name__ == "__main__":
    main()
