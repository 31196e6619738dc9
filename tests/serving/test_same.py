"""One pipeline: HTTP, batch lists and evaluation give the same items in the same order, with events that came later too."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from starlette.testclient import TestClient

from serving.grown_log import whole
from sevenfold.bundle import parts
from sevenfold.nouns import SECOND, Requests
from sevenfold.serving import app
from sevenfold.serving.asked import Ask
from sevenfold.serving.lists import Lists, make, shown
from sevenfold.serving.live import Live
from sevenfold.serving.memory import Memory
from sevenfold.serving.server import Server
from sevenfold.stores import open as opened

AFTER = 3 * 86_400 * SECOND  # µs after the log's end: labels of what came later are known


def later(memory: Memory, n: int = 200) -> list[dict[str, Any]]:
    """Events after the log's end, of a few users, one of whom and one item nobody knew."""
    rng = np.random.default_rng(3)
    last = int(memory.base.log.time.max()) // SECOND
    items, users = memory.base.items.ids.tolist(), memory.base.users.ids.tolist()[:12]
    return [{"id": f"later-{i}", "values": {
        "timestamp": int(last + rng.integers(1, 86_400)), "user_id": int(rng.choice([*users, 77_777])), "device": "tv",
        "item_id": int(rng.choice([*items[:30], 99_999])), "watched": float(rng.random())}} for i in range(n)]


@pytest.fixture(scope="module", params=["finished", "trees"])
def run(request: pytest.FixtureRequest) -> Path:
    """A run whose bundle is a baseline, and one whose bundle is the whole funnel."""
    return Path(request.getfixturevalue(request.param))


@pytest.fixture(scope="module")
def grown(run: Path, serving: Callable[..., Server], tmp_path_factory: pytest.TempPathFactory) -> Server:
    """A server that has taken events, three days after the log's end."""
    server = serving(run, store=f"lmdb://{tmp_path_factory.mktemp('same') / 'store'}")
    client = TestClient(app.made(server, ("*",)))
    events = later(server.live.memory)
    assert client.post("/v1/events", json={"events": events}).json()["taken"] == len(events)
    until = time.monotonic() + 10
    while server.live.offset < len(events) and time.monotonic() < until:
        time.sleep(0.01)
    server.live.follow()
    server.answering.clock = lambda: server.live.end + AFTER
    return server


def test_http_batch_and_evaluation_show_the_same_items_in_the_same_order(grown: Server) -> None:
    memory, moment = grown.live.memory, grown.live.end + AFTER
    users = [*memory.base.users.ids.tolist()[:60], 77_777]
    client = TestClient(app.made(grown, ("*",)))
    http = [client.post("/v1/answer", json={"user": user}).json() for user in users[:20]]
    http += client.post("/v1/answer", json={"requests": [{"user": user} for user in users[20:]]}).json()["answers"]
    together = grown.live.answer([Ask(user=user) for user in users], memory.blobs([str(user) for user in users]), 10, moment)
    known = len(users) - 1
    evaluated = parts.load(memory.bundle / "parts").over(whole(memory)).answer(
        Requests(time=np.full(known, moment), user=memory.base.users.codes(np.array(users[:known]))), 10)
    ids = memory.base.items.ids
    assert [[one["item"] for one in answer["items"]] for answer in http] == ids[together.answers.items].tolist()
    np.testing.assert_array_equal(together.answers.items[:known], evaluated.items)
    np.testing.assert_allclose(together.answers.scores[:known], evaluated.scores, atol=1e-6)
    assert {answer["events"] for answer in http} == {200}


def test_a_list_made_ahead_is_what_would_be_answered(grown: Server, run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    memory, store = grown.live.memory, grown.live.memory.store
    monkeypatch.setattr("sevenfold.serving.lists.stores.open", lambda url: Kept(store))
    version = make(run, "lmdb://kept", "lmdb://kept", of_clock="log")
    users = [*memory.base.users.ids.tolist()[:60], 77_777]
    asks = [Ask(user=user) for user in users]
    listed = Lists(store, 60.0).of(asks, 10)
    answered = grown.live.answer(asks, memory.blobs([str(user) for user in users]), version.k, version.moment)
    assert listed is not None
    assert [[one.item for one in shown(answer)] for answer in listed] == memory.base.items.ids[answered.answers.items].tolist()
    assert {answer.version for answer in listed} == {version.name}


def test_the_state_of_items_follows_what_other_processes_take(finished: Path) -> None:
    with opened("memory://") as store:
        first, second = Live(finished, store), Live(finished, store)
        rows = later(first.memory, 50)
        table = pa.Table.from_pylist([row["values"] for row in rows], schema=first.memory.schema)
        when = table["timestamp"].to_numpy() * SECOND
        first.memory.take(table, when, when, [row["id"] for row in rows])
        first.catch_up()
        second.catch_up()
        asks, moment = [Ask(user=7), Ask(user="77777")], first.end + AFTER
        answers = [live.answer(asks, live.memory.blobs(["7", "77777"]), 10, moment).answers for live in (first, second)]
        np.testing.assert_array_equal(answers[0].items, answers[1].items)
        assert (first.offset, [*first.newcomers]) == (50, ["77777"])


class Kept:
    """A store that stays open when a part of the program is done with it."""

    def __init__(self, store: Any) -> None:
        self._store = store

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def __enter__(self) -> Any:
        return self._store

    def __exit__(self, *_: object) -> None:
        """Nothing."""
