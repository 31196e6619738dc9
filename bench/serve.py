"""A run's bundle over HTTP, beside the same models behind FastAPI, and events taken beside SQLite and Redis.

    python bench/serve.py RUN [--seconds 5]

The peer is what one would write by hand: FastAPI, one request after the other in its thread pool, the same parts, the
same store; no deadlines, no joining of requests, no back-pressure. Both first give nearly the same answers to 50 users. Then the
same clients ask both, in turn, over the loopback; the clients' process shares the machine. Lists are those that
`sevenfold batch` wrote; where wrk is installed (apt-get install wrk) it asks for them too, for the clients here take longer
for a question than the server, and it asks a server of uvicorn that reads a question and sends a text as long. Every event
is durable before the next step of who sent it.
"""

from __future__ import annotations

import argparse
import asyncio
import http.client
import json
import os
import platform
import random
import re
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
import psutil

from sevenfold import record, stores
from sevenfold.bundle import manifest
from sevenfold.funnel.pipeline import Pipeline
from sevenfold.nouns import Candidates, Log, Requests
from sevenfold.serving.asked import Ask, asked
from sevenfold.serving.lists import make
from sevenfold.serving.live import Live

OURS, PEER = 8707, 8708
Sent = Callable[[int], bytes]


def frames(live: Live) -> Callable[[Any, int], tuple[Any, Any]]:
    """The obvious way to rank: a look into a dict for each candidate, a frame of pandas of them all, then the model.

    Items are as they were at the start, and what is told of user and item together is left out: less work than ours.
    """
    import pandas

    def pipeline_of(user: Any) -> tuple[Pipeline, Requests]:
        view = live._online.view(live.memory.blobs([str(user)]), live.end)
        return replace(live._pipeline, view=view), asked([Ask(user=user)], live.memory, live.context, live.end)

    pipeline, request = pipeline_of(live.memory.base.users.ids[0].item())
    everything = np.arange(len(live.ids), dtype=np.int32)
    rows = pipeline.view.rows(request, Candidates(request=np.zeros_like(everything), item=everything, sources={}, ranks={}))
    of_item = {name: at for at, name in enumerate(rows.names) if name.startswith("item.")}
    known = {item: dict(zip(of_item, values, strict=True))
             for item, values in enumerate(rows.values[:, list(of_item.values())].tolist())}

    def answer(user: Any, k: int) -> tuple[Any, Any]:
        pipeline, request = pipeline_of(user)
        candidates = pipeline.retrieve(request)
        first = pipeline.rows(request, candidates.take(np.arange(min(1, len(candidates)))))
        about = {name: value for name, value in zip(first.names, first.values[0].tolist(), strict=True) if "item." not in name}
        told = [{**about, **known[item]} for item in candidates.item.tolist()]
        for name in candidates.sources:
            for row, (score, rank) in enumerate(zip(candidates.sources[name], candidates.ranks[name], strict=True)):
                told[row] |= {f"{name}.score": score, f"{name}.rank": rank}
        values = pandas.DataFrame(told).reindex(columns=list(first.names)).to_numpy(np.float32)
        scores = pipeline.ranker.scores(replace(first, values=values, request=candidates.request, item=candidates.item,
                                                user=np.repeat(first.user, len(told))))
        best = np.argsort(-scores, kind="stable")[:k]
        return candidates.item[best], scores[best]

    return answer


def peer(run: Path, store: str, plain: bool) -> None:
    """Serve by hand; `plain`: with a frame for each request."""
    import uvicorn
    from fastapi import FastAPI
    from pydantic import BaseModel

    live, lock, app = Live(run, stores.open(store)), Lock(), FastAPI()
    live.warm_up()

    class Question(BaseModel):
        user: int | str
        k: int = 10

    framed = frames(live) if plain else None

    def answer(question: Question) -> dict[str, Any]:
        with lock:
            if framed:
                items, scores = framed(question.user, question.k)
            else:
                asks, blobs = [Ask(user=question.user)], live.memory.blobs([str(question.user)])
                found = live.answer(asks, blobs, question.k, live.end).answers
                items, scores = found.items[0], found.scores[0]
        shown = zip(items.tolist(), scores.tolist(), strict=True)
        return {"user": question.user, "items": [{"item": live.ids[item], "score": score} for item, score in shown if item >= 0]}

    answer.__annotations__["question"] = Question  # which the framework cannot find by its name here
    app.post("/v1/answer")(answer)

    @app.get("/health/live")
    def alive() -> dict[str, str]:
        return {"status": "live"}

    uvicorn.run(app, port=PEER, log_level="error", access_log=False)


