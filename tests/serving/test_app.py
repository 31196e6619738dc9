"""The HTTP application: what it answers, what it refuses and in which words, and that nothing sent to it is a defect."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from sevenfold.errors import nearest
from sevenfold.serving import app
from sevenfold.serving.intake import WAITING
from sevenfold.serving.server import Server

FIELDS = {"title", "status", "where", "problem", "hint", "detail", "type"}


@pytest.fixture(scope="module")
def server(serving: Callable[..., Server]) -> Server:
    return serving()


@pytest.fixture(scope="module")
def client(server: Server) -> TestClient:
    return TestClient(app.made(server, ("localhost",)), base_url="http://localhost")


def event(server: Server, name: str, **changes: Any) -> dict[str, Any]:
    last = int(server.live.memory.base.log.time.max()) // 1_000_000
    return {"id": name, "values": {"timestamp": last, "user_id": 7, "item_id": 171, "watched": 1.0, "device": "tv", **changes}}


def refused(client: TestClient, body: str | bytes, path: str = "/v1/answer") -> dict[str, Any]:
    found = client.post(path, content=body)
    assert found.headers["content-type"] == "application/problem+json"
    told = found.json()
    assert set(told) == FIELDS
    assert told["status"] == found.status_code
    assert "Traceback" not in found.text
    return told


def test_one_question_and_several_have_the_same_answers(client: TestClient, server: Server) -> None:
    one = client.post("/v1/answer", json={"user": 7, "k": 3}).json()
    assert [*one] == ["user", "items", "version", "events", "degraded", "timings"]
    assert one["user"] == 7
    assert one["version"] == server.version
    assert one["degraded"] == []
    assert {"wait", "state", "retrieve", "rank"} <= set(one["timings"])
    asked = [{"user": 7, "k": 3}, {"user": "7", "k": 5}, {"user": "nobody"}, {"user": 8, "context": {"device": "tv"}}]
    several = client.post("/v1/answer", json={"requests": asked}).json()["answers"]
    assert [len(answer["items"]) for answer in several] == [3, 5, 10, 10]
    assert several[0]["items"] == one["items"] == several[1]["items"][:3]
    assert [answer["items"] for answer in several] == [client.post("/v1/answer", json=ask).json()["items"] for ask in asked]


def test_a_newcomer_is_answered_by_what_they_say_to_like(client: TestClient, server: Server) -> None:
    """Onboarding: likes stand in for a history, are not shown again, and count only where the question names them."""
    liked = [server.live.ids[code] for code in (3, 11, 19)]
    plain, told = (client.post("/v1/answer", json={"user": "nobody", "k": 20} | more).json()["items"]
                   for more in ({}, {"likes": [*liked, "no such item"]}))
    assert {one["item"] for one in told}.isdisjoint(liked)
    assert len(told) == 20
    assert client.post("/v1/answer", json={"user": "nobody", "k": 20}).json()["items"] == plain
    assert refused(client, '{"user": 7, "likes": [{}]}')["where"].startswith("body")


@pytest.mark.parametrize(("body", "status", "where", "problem"), [
    ("", 400, "body", "is no JSON"), ("{", 400, "body", "is no JSON"), ("null", 422, "body", "expected `object`, got `null`"),
    ('{"user": "\\ud800"}', 400, "body", "is no JSON"), (b'{"user": "\xff"}', 400, "body", "is no JSON"),
    ("[" * 100_000, 422, "body", "expected `object`, got `array`"), ('{"a":' * 100_000, 400, "body", "is no JSON"),
    ("{}", 422, "body.user", "is missing, and questions of this design need it"),
    ('{"user": null}', 422, "body.user", "is missing"), ('{"user": 1, "text": "a"}', 422, "body.text", "have no text"),
    ('{"user": 1.5}', 422, "body.user", "expected `int | str | null`"),
    ('{"user": 1, "colour": 2}', 422, "body", "object contains unknown field `colour`"),
    ('{"user": 1, "k": 0}', 422, "body.k", "expected `int` >= 1"),
    ('{"user": 1, "k": 1000000000}', 422, "body.k", "expected `int` <= 1000"),
    ('{"user": 99999999999999999999}', 422, "body.user", "expected `int` <="), ('{"user": ""}', 422, "body.user", "length >= 1"),
    ('{"requests": []}', 422, "body.requests", "length >= 1"),
    (json.dumps({"requests": [{"user": 1}] * 257}), 422, "body.requests", "length <= 256"),
    ('{"user": 1, "context": {"devise": "tv"}}', 422, "context.devise", "no column of the log is called that"),
    ('{"user": 1, "context": {"device": 3}}', 422, "context.device", "expected string, got '3'"),
    ('{"user": 1, "context": {"request_id": 2.5}}', 422, "context.request_id", "expected int64, got '2.5'"),
    ('{"user": 1, "context": {"request_id": true}}', 422, "context.request_id", "expected int64, got 'True'"),
    ('{"user": 1, "context": {"request_id": 9223372036854775808}}', 422, "context.request_id", "expected int64"),
    (" " * (app.LARGEST + 1), 413, "body", "is larger than"),
])
def test_what_is_no_question_is_refused_with_its_place(client: TestClient, body: str, status: int, where: str,
                                                       problem: str) -> None:
    told = refused(client, body)
    assert (told["status"], told["where"]) == (status, where)
    assert problem in told["problem"]
    assert told["hint"].endswith((".", "?"))


def test_events_are_taken_once(client: TestClient, server: Server) -> None:
    before, rows = len(server.live.memory.store), [event(server, "a"), event(server, "b", item_id=172)]
    assert client.post("/v1/events", json=rows[0]).json() == {"taken": 1, "known": 0, "refused": {}}
    assert client.post("/v1/events", json={"events": [*rows, rows[1]]}).json() == {"taken": 1, "known": 2, "refused": {}}
    assert len(server.live.memory.store) == before + 2


def test_a_faulty_event_is_told_and_harms_no_other(client: TestClient, server: Server) -> None:
    rows = [event(server, "f"), event(server, "g", user_id="x"), event(server, "h", colour=1), event(server, "i", timestamp=None)]
    told = client.post("/v1/events", json={"events": rows}).json()
    assert told["taken"] == 1
    send = "Send the columns of the log, each of its kind."
    assert told["refused"] == {
        "1": {"where": "body.events[1].values.user_id", "problem": "expected a whole number (int64), got '\"x\"'", "hint": send},
        "2": {"where": "body.events[2].values.colour", "problem": "no column of the log is called that",
              "hint": nearest("colour", server.live.memory.schema.names)},
        "3": {"where": "body.events[3].values.timestamp", "problem": "is empty", "hint": send}}
    alone = refused(client, json.dumps(rows[1]), "/v1/events")
    assert (alone["status"], alone["where"], alone["hint"]) == (422, "body.values.user_id", send)
    assert client.post("/v1/events", json={"events": rows[1:]}).json()["taken"] == 0


def test_an_event_of_the_future_is_refused_by_the_wall_clock(client: TestClient, server: Server,
                                                             monkeypatch: pytest.MonkeyPatch) -> None:
    good = event(server, "past")
    late = event(server, "late", timestamp=good["values"]["timestamp"] + 1)
    monkeypatch.setattr(server.intake, "latest", lambda: good["values"]["timestamp"] * 1_000_000)
    found = client.post("/v1/events", json={"events": [good, late]}).json()
    assert (found["taken"], found["refused"]["1"]["where"]) == (1, "body.events[1].values.timestamp")
    alone = refused(client, json.dumps(late), "/v1/events")
    assert (alone["status"], alone["where"]) == (422, "body.values.timestamp")
    assert f"'{good['values']['timestamp'] + 1}' reads as 2" in alone["problem"]
    assert alone["hint"].startswith("Times here are seconds since 1970")
    monkeypatch.undo()
    assert client.post("/v1/events", json=late).json()["taken"] == 1
    years = event(server, "years", timestamp=8_000_000_000)
    assert "reads as 2223-07-06T" in refused(client, json.dumps(years), "/v1/events")["problem"]


def test_too_many_events_are_sent_away_for_a_while(client: TestClient, server: Server) -> None:
    server.intake.waiting = WAITING
    told = client.post("/v1/events", json=event(server, "a"))
    assert (told.status_code, told.headers["retry-after"]) == (429, "1")
    server.intake.waiting = 0


def test_too_many_questions_are_sent_away(client: TestClient, server: Server) -> None:
    server.answering._waiting = 10_000
    told = client.post("/v1/answer", json={"user": 7})
    assert (told.status_code, told.headers["retry-after"]) == (503, "1")
    server.answering._waiting = 0


def test_an_answer_is_explained_and_an_item_has_neighbours(client: TestClient, server: Server) -> None:
    shown = client.post("/v1/answer", json={"user": 7, "k": 3}).json()["items"]
    told = client.get("/v1/explain?user=7&k=3").json()
    assert [one["item"] for one in told["why"]] == [one["item"] for one in told["items"]] == [one["item"] for one in shown]
    assert told["why"][0]["proposed_by"]
    found = client.get("/v1/items/171/similar?k=4").json()
    assert len(found["items"]) == 4
    assert 171 not in [one["item"] for one in found["items"]]
    for path, status in (("/v1/explain", 422), ("/v1/explain?user=7&k=x", 422), ("/v1/explain?user=7&x=1", 422),
                         ("/v1/items/none/similar", 404), ("/v1/items/171/similar?k=1001", 422), ("/nothing", 404)):
        told = client.get(path)
        assert (told.status_code, set(told.json())) == (status, FIELDS)
    assert client.get("/v1/answer").status_code == 405


def test_health_counts_and_the_description(client: TestClient, server: Server) -> None:
    assert client.get("/health/live").json()["status"] == "live"
    assert client.get("/health/ready").json() == {"status": "ready", "version": server.version}
    server.ready = False
    assert client.get("/health/ready").status_code == 503
    server.open()
    client.post("/v1/answer", json={"user": 7})
    assert 'sevenfold_requests_total{asked="answer",status="200"}' in client.get("/metrics").text
    described = client.get("/openapi.json").json()
    assert described["components"]["schemas"]["Ask"]["additionalProperties"] is False
    routes = {route.path for route in app.ROUTES}
    assert routes - set(described["paths"]) == {"/metrics", "/openapi.json"}


def test_another_host_is_refused(server: Server) -> None:
    for name, status in (("localhost:8707", 200), ("localhost", 200), ("evil.example", 421), ("", 421)):
        client = TestClient(app.made(server, ("localhost",)), base_url="http://localhost")
        assert client.get("/health/live", headers={"Host": name}).status_code == status


def test_a_defect_is_told_to_the_log_and_not_to_the_client(client: TestClient, server: Server,
                                                           monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("secret")
    monkeypatch.setattr(server.live, "answer", broken)
    told = client.post("/v1/answer", json={"user": 7})
    assert told.status_code == 500
    assert "secret" not in told.text


JSON = st.recursive(st.none() | st.booleans() | st.floats(allow_nan=False) | st.integers() | st.text(max_size=5),
                    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
                        st.sampled_from(["user", "k", "context", "requests", "id", "values", "events", "user_id", "x"]), inner,
                        max_size=4), max_leaves=12)


@settings(max_examples=200, deadline=None)
@given(body=JSON.map(json.dumps).map(str.encode) | st.binary(max_size=40), path=st.sampled_from(["/v1/answer", "/v1/events"]))
def test_nothing_that_is_sent_is_a_defect(client: TestClient, body: bytes, path: str) -> None:
    assert client.post(path, content=body).status_code in (200, 400, 422)
