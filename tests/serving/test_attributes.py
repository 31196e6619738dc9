"""What is told of items and users: durable, read by features in every process, equal to the run over tables as they are then."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event
from typing import Any

import numpy as np
import pytest
from starlette.testclient import TestClient

from serving.shipped import ship
from sevenfold import data as sources
from sevenfold import design as documents
from sevenfold import stores
from sevenfold.data.posted import Posted
from sevenfold.nouns import SECOND, Candidates, Requests
from sevenfold.serving import app
from sevenfold.serving.asked import Event as Sent
from sevenfold.serving.live import Live
from sevenfold.serving.server import Server
from small_run import write_design
from stores.processes import Server as Redis

Told = tuple[Server, TestClient, str]
ITEM = {"topics": ["news"], "length": 33.5, "title": "a new title"}


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Redis]:
    running = Redis(tmp_path_factory.mktemp("redis"))
    yield running
    running.kill()


@pytest.fixture(params=["lmdb", "redis"])
def told(request: pytest.FixtureRequest, finished: Path, tmp_path: Path, serving: Callable[..., Server]) -> Told:
    """A server over a new store, a client of it, and the store's URL."""
    url = f"lmdb://{tmp_path / 'store'}"
    if request.param == "redis":
        url = f"{request.getfixturevalue('redis').url}?name={tmp_path.name}"
    server = serving(finished, url)
    return server, TestClient(app.made(server, ("*",))), url


def wait(server: Server) -> None:
    """Until the process has read the log to its end."""
    until = time.monotonic() + 10
    while server.live.offset < len(server.live.memory.store) and time.monotonic() < until:
        time.sleep(0.01)
    server.live.follow()


def post(client: TestClient, path: str, body: Any, taken: int) -> None:
    found = client.post(f"/v1/{path}", json=body)
    assert found.json() == {"taken": taken, "known": 0, "refused": {}}, found.text


def rows(live: Live, user: str, item: str, moment: int) -> Any:
    """The features of one user and one item as they are served."""
    requests = Requests(time=np.array([moment]), user=np.array([live.memory.asker(user)], np.int32))
    return live._online.view(live.memory.blobs([user]), moment).rows(requests, one(live.memory.item(item))).values


def one(item: int) -> Candidates:
    return Candidates(request=np.zeros(1, np.int32), item=np.array([item], np.int32), sources={}, ranks={})


def test_features_read_what_was_told_and_a_run_over_those_tables_reads_the_same(told: Told,
                                                                               finished: Path) -> None:
    server, client, url = told
    live, memory = server.live, server.live.memory
    before = rows(live, "7", "171", live.end + 2 * 86_400 * SECOND)
    post(client, "items", {"id": 171, "values": ITEM}, 1)
    post(client, "items", {"items": [{"id": 90_001, "values": {**ITEM, "length": 5}}, {"id": 90_002}]}, 2)
    post(client, "users", {"users": [{"id": 7, "values": {"age": 99}}, {"id": "77777", "values": {"age": 20}}]}, 2)
    last = int(memory.base.log.time.max()) // SECOND
    for number, user in enumerate((7, 77_777)):
        row = {"timestamp": last + 1 + number, "user_id": user, "item_id": 90_001, "watched": 1.0, "device": "tv"}
        assert client.post("/v1/events", json={"id": f"e{number}", "values": row}).json()["taken"] == 1
    wait(server)
    moment, users, items = live.end + 2 * 86_400 * SECOND, ("7", "77777", "8"), ("171", "90001", "90002", "12")
    online = [rows(live, user, item, moment) for user in users for item in items]
    assert not np.array_equal(rows(live, "7", "171", moment), before, equal_nan=True)
    assert memory.rebuilt() == memory.kept()
    server._opened.close()
    data = sources.load(documents.load(finished.parents[1] / "video.yaml"), Posted(url))
    codes = [(data.users.codes(np.array([user])), data.items.codes(np.array([item]))) for user in users for item in items]
    assert all(user[0] >= 0 and item[0] >= 0 for user, item in codes)
    offline = memory.features.over(data)
    for found, (user, item) in zip(online, codes, strict=True):
        asked = Requests(time=np.array([moment]), user=user)
        np.testing.assert_array_equal(found, offline.rows(asked, one(int(item[0]))).values)


def test_another_process_reads_it_from_the_log_and_codes_are_the_same(told: Told, finished: Path) -> None:
    server, client, url = told
    post(client, "items", {"id": "90003", "values": {"length": 1.0}}, 1)
    last = int(server.live.memory.base.log.time.max()) // SECOND
    row = {"timestamp": last, "user_id": 7, "item_id": 90_009, "watched": 1.0, "device": "tv"}
    client.post("/v1/events", json={"id": "e", "values": row})
    post(client, "items", {"id": 90_004, "values": {"length": 2.0}}, 1)
    wait(server)
    codes = [server.live.memory.item(one) for one in ("90003", "90009", "90004")]
    base = len(server.live.memory.base.items)
    assert codes == [base, -1, base + 2]
    server._opened.close()
    with stores.open(url) as store:
        other = Live(finished, store)
        other.catch_up()
        assert [other.memory.item(one) for one in ("90003", "90009", "90004")] == codes
        assert other.ids[base:] == [90_003, 90_009, 90_004]
        view = other._online.view([b""], other.end)
        assert view.alive(np.array([other.end + 86_400 * SECOND]))[0, base:].tolist() == [True, False, True]