def idle() -> None:
    """Serve a fixed text."""
    import uvicorn

    from sevenfold.serving.process import Http

    async def app(scope: Any, receive: Any, send: Any) -> None:
        while (await receive()).get("more_body"):
            pass
        head = [(b"content-type", b"application/json"), (b"content-length", b"500")]
        await send({"type": "http.response.start", "status": 200, "headers": head})
        await send({"type": "http.response.body", "body": b"x" * 500 if scope["method"] == "POST" else b'"%s"' % (b"x" * 498)})

    uvicorn.run(app, port=PEER, log_level="error", access_log=False, http=Http, lifespan="off")


@contextmanager
def running(port: int, *words: str) -> Iterator[subprocess.Popen[bytes]]:
    """A server, as soon as it lives."""
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    socket.create_server(("127.0.0.1", port)).close()  # fails where somebody else would answer
    process = subprocess.Popen([sys.executable, *words], env={**os.environ, **threads}, stderr=subprocess.DEVNULL)
    try:
        while True:
            assert process.poll() is None, f"the server at {port} has ended"
            try:
                ask(port, "GET", "/health/live", b"")
                break
            except OSError:
                time.sleep(0.1)
        yield process
    finally:
        process.terminate()
        process.wait()


def ask(port: int, verb: str, path: str, body: bytes) -> Any:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request(verb, path, body, {"Content-Type": "application/json"})
    return json.loads(connection.getresponse().read())


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as one:
        return int(one.getsockname()[1])


async def spoken(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, path: str, text: bytes) -> tuple[int, bytes]:
    """The status and the body of an answer."""
    writer.write(b"POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
                 % (path.encode(), len(text), text))
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    body = await reader.readexactly(int(head.split(b"content-length: ")[1].split(b"\r\n")[0]))
    return int(head.split()[1]), body


