from __future__ import annotations

import random
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sevenfold import stores
from sevenfold.errors import MissingPackage
from sevenfold.stores import Change, StoreError
from stores.processes import DURABLE, Server, agree, counting

Start = Callable[..., Server]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts servers of a test's own."""
    running: list[Server] = []

    def begin(**settings: str) -> Server:
        folder = tmp_path / str(len(running))
        folder.mkdir()
        running.append(Server(folder, **settings))
        return running[-1]

    yield begin
    for server in running:
        server.kill()


def refused(url: str, *parts: str) -> None:
    with pytest.raises(StoreError) as caught:
        stores.open(url)
    for part in parts:
        assert part in str(caught.value)


@pytest.mark.parametrize(("name", "value"), [("appendonly", "no"), ("appendfsync", "everysec"),
                                             ("no-appendfsync-on-rewrite", "yes"), ("maxmemory-policy", "allkeys-lru")])
def test_a_server_that_may_lose_events_is_refused(start, name, value):
    server = start(**{**DURABLE, name: value})
    refused(server.url, f"{server.url}: may lose events: expected the setting '{name} ", f", got '{value}'",
            f"hint: Write '{name} ", "or ?durability=weak in the URL to accept the loss.")
    with stores.open(f"{server.url}?durability=weak") as store:
        assert not store.durable
        assert store.change([], lambda _: Change({}, [b"event"])) == 0


def test_a_server_that_hides_its_settings(start):
    server = start(**DURABLE, **{"rename-command": "CONFIG SECRET"})
    refused(server.url, "does not tell its settings: ", "hint: Allow CONFIG GET, or write ?durability=weak")


def test_stores_of_two_names_and_the_socket(server, tmp_path):
    one, other = (f"{address}name={tmp_path.name}{number}" for number, address in
                  enumerate([f"{server.url}?", f"unix://{server.socket}?db=0&"]))
    with stores.open(one) as first, stores.open(other) as second:
        first.change([], lambda _: Change({b"a": b"1"}, [b"event"]))
        assert (second.get([b"a"]), len(second), list(second.scan())) == ([None], 0, [])
        with stores.open(f"unix://{server.socket}?db=0&name={tmp_path.name}0") as again:
            assert (again.get([b"a"]), len(again)) == ([b"1"], 1)


def test_a_lost_server_is_an_error_and_nothing_is_sent_twice(start):
    server = start()
    with stores.open(server.url) as store:
        store.change([], lambda _: Change({b"a": b"1"}, [b"first"]))
        server.kill()
        for call in (lambda: store.get([b"a"]), lambda: len(store), lambda: list(store.events()),
                     lambda: store.change([], lambda _: Change({}, [b"second"]))):
            with pytest.raises(StoreError, match=r"no answer, so a change under way may or may not have been written"):
                call()
        server.start()
        assert list(store.events()) == [(0, b"first")]
    server.kill()
    refused(server.url, f"{server.url}: no answer", "hint: Check that the server runs")


def test_what_a_killed_server_acknowledged_is_there(start):
    server, acknowledged = start(), []
    for number in range(4):
        process = counting(server.url, f"life{number}", 1_000_000)
        assert process.stdout is not None
        acknowledged.append(int(process.stdout.readline()))
        time.sleep(random.Random(number).uniform(0, 0.1))
        server.kill()
        acknowledged += [int(line) for line in process.communicate()[0].split()]
        server.start()
        agree(server.url, acknowledged)


def test_a_full_server_writes_nothing_of_a_change(start):
    server = start(**DURABLE, maxmemory="3mb")
    with stores.open(server.url) as store:
        def count(old):
            return Change({b"n": b"%d" % (int(old[0] or 0) + 1)}, [bytes(100_000)])

        with pytest.raises(StoreError, match=r"the server refused: .*maxmemory"):
            deque((store.change([b"n"], count) for _ in range(100)), maxlen=0)
        assert int(store.get([b"n"])[0] or 0) == len(store)


@pytest.mark.parametrize(("url", "problem", "hint"), [
    ("redis://127.0.0.1:1/0?nam=x", "no option is called 'nam'", "Did you mean 'name'?"),
    ("redis://127.0.0.1:1/0?durability=some", "expected the durability 'strong' or 'weak', got 'some'", "Write ?durability=weak"),
    ("redis://ann:secret@127.0.0.1:port/0", "redis://127.0.0.1:port/0: expected HOST:PORT/DB after the scheme", "redis://localhost"),
    ("redis://127.0.0.1:1/video", "expected HOST:PORT/DB", "redis://localhost"),
    ("unix:///run/redis?db=one", "unix:///run/redis: expected the number of a database, got 'one'", "Write ?db=0"),
    ("redis://ann:secret@127.0.0.1:1/0", "redis://127.0.0.1:1/0: no answer", "Check that the server runs"),
    ("mysql://ann:secret@host/db", "no store is reached by 'host/db'", "memory://, lmdb://PATH, redis://HOST:PORT/DB"),
    ("lmdb://", "no store is reached by 'lmdb://'", "Known forms"),
    ("video.db", "no store is reached by 'video.db'", "Known forms"),
])
def test_urls(url, problem, hint):
    with pytest.raises(StoreError) as caught:
        stores.open(url)
    assert problem in str(caught.value)
    assert hint in caught.value.hint
    assert "secret" not in str(caught.value)


def test_another_format(server, tmp_path):
    import redis

    with redis.Redis(port=server.port) as client:
        client.set(f"sevenfold:{tmp_path.name}:format", "9")
    refused(f"{server.url}?name={tmp_path.name}", "expected a store of format b'1', got b'9'",
            "hint: Name another store: ?name=NAME.")


def test_without_the_client(monkeypatch):
    monkeypatch.setitem(sys.modules, "redis", None)
    with pytest.raises(MissingPackage, match=r"needs the package 'redis'.*\n.*pip install 'sevenfold\[redis\]'"):
        stores.open("redis://localhost")
