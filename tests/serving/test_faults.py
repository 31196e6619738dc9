"""Stores that are killed, slow or full: answers go on and say what is missing, and no acknowledged event is lost."""

from __future__ import annotations

import asyncio
import json
import resource
import signal
import socket
import time
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from redis import Redis as Client
from starlette.testclient import TestClient

from serving.processes import answers, free_port, running
from sevenfold import stores
from sevenfold.errors import StoreError
from sevenfold.serving import app
from sevenfold.serving.answering import Answered
from sevenfold.serving.asked import Ask
from sevenfold.serving.live import clock
from sevenfold.serving.memory import Memory
from sevenfold.serving.server import Server
from stores.processes import Server as Redis

VALUES = {"timestamp": 1_772_406_000, "user_id": 7, "item_id": 171, "watched": 1.0}


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[Any]:
    server = Redis(tmp_path)
    yield server
    server.kill()


def client_of(server: Server) -> TestClient:
    return TestClient(app.made(server, ("*",)), raise_server_exceptions=False)


def post(client: TestClient, name: str) -> int:
    return client.post("/v1/events", json={"id": name, "values": VALUES}).status_code


def test_a_redis_that_is_killed_in_the_middle_loses_nothing(redis: Any, serving: Callable[..., Server]) -> None:
    server = serving(store=redis.url)
    client, told = client_of(server), {}
    for turn in range(3):
        for number in range(10):
            told[f"{turn}-{number}"] = post(client, f"{turn}-{number}")
        redis.kill()
        told[f"{turn}-lost"] = post(client, f"{turn}-lost")
        answer = client.post("/v1/answer", json={"user": 7})
        assert (answer.status_code, answer.json()["degraded"], len(answer.json()["items"])) == (200, ["state"], 10)
        assert client.get("/v1/explain?user=7").status_code == 200
        redis.start()
    assert [name for name, status in told.items() if status != 200] == ["0-lost", "1-lost", "2-lost"]
    assert {told[f"{turn}-lost"] for turn in range(3)} == {503}
    assert post(client, "0-lost") == 200
    assert client.post("/v1/answer", json={"user": 7}).json()["degraded"] == []
    with stores.open(redis.url) as store:
        found = [json.loads(event)["id"] for _, event in store.events()]
    assert len(found) == len(set(found))
    assert {name for name, status in told.items() if status == 200} <= set(found)


def test_a_slow_redis_costs_an_answer_its_state_and_not_its_time(redis: Any, serving: Callable[..., Server]) -> None:
    with Slow(redis.port) as slow:
        server = serving(store=f"redis://127.0.0.1:{slow.port}/0")
        server.answering.states._within = 0.05
        slow.seconds = 0.5
        began = time.monotonic()
        answers: list[Answered] = [asyncio.run(server.answer([Ask(user=user)]))[0] for user in range(1, 11)]
        assert time.monotonic() - began < 2.0
        assert [one.degraded for one in answers] == [["state"]] * 10
        slow.seconds = 0.0
        time.sleep(1.0)
        assert asyncio.run(server.answer([Ask(user=7)]))[0].degraded == []


def test_a_full_disk_is_told_and_nothing_is_half_written(serving: Callable[..., Server], monkeypatch: pytest.MonkeyPatch) -> None:
    server = serving()
    client = client_of(server)
    with monkeypatch.context() as broken:
        broken.setattr(server.live.memory.store, "change", full)
        found = client.post("/v1/events", json={"id": "a", "values": VALUES})
        assert (found.status_code, found.headers["retry-after"]) == (503, "1")
        assert "No space" not in found.text
    assert post(client, "a") == 200
    assert len(server.live.memory.store) == 1


def test_a_clock_that_goes_back_answers_as_before(serving: Callable[..., Server]) -> None:
    server = serving()
    for hours in (0, 24, -24, 0):
        server.answering.clock = lambda hours=hours: server.live.end + hours * 3_600_000_000
        (answer,) = asyncio.run(server.answer([Ask(user=7)]))
        assert len(answer.items) == 10
        if hours == 0:
            expected = locals().get("expected") or answer.items
            assert answer.items == expected