def test_a_new_item_is_told_of_and_not_proposed_before_a_source_can_place_it(told: Told) -> None:
    server, client, _ = told
    assert client.get("/v1/explain?user=7&item=90001").status_code == 404
    post(client, "items", {"id": 90_001, "values": ITEM}, 1)
    wait(server)
    server.answering.clock = lambda: server.live.end + SECOND
    story = client.get("/v1/explain?user=7&item=90001").json()["story"]
    assert (story["item"], story["name"]) == (90_001, "a new title")
    assert client.get("/v1/items/90001/similar?k=3").status_code == 200
    assert client.post("/v1/answer", json={"user": 7}).status_code == 200


def test_a_source_that_reads_content_proposes_a_new_item_at_once(tmp_path: Path, serving: Callable[..., Server]) -> None:
    path = write_design(tmp_path)
    path.write_text(path.read_text().replace("    retrieve: popular\n", "    retrieve: [popular, content]\n"))
    ship(path, tmp_path / "run")
    server = serving(tmp_path / "run")
    client, memory = TestClient(app.made(server, ("*",))), server.live.memory
    user = str(memory.base.users.ids[memory.base.log.user[-1]])
    (liked,) = server.live._online.view([memory.blob(user)], server.live.end).visits(
        Requests(time=np.array([server.live.end]), user=np.array([0], np.int32)), 1).history[0]
    like = memory.base.items.table.slice(int(liked), 1).to_pylist()[0]
    values = {name: like[name] for name in ("title", "topics", "length")}
    post(client, "items", {"id": 90_001, "values": values}, 1)
    wait(server)
    server.answering.clock = lambda: server.live.end + SECOND
    story = client.get(f"/v1/explain?user={user}&item=90001").json()["story"]
    assert story["proposed_by"]["content"] == 1
    post(client, "items", {"id": 90_001, "values": {"title": None, "topics": None}}, 1)
    wait(server)
    assert "content" not in client.get(f"/v1/explain?user={user}&item=90001").json()["story"].get("proposed_by", {})


@pytest.mark.parametrize(("path", "body", "where", "problem"), [
    ("items", {"values": {}}, "body", "missing required field `id`"),
    ("items", {"id": 171, "values": {"lenght": 3}}, "body.values.lenght", "no column of items is called that"),
    ("items", {"id": 171, "values": {"length": "long"}}, "body.values.length", "expected double, got 'long'"),
    ("items", {"id": 171, "values": {"topics": [3]}}, "body.values.topics", "expected list<"),
    ("items", {"id": 171, "values": {"published": "soon"}}, "body.values.published", "expected a time, got 'soon'"),
    ("items", {"id": "x-9", "values": {}}, "body.id", "expected a whole number, got 'x-9'"),
    ("users", {"id": 7, "values": {"age": True}}, "body.values.age", "expected int64, got 'True'"),
    ("users", {"id": 7, "values": {"user_id": 8}}, "body.values.user_id", "no column of users is called that"),
    ("users", {"id": 7, "more": 1}, "body", "object contains unknown field `more`"),
])
def test_what_the_tables_cannot_hold_is_refused(told: Told, path: str, body: Any, where: str,
                                                problem: str) -> None:
    server, client, _ = told
    found = client.post(f"/v1/{path}", json=body)
    assert found.status_code == 422
    assert found.json()["where"] == where
    assert problem in found.json()["problem"]
    assert found.json()["hint"]
    assert len(server.live.memory.store) == 0


def test_events_and_attributes_are_written_in_one_change(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    server, _, _ = told
    memory, intake, changes, free = server.live.memory, server.intake, [], Event()
    change, taken = memory.store.change, memory.take

    def counted(*words: Any) -> int:
        changes.append(words)
        return change(*words)

    def slow(*words: Any) -> Any:
        free.wait(10)
        return taken(*words)

    monkeypatch.setattr(memory, "take", slow)
    last = int(memory.base.log.time.max()) // SECOND
    row = {"timestamp": last, "user_id": 7, "item_id": 171, "watched": 1.0, "device": "tv"}
    first = intake.submit([Sent(id="a", values=row)])
    while intake.waiting:
        time.sleep(0.001)
    both = [intake.submit([Sent(id="b", values=row)]), intake.submit([], [{"of": "users", "id": "7", "time": 1, "values": {}}])]
    monkeypatch.setattr(memory.store, "change", counted)
    free.set()
    assert [one.result(10).taken for one in (first, *both)] == [1, 1, 1]
    assert (len(changes), len(memory.store)) == (2, 3)  # the first alone, then what came meanwhile together


def test_of_several_the_good_ones_are_taken(told: Told) -> None:
    _, client, _ = told
    found = client.post("/v1/users", json={"users": [{"id": 7, "values": {"age": 3}}, {"id": 8, "values": {"age": "x"}}]}).json()
    assert (found["taken"], [*found["refused"]]) == (1, ["1"])
    assert found["refused"]["1"] == {"where": "body.users[1].values.age", "problem": "expected int64, got 'x'",
                                     "hint": "Send the kind of value that the table has."}


def test_who_was_deleted_has_no_attributes_until_they_are_told_again(told: Told, finished: Path) -> None:
    server, client, url = told
    post(client, "users", {"id": "77777", "values": {"age": 20}}, 1)
    wait(server)
    assert server.live.memory.asker("77777") >= 0
    client.delete("/v1/users/77777")
    post(client, "users", {"id": 7, "values": {"age": 21}}, 1)
    wait(server)
    assert server.live.memory.asker("77777") == -1
    post(client, "users", {"id": "77777", "values": {"country": "de"}}, 1)
    wait(server)
    server._opened.close()
    with stores.open(url) as store:
        other = Live(finished, store)
        other.catch_up()
        for live in (server.live, other):
            row = live._attributes._told["users"]["77777"].values
            assert row == {"country": "de"}
