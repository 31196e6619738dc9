"""A user who was deleted: nothing from before is read any more, whoever reads it; what follows counts anew."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from sevenfold import stores
from sevenfold.serving import app
from sevenfold.serving.asked import Ask
from sevenfold.serving.impressions import Impression, Impressions, impressions, kept
from sevenfold.serving.lists import Lists, make
from sevenfold.serving.live import Live
from sevenfold.serving.memory import Memory
from sevenfold.serving.noted import hashes
from sevenfold.serving.server import Server
from stores.processes import Server as Redis


def event(server: Server, name: str, user: int) -> dict[str, Any]:
    last = int(server.live.memory.base.log.time.max()) // 1_000_000
    return {"id": name, "values": {"timestamp": last, "user_id": user, "item_id": 171, "watched": 1.0, "device": "tv"}}


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"lmdb://{tmp_path / 'store'}"


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Redis]:
    running = Redis(tmp_path_factory.mktemp("redis"))
    yield running
    running.kill()


@pytest.mark.parametrize("kind", ["redis", "lmdb"])
def test_the_store_holds_no_byte_of_the_name(kind: str, finished: Path, serving: Callable[..., Server], url: str,
                                             request: pytest.FixtureRequest) -> None:
    where = request.getfixturevalue("redis").url if kind == "redis" else url
    server, name = serving(finished, where), 987_654_321_123
    client, memory = TestClient(app.made(server, ("*",))), server.live.memory
    taken = client.post("/v1/events", json={"events": [event(server, f"of {name}", name), event(server, "b", 8)]}).json()
    assert taken["taken"] == 2
    client.post("/v1/users", json={"id": name, "values": {"age": 30}})
    answered = client.post("/v1/answer", json={"user": name})
    assert answered.status_code == 200
    server._impressions._write()
    assert naming(memory.store, name) == 3  # an event, attributes, an impression
    receipt = client.delete(f"/v1/users/{name}").json()
    assert {key: receipt[key] for key in ("events", "entries", "answers")} == {"events": 1, "entries": 2, "answers": 1}
    assert naming(memory.store, name) == 0
    assert memory.rebuilt() == memory.kept()
    again = client.post("/v1/events", json=event(server, f"of {name}", name)).json()
    assert (again["taken"], again["known"]) == (0, 1)  # its id is known, as a hash
    assert len(memory.store) == 4
    if kind == "redis":
        client_of = memory.store._client
        values = [client_of.dump(key) + key for key in client_of.keys("*")]
        assert len(values) > 5
        assert not any(str(name).encode() in value for value in values)


def naming(store: stores.Store, name: int) -> int:
    """How many entries and values of a store hold the bytes of a name."""
    held = [entry for _, entry in store.events()] + [key + value for key, value in store.scan()]
    return sum(str(name).encode() in one for one in held)


def test_the_event_that_is_written_while_a_user_is_deleted_is_redacted_too(finished: Path) -> None:
    with stores.open("memory://") as store:
        one, other = Memory(finished, store), Memory(finished, store)
        one.take(*arrivals(one), [f"a{i}" for i in range(len(arrivals(one)[1]))])
        events, before = store.events, len(store)

        def slow(start: int = 0, most: int | None = None) -> Iterator[tuple[int, bytes]]:
            yield from events(start, most)
            if len(store) == before:
                other.take(*arrivals(other), [f"b{i}" for i in range(len(arrivals(other)[1]))])

        store.events = slow  # type: ignore[method-assign]
        assert one.forget(str(one.base.users.ids[7]), 5)[1] == 2 * before
        assert not any(json.loads(entry).get("row", {}).get("user_id") for _, entry in events())


def test_nothing_from_before_is_read_and_what_follows_counts_anew(finished: Path, url: str,
                                                                  serving: Callable[..., Server]) -> None:
    make(finished, url, url, of_clock="log")
    server = serving(store=url)
    client, memory = TestClient(app.made(server, ("*",))), server.live.memory
    client.post("/v1/events", json={"events": [event(server, "a", 7), event(server, "b", 8)]})
    held = len(memory.blob("7")) // memory.layout.dtype.itemsize
    stranger = client.post("/v1/answer", json={"user": "nobody"}).json()["items"]
    receipt = client.delete("/v1/users/7").json()
    assert receipt == {"user": "7", "moment": server.live.end, "events": held, "entries": 1, "answers": 0, "lists": 1}
    assert client.post("/v1/answer", json={"user": 7}).json()["items"] == stranger
    assert client.post("/v1/answer", json={"user": 8}).json()["items"] != stranger
    nobody, mine = (one.items for one in Lists(memory.store, 60.0).of([Ask(user="x"), Ask(user=7)], 10) or [])
    assert nobody == mine
    assert memory.rebuilt() == memory.kept()
    assert memory.code("7") == -1
    client.post("/v1/events", json=event(server, "c", 7))
    assert len(memory.blob("7")) == memory.layout.dtype.itemsize
    assert memory.rebuilt() == memory.kept()
    server._opened.close()
    with stores.open(url) as store:
        again = Live(finished, store)
        assert len(again.memory.blob("7")) == memory.layout.dtype.itemsize
        assert [user for _, users, *_ in again.memory.since() for user in users] == ["", "8", "7"]
        assert "7" in memory.names(memory.base.log)
        assert "7" not in again.memory.names(again.memory.base.log)


def test_another_process_learns_of_it_with_its_next_question(finished: Path) -> None:
    with stores.open("memory://") as store:
        one, other = Memory(finished, store), Memory(finished, store)
        assert other.blob("7")
        assert one.forget("7", 5) == (len(other.before("7")) // one.layout.dtype.itemsize, 0)
        assert other.blob("7") == b""
        assert other.code("7") == -1
        one.take(*arrivals(one), ["late"])
        assert other.rebuilt() == other.kept() == one.kept()


def arrivals(memory: Memory) -> tuple[Any, Any, Any]:
    log = memory.base.log.take(memory.base.log.user == memory.base.users.codes(memory.base.users.ids[[7]])[0])
    return log.table, log.time, log.available


def test_what_was_shown_is_kept_without_who_was_deleted(serving: Callable[..., Server]) -> None:
    server = serving()
    client, store = TestClient(app.made(server, ("*",))), server.live.memory.store
    shown = client.post("/v1/answer", json={"requests": [{"user": 7, "k": 3}, {"user": 8, "k": 3}]}).json()["answers"]
    server._impressions.close()
    first, second = impressions(store)
    assert isinstance(first, Impression)
    assert {first.user, second.user} == {7, 8}
    mine = first if first.user == 7 else second
    assert mine.items == [one["item"] for one in shown[0]["items"]]
    assert mine.scores == [one["score"] for one in shown[0]["items"]]
    assert mine.features != ""
    assert mine.timings == shown[0 if mine.user == 7 else 1]["timings"]
    assert (mine.time, mine.version, mine.chances) == (server.live.end, server.version, [None] * 3)
    assert mine.candidates
    assert not {*mine.items} & {*mine.candidates}
    assert next(impressions(store, "1970-01-01"), None) is None
    server.live.memory.forget("7", server.live.end + 1)
    assert {one.user for one in impressions(store)} == {None, 8}


def test_a_share_of_the_answers_is_kept_and_a_lost_store_harms_nobody(serving: Callable[..., Server]) -> None:
    server = serving()
    answers = TestClient(app.made(server, ("*",))).post("/v1/answer", json={"user": 7})
    assert answers.status_code == 200
    with stores.open("memory://") as store:
        some = Impressions(store)
        some.add([server._nobody] * 1000, server.live.end, 0.3)
        some.close()
        assert 240 < sum(1 for _ in impressions(store)) < 360


def test_the_hash_is_that_of_the_features_computed_again(serving: Callable[..., Server], trees: Path) -> None:
    server = serving(trees)
    client, live = TestClient(app.made(server, ("*",))), server.live
    client.post("/v1/answer", json={"requests": [{"user": 7}, {"user": "nobody"}]})
    server._impressions.close()
    both = {str(one.user): one for one in impressions(live.memory.store)}
    view = live._online.view([live.memory.blob("7"), b""], live.end)
    found = live.answer([Ask(user=7), Ask(user="nobody")], [live.memory.blob("7"), b""], 10, live.end, trace=True)
    assert found.answers.candidates is not None
    made = hashes(replace(found.pipeline, view=view).rows(found.requests, found.answers.candidates), found.answers)
    assert made == [both["7"].features, both["nobody"].features]
    assert made[0] != made[1]


def test_old_days_are_dropped(finished: Path, serving: Callable[..., Server]) -> None:
    server = serving()
    day = 86_400 * 1_000_000
    with stores.open("memory://") as store:
        for moment in (server.live.end - 9 * day, server.live.end - 8 * day, server.live.end - day, server.live.end):
            some = Impressions(store, 2)
            some.add([server._nobody], moment, 1.0)
            some.close()
        assert [one.time for one in impressions(store)] == [server.live.end - day, server.live.end]
    assert kept(server.live.memory.design) == 90
