"""Every task is served: what it is asked with, what it answers, and what it takes of events."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from starlette.testclient import TestClient

from serving.grown_log import whole
from sevenfold import data as sources
from sevenfold import design as documents
from sevenfold.bundle import manifest, parts, state
from sevenfold.cli import new
from sevenfold.data import worlds
from sevenfold.data.splits import cuts
from sevenfold.errors import SevenfoldError
from sevenfold.nouns import SECOND, Requests
from sevenfold.run import answer
from sevenfold.run.fit import fit
from sevenfold.serving import app
from sevenfold.serving.lists import make
from sevenfold.serving.server import Server

SHIPPED = {"search": ("lexical", 3000), "friends": ("neighbours", 4000), "spam": ("bayes", 600), "ratings": ("trees", 4000)}


def shipped(name: str, folder: Path) -> Path:
    """The folder of a run of a shipped design on a small world, whose bundle is one solution, fitted."""
    wanted, rows = SHIPPED[name]
    worlds.write(worlds.simulate(name, rows=rows), folder / "data")
    path = folder / f"{name}.yaml"
    path.write_text(new.text(name).replace("      characters: {characters: message, n: 2..5}\n", ""), encoding="utf-8")
    design = documents.load(path)
    data, solution = sources.load(design), design.solutions[wanted]
    bundle, run = folder / "bundle", folder / "run"
    (run / "bundles").mkdir(parents=True)
    (run / "record.json").write_text("{}")
    state.save(data, bundle / "state")
    parts.save(fit(design, solution, data, cuts(data, design), 0), bundle / "parts")
    (bundle / "design.yaml").write_text(documents.show(design), encoding="utf-8")
    manifest.publish(bundle, run, manifest.seal(bundle, {"solution": wanted}))
    return run


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    made: dict[str, Path] = {}
    return lambda name: made[name] if name in made else made.setdefault(name, shipped(name, tmp_path_factory.mktemp(name)))


@pytest.fixture
def served(runs: Callable[[str], Path], serving: Callable[..., Server]) -> Callable[[str], tuple[Server, TestClient]]:
    def serve(name: str) -> tuple[Server, TestClient]:
        server = serving(runs(name))
        server._only_lists = False  # which the friends' design wants
        return server, TestClient(app.made(server, ("*",)))
    return serve


@pytest.mark.parametrize("name", [*SHIPPED])
def test_http_says_what_the_bundle_says(name: str, served: Callable[[str], tuple[Server, TestClient]],
                                        runs: Callable[[str], Path]) -> None:
    server, client = served(name)
    asks = [{field: getattr(ask, field) for field in server.live.context.fields if getattr(ask, field) is not None}
            for ask in server.live.examples(5)]
    together = client.post("/v1/answer", json={"requests": asks}).json()["answers"]
    for ask, one in zip(asks, together, strict=True):
        expected = answer(runs(name), ask.get("user"), item=ask.get("item"), text=ask.get("text"))
        alone = client.post("/v1/answer", json=ask).json()
        told = {"items", "number", "probability", "decision"} & {*expected}
        assert told == {"items", "number", "probability", "decision"} & {*one}
        for field in told - {"items"}:
            assert one[field] == pytest.approx(expected[field], abs=1e-6)
            assert alone[field] == pytest.approx(one[field], abs=1e-6)
        for shown, wanted in zip(one.get("items", []), expected.get("items", []), strict=True):
            assert shown == {field: pytest.approx(wanted[field], abs=1e-5) if field == "score" else wanted[field]
                             for field in shown}
            assert ("snippet" in shown) == (name == "search")
        assert alone.get("items") == one.get("items")
        query = "&".join(f"{field}={value}" for field, value in ask.items())
        assert "why" in client.get(f"/v1/explain?{query}").json()


@pytest.mark.parametrize(("name", "body", "where", "problem"), [
    ("search", {}, "body.text", "is missing"), ("search", {"text": "a", "user": 1}, "body.user", "have no user"),
    ("spam", {"text": None}, "body.text", "is missing"), ("spam", {"text": "a", "k": 3}, "body.k", "have no k"),
    ("spam", {"text": "a", "context": {"message": "b"}}, "context.message", "no column"),
    ("ratings", {"user": 1}, "body.item", "is missing"),
    ("friends", {"user": 1, "item": 2}, "body.item", "have no item")])
def test_what_a_design_is_not_asked_is_refused_and_described(name: str, body: dict[str, Any], where: str, problem: str,
                                                             served: Callable[[str], tuple[Server, TestClient]]) -> None:
    server, client = served(name)
    told = client.post("/v1/answer", json=body).json()
    assert (told["status"], told["where"]) == (422, where)
    assert problem in told["problem"]
    ask = client.get("/openapi.json").json()["components"]["schemas"]["Ask"]
    assert {*ask["properties"]} - {"context"} == {*server.live.context.fields}
    assert ask["required"] == [field for field, must in server.live.context.fields.items() if must]


@pytest.mark.parametrize("name", ["search", "spam"])
def test_data_without_a_clock_take_no_events(name: str, served: Callable[[str], tuple[Server, TestClient]],
                                             runs: Callable[[str], Path]) -> None:
    told = served(name)[1].post("/v1/events", json={"id": "a", "values": {"message": "b"}}).json()
    assert (told["status"], told["where"]) == (501, "events")
    assert "have no clock" in told["problem"]
    with pytest.raises(SevenfoldError, match="lists are made of users"):
        make(runs(name), "memory://", "memory://")


def test_who_is_told_of_stands_at_both_ends_of_links(served: Callable[[str], tuple[Server, TestClient]]) -> None:
    server, client = served("friends")
    memory, before = server.live.memory, server.live.offset
    refused = client.post("/v1/items", json={"id": 1})
    assert (refused.status_code, refused.json()["where"]) == (422, "items")
    assert client.post("/v1/users", json={"id": 88_888_888}).json()["taken"] == 1
    while server.live.offset <= before:
        time.sleep(0.01)
    assert client.post("/v1/answer", json={"user": 88_888_888}).status_code == 200
    assert memory.asker("88888888") == memory.item("88888888") >= len(memory.base.users)


def test_a_link_is_one_event_that_both_of_its_ends_remember(served: Callable[[str], tuple[Server, TestClient]]) -> None:
    server, client = served("friends")
    memory, ids = server.live.memory, server.live.memory.base.users.ids.tolist()
    (shown, *_) = client.post("/v1/answer", json={"user": ids[3]}).json()["items"]
    third = next(one for one in ids[4:] if one != shown["item"])
    at = int(memory.base.log.time.max()) // SECOND + 60

    def link(name: str, one: Any, other: Any, moment: int = at) -> dict[str, Any]:
        return {"id": name, "values": {"timestamp": moment, "userID": one, "contactID": other}}

    events = [link("a", ids[3], shown["item"]), link("b", shown["item"], ids[3]), link("c", third, 99_999_999),
              link("d", third, third, at + 1)]
    assert client.post("/v1/events", json={"events": events}).json() == {"taken": 3, "known": 1, "refused": {}}
    assert memory.rebuilt() == memory.kept()
    size = memory.layout.dtype.itemsize
    grown = [(len(memory.blob(str(one))) - len(memory.before(str(one)))) // size for one in (ids[3], shown["item"], third)]
    assert grown == [1, 1, 2]
    assert len(memory.blob("99999999")) == size
    while server.live.offset < 3:
        time.sleep(0.01)
    moment, known = server.live.end + 3600 * SECOND, ids[:40]
    server.answering.clock = lambda: moment
    asked = Requests(time=np.full(len(known), moment), user=memory.base.users.codes(np.array(known)))
    expected = parts.load(memory.bundle / "parts").over(whole(memory)).answer(asked, 20).items
    answers = client.post("/v1/answer", json={"requests": [{"user": one} for one in known]}).json()["answers"]
    for one, row in zip(answers, expected.tolist(), strict=True):
        assert [item["item"] for item in one["items"]] == [ids[code] for code in row if code >= 0]
    for one, other in ((ids[3], shown["item"]), (shown["item"], ids[3])):
        assert other not in [item["item"] for item in client.post("/v1/answer", json={"user": one, "k": 200}).json()["items"]]
    (log, users, count, _), = memory.since()
    assert (len(log), count, len(users)) == (5, 3, 5)
    assert np.array_equal(log.user[:2], log.item[:2][::-1])
