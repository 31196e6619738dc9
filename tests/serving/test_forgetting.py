"""A user who was deleted: nothing from before is read any more, whoever reads it; what follows counts anew."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from sevenfold import stores
from sevenfold.serving import app
from sevenfold.serving.asked import Ask
from sevenfold.serving.impressions import Impression, Impressions, impressions
from sevenfold.serving.lists import Lists, make
from sevenfold.serving.live import Live
from sevenfold.serving.memory import Memory
from sevenfold.serving.server import Server


def event(server: Server, name: str, user: int) -> dict[str, Any]:
    last = int(server.live.memory.base.log.time.max()) // 1_000_000
    return {"id": name, "values": {"timestamp": last, "user_id": user, "item_id": 171, "watched": 1.0, "device": "tv"}}


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"lmdb://{tmp_path / 'store'}"


def test_nothing_from_before_is_read_and_what_follows_counts_anew(finished: Path, url: str,
                                                                  serving: Callable[..., Server]) -> None:
    make(finished, url, url, of_clock="log")
    server = serving(store=url)
    client, memory = TestClient(app.made(server, ("*",))), server.live.memory
    client.post("/v1/events", json={"events": [event(server, "a", 7), event(server, "b", 8)]})
    held = len(memory.blob("7")) // memory.layout.dtype.itemsize
    stranger = client.post("/v1/answer", json={"user": "nobody"}).json()["items"]
    receipt = client.delete("/v1/users/7").json()
    assert receipt == {"user": "7", "moment": server.live.end, "events": held, "lists": 1}
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
        assert [user for _, users, _ in again.memory.since() for user in users] == ["", "8", "7"]
        assert "7" in memory.names(memory.base.log)
        assert "7" not in again.memory.names(again.memory.base.log)


def test_another_process_learns_of_it_with_its_next_question(finished: Path) -> None:
    with stores.open("memory://") as store:
        one, other = Memory(finished, store), Memory(finished, store)
        assert other.blob("7")
        assert one.forget("7", 5) == len(other.before("7")) // one.layout.dtype.itemsize
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
    kept = first if first.user == 7 else second
    assert kept.items == [one["item"] for one in shown[0]["items"]]
    assert kept.scores == [one["score"] for one in shown[0]["items"]]
    assert (kept.time, kept.version, kept.chances) == (server.live.end, server.version, [None] * 3)
    assert kept.candidates
    assert not {*kept.items} & {*kept.candidates}
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