async def client(port: int, path: str, body: Sent, until: float, found: list[tuple[float, bool, bool]]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    number = 0
    while time.perf_counter() < until:
        text, number = body(number), number + 1
        began = time.perf_counter()
        status, answer = await spoken(reader, writer, path, text)
        found.append((time.perf_counter() - began, status == 200, b'"degraded":["' not in answer))
    writer.close()


def load(name: str, server: subprocess.Popen[bytes], port: int, path: str, clients: int, seconds: float,
         body: Callable[[int], Sent], each: int = 1) -> None:
    """Print what a server did a second, and what that cost its processor."""
    async def everybody() -> list[tuple[float, bool, bool]]:
        found: list[tuple[float, bool, bool]] = []
        until = time.perf_counter() + seconds
        await asyncio.gather(*(client(port, path, body(number), until, found) for number in range(clients)))
        return found

    before = sum(psutil.Process(server.pid).cpu_times()[:2])
    found = asyncio.run(everybody())
    busy = (sum(psutil.Process(server.pid).cpu_times()[:2]) - before) / len(found) / each
    took = np.array([one for one, _, _ in found]) * 1e3
    good, whole = (float(np.mean([one[at] for one in found])) for at in (1, 2))
    rate = len(found) * each / seconds
    p50, p99 = np.quantile(took, [0.5, 0.99])
    figures = f"{rate:,.0f} | {p50:.1f} | {p99:.1f} | {good:.1%} | {whole:.1%} | {busy * 1e3:.2f}"
    print(f"| {name} | {clients} | {figures} |", flush=True)


def by_wrk(name: str, server: subprocess.Popen[bytes], port: int, clients: int, seconds: float, users: list[Any]) -> None:
    """The same, asked by wrk, which costs next to nothing."""
    asked = ", ".join(f"'{json.dumps(json.dumps({'user': user}))[1:-1]}'" for user in users[:5000])
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(f"local all = {{{asked}}}\nlocal at = 0\n"
                     "request = function() at = at % #all + 1; return wrk.format('POST', '/v1/answer', nil, all[at]) end\n")
        script.flush()
        before = sum(psutil.Process(server.pid).cpu_times()[:2])
        words = ["wrk", "-t1", f"-c{clients}", f"-d{max(1, round(seconds))}s", "--latency", "-s", script.name]
        said = subprocess.run([*words, f"http://127.0.0.1:{port}"], capture_output=True, text=True, check=True).stdout
    busy = sum(psutil.Process(server.pid).cpu_times()[:2]) - before
    number, rate = (float(re.search(pattern, said)[1]) for pattern in (r"(\d+) requests in", r"Requests/sec: +([\d.]+)"))
    bad = re.search(r"Non-2xx or 3xx responses: (\d+)", said)
    scale = {"us": 1e-3, "ms": 1.0, "s": 1e3}
    p50, p99 = (float(told[1]) * scale[told[2]] for told in (re.search(rf"{at}% +([\d.]+)([a-z]+)", said) for at in (50, 99)))
    good = 1 - (int(bad[1]) if bad else 0) / number
    print(f"| {name} | {clients} | {rate:,.0f} | {p50:.1f} | {p99:.1f} | {good:.1%} | | {busy / number * 1e3:.3f} |", flush=True)


def questions(users: list[Any]) -> Callable[[int], Sent]:
    def of(client: int) -> Sent:
        rng = random.Random(client)
        return lambda _: json.dumps({"user": rng.choice(users)}).encode()
    return of


def events(values: list[dict[str, Any]], each: int, mark: str) -> Callable[[int], Sent]:
    def of(client: int) -> Sent:
        rng = random.Random(client)

        def body(number: int) -> bytes:
            rows = [{"id": f"{mark}-{client}-{number}-{row}", "values": rng.choice(values)} for row in range(each)]
            return json.dumps(rows[0] if each == 1 else {"events": rows}, default=str).encode()
        return body
    return of


def by_hand(folder: Path, values: dict[str, Any], seconds: float) -> None:
    """Events one by one into SQLite, and into Redis where a server is installed."""
    text = json.dumps(values, default=str)
    with sqlite3.connect(folder / "events.sqlite") as database:
        database.execute("PRAGMA synchronous = FULL")
        database.execute("CREATE TABLE events (id TEXT PRIMARY KEY, row TEXT)")
        until, number = time.perf_counter() + seconds, 0
        while time.perf_counter() < until:
            database.execute("INSERT INTO events VALUES (?, ?)", (str(number), text))
            database.commit()
            number += 1
    print(f"| SQLite, one insert an event | 1 | {number / seconds:,.0f} | | | | | |")
    if shutil.which("redis-server"):
        import redis

        options = f"--port 0 --unixsocket {folder}/socket --dir {folder} --appendonly yes --appendfsync always".split()
        process = subprocess.Popen(["redis-server", *options], stdout=subprocess.DEVNULL)
        while not (folder / "socket").exists():
            time.sleep(0.01)
        there, until, number = redis.Redis(unix_socket_path=str(folder / "socket")), time.perf_counter() + seconds, 0
        while time.perf_counter() < until:
            there.xadd("events", {"row": text})
            number += 1
        process.kill()
        process.wait()
        print(f"| Redis, `appendfsync always`, one XADD an event | 1 | {number / seconds:,.0f} | | | | | |")


def alike(user: Any) -> float:
    """The share of items that both show to a user; windows of hours move while the one is asked after the other."""
    ours, theirs = ({one["item"] for one in ask(port, "POST", "/v1/answer", json.dumps({"user": user}).encode())["items"]}
                    for port in (OURS, PEER))
    return len(ours & theirs) / max(len(ours), 1)


def base_ranks(run: Path) -> bool:
    """Whether the live bundle has a ranker."""
    return json.loads((manifest.live(run) / "parts" / "parts.json").read_text())["ranker"] is not None


def recommended(log: Log, users: int, items: int) -> float:
    """Users a second for whom implicit's ALS of 64 factors finds ten items on one thread."""
    from implicit.cpu.als import AlternatingLeastSquares
    from scipy.sparse import csr_matrix

    kept = log.positive & (log.user >= 0) & (log.item >= 0)
    chosen = csr_matrix((np.ones(kept.sum(), np.float32), (log.user[kept], log.item[kept])), shape=(users, items))
    model = AlternatingLeastSquares(factors=64, iterations=2, num_threads=1)
    model.fit(chosen, show_progress=False)
    some = np.arange(min(users, 20_000))
    began = time.perf_counter()
    model.recommend(some, chosen[some], N=10, filter_already_liked_items=True)
    return len(some) / (time.perf_counter() - began)


def only_lists(run: Path, folder: Path) -> Path:
    """A copy of the run whose bundle answers from lists alone."""
    copy, made = Path(shutil.copytree(run, folder / "lists", ignore=shutil.ignore_patterns("store"))), folder / "bundle"
    shutil.copytree(manifest.live(run), made)
    design = (made / "design.yaml").read_text()
    assert "for: fallback" in design, "the design names no batch lists"
    (made / "design.yaml").write_text(design.replace("for: fallback", "for: everything"))
    manifest.publish(made, copy, manifest.seal(made, {"solution": "lists"}))
    return copy


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--workers", type=int, default=1, help="of ours; the processor's time is then that of the parent alone")
    parser.add_argument("--clients", type=int, nargs="*", default=[1, 8, 32])
    parser.add_argument("--peer", metavar="STORE", help=argparse.SUPPRESS)
    parser.add_argument("--plain", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--idle", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    run = record.locate(given.run)
    if given.idle:
        idle()
        return
    if given.peer:
        peer(run, given.peer, given.plain)
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        store = f"lmdb://{folder / 'store'}"
        with stores.open(store) as opened:
            base = Live(run, opened).memory.base
        users, rows = base.users.ids.tolist(), base.log.table.slice(len(base.log) - 5000).to_pylist()
        print(f"{len(base.log):,} events, {len(users):,} users, {len(base.items):,} items; {os.cpu_count()} cores, "
              f"{platform.machine()}, Python {platform.python_version()}, load {os.getloadavg()[0]:.1f}\n")
        serve = ("-m", "sevenfold", "serve", str(run), "--clock", "log", "--port", str(OURS), "--store", store,
                 "--workers", str(given.workers))
        by_peer = (__file__, str(run), "--peer", f"lmdb://{folder / 'peer'}")
        print("| what | clients | a second | p50 ms | p99 ms | 200 | whole | CPU ms each |\n|---|---|---|---|---|---|---|---|")
        with running(OURS, *serve) as ours_at, running(PEER, *by_peer) as peer_at:
            same = [alike(user) for user in users[:50]]
            assert np.mean(same) > 0.95, f"answers differ: {np.mean(same):.3f} of the items are the same"
            for clients in given.clients:
                load("**sevenfold**, answers", ours_at, OURS, "/v1/answer", clients, given.seconds, questions(users))
                load("FastAPI, by hand", peer_at, PEER, "/v1/answer", clients, given.seconds, questions(users))
        if base_ranks(run):
            with running(PEER, *by_peer, "--plain") as plain_at:
                for clients in given.clients:
                    load("FastAPI, a dict a candidate, pandas", plain_at, PEER, "/v1/answer", clients, given.seconds,
                         questions(users))
        with running(OURS, *serve) as server:
            for clients, each in ((1, 1), (32, 1), (4, 100)):
                load(f"**sevenfold**, durable events, {each} a call", server, OURS, "/v1/events", clients, given.seconds,
                     events(rows, each, f"{clients}-{each}"), each)
        by_hand(folder, rows[0], given.seconds)
        if "for: fallback" not in (manifest.live(run) / "design.yaml").read_text():
            return  # the design names no batch lists
        lists = only_lists(run, folder)
        began = time.perf_counter()
        make(lists, store, store, of_clock="log")
        print(f"| **sevenfold**, lists written, users a second | | {len(users) / (time.perf_counter() - began):,.0f} | | | | | |")
        rate = recommended(base.log, len(users), len(base.items))
        print(f"| `implicit.recommend`, retrieval alone | | {rate:,.0f} | | | | | |")
        with running(OURS, *(str(lists) if word == str(run) else word for word in serve)) as server:
            load("**sevenfold**, lists from LMDB", server, OURS, "/v1/answer", 16, given.seconds, questions(users))
            if shutil.which("wrk"):
                by_wrk("**sevenfold**, lists from LMDB, asked by wrk", server, OURS, 16, given.seconds, users)
        if shutil.which("wrk"):
            with running(PEER, __file__, str(run), "--idle") as server:
                by_wrk("uvicorn that does nothing, asked by wrk", server, PEER, 16, given.seconds, users)


if __name__ == "__main__":
    main()