def test_a_slow_redis_takes_events_late_and_a_hung_one_refuses_them(redis: Any, serving: Callable[..., Server]) -> None:
    with Slow(redis.port) as slow:
        server = serving(store=f"redis://127.0.0.1:{slow.port}/0?durability=weak")
        client, slow.seconds, began = client_of(server), 0.5, time.monotonic()
        assert post(client, "late") == 200
        assert time.monotonic() - began > 0.5
        assert client.get("/health/ready").status_code == 200
        slow.seconds = 0.0
        redis.process.send_signal(signal.SIGSTOP)
        assert post(client, "hung") == 503
        assert client.post("/v1/answer", json={"user": 7}).json()["degraded"] == ["state"]
        redis.process.send_signal(signal.SIGCONT)
        assert post(client, "hung") == 200
    with stores.open(redis.url) as store:
        assert [json.loads(event)["id"] for _, event in store.events()] == ["late", "hung"]


def test_a_full_redis_refuses_events_and_answers_go_on(redis: Any, serving: Callable[..., Server]) -> None:
    server, admin = serving(store=redis.url), Client(port=redis.port)
    client = client_of(server)
    assert post(client, "before") == 200
    admin.config_set("maxmemory", 1)
    told = client.post("/v1/events", json={"id": "full", "values": VALUES})
    assert (told.status_code, told.headers["retry-after"], told.json()["where"]) == (503, "1", "store")
    assert told.json()["hint"]
    assert client.post("/v1/answer", json={"user": 7}).json()["degraded"] == []
    assert len(server.live.memory.store) == 1
    admin.config_set("maxmemory", 0)
    assert [post(client, name) for name in ("full", "before")] == [200, 200]
    with stores.open(redis.url) as store:
        assert [json.loads(event)["id"] for _, event in store.events()] == ["before", "full"]


def test_a_disk_that_fills_up_keeps_what_was_acknowledged(finished: Path, tmp_path: Path) -> None:
    """No file of the server may grow beyond a limit, as on a full disk; then it may again."""
    port, url, told = free_port(), f"lmdb://{tmp_path / 'store'}", {}

    def send(number: int) -> int | None:
        name = f"e{number}"
        told[name] = answers(port, "POST", "/v1/events", {"id": name, "values": VALUES | {"user_id": number % 400}}) is not None
        return told[name]

    with running(finished, port, "--store", url) as process:
        assert send(0)
        limit, free = (tmp_path / "store" / "data.mdb").stat().st_size + (1 << 17), resource.RLIM_INFINITY
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (limit, free))
        assert next((number for number in range(1, 2000) if not send(number)), None), "the disk was never full"
        assert [len(answers(port, "POST", "/v1/answer", {"user": user})["items"]) for user in (7, 8)] == [10, 10]
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (free, free))
        lost = [int(name[1:]) for name, taken in told.items() if not taken]
        assert all(send(number) for number in lost)
    with stores.open(url) as store:
        memory = Memory(finished, store)
        assert Counter(json.loads(event)["id"] for _, event in store.events()) == Counter(told)
        assert memory.rebuilt() == memory.kept()


def test_a_clock_that_goes_back_loses_no_event_and_no_deletion(serving: Callable[..., Server],
                                                               monkeypatch: pytest.MonkeyPatch) -> None:
    server = serving()
    client, now = client_of(server), time.time_ns
    server.answering.clock = partial(clock, server.live, "log", now() // 1000)
    assert post(client, "a") == 200
    assert client.delete("/v1/users/7").json()["events"] > 0
    monkeypatch.setattr(time, "time_ns", lambda: now() - 3_600 * 10**9)
    assert post(client, "b") == 200
    assert client.post("/v1/answer", json={"user": 7}).status_code == 200
    assert client.delete("/v1/users/7").json()["events"] == 1


def full(*_: object) -> None:
    raise StoreError("lmdb://x", "cannot be used: No space left on device")


class Slow:
    """Passes bytes on to a port, each time a while later."""

    def __init__(self, port: int) -> None:
        self.seconds = 0.0
        self._to = port
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listening.getsockname()[1])
        Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> Slow:
        return self

    def __exit__(self, *_: object) -> None:
        self._listening.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listening.accept()
                server = socket.create_connection(("127.0.0.1", self._to))
            except OSError:
                return
            for one, other in ((client, server), (server, client)):
                Thread(target=self._pass, args=(one, other), daemon=True).start()

    def _pass(self, one: socket.socket, other: socket.socket) -> None:
        try:
            while data := one.recv(65536):
                time.sleep(self.seconds / 2)
                other.sendall(data)
        except OSError:
            pass
        finally:
            other.close()
