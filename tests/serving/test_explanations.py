"""Explanations beside answers: one at a time, none that nobody waits for, and one that is late says so."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from threading import Event
from typing import Any

import pytest
from starlette.testclient import TestClient

from sevenfold.serving import app
from sevenfold.serving import server as servers
from sevenfold.serving.asked import Ask
from sevenfold.serving.server import Server

LONG = 20.0  # s that nothing here takes


@pytest.fixture(scope="module")
def server(serving: Callable[..., Server]) -> Server:
    return serving()


@pytest.fixture
def slow(server: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Event, Event, list[Any]]]:
    """(an explanation was begun, it may go on, users of whom something was begun): explanations that take long."""
    begun, may, order = Event(), Event(), list[Any]()
    answered, explained = server.answering._answered, server.answering._explained

    def answer(jobs: Sequence[Any]) -> list[list[Any]]:
        order.extend(ask.user for job in jobs for ask in job.asks)
        return answered(jobs)

    def explain(jobs: Sequence[Any]) -> list[list[Any]]:
        order.append(jobs[0].asks[0].user)
        begun.set()
        assert may.wait(LONG)
        return explained(jobs)

    monkeypatch.setattr(server.answering, "_answered", answer)
    monkeypatch.setattr(server.answering, "_explained", explain)
    yield begun, may, order
    may.set()


def test_an_answer_waits_for_one_explanation_at_most_and_none_is_begun_that_nobody_waits_for(
        server: Server, slow: tuple[Event, Event, list[Any]]) -> None:
    begun, may, order = slow
    first = server.answering.submit([Ask(user=1)], explain=True)
    assert begun.wait(LONG)
    given_up, second = (server.answering.submit([Ask(user=user)], explain=True) for user in (2, 3))
    answer = server.answering.submit([Ask(user=4)])
    assert given_up.cancel()
    assert server.answering.waiting == 3
    may.set()
    assert [future.result(LONG)[0] for future in (first, answer, second)]
    assert order == [1, 4, 3]
    assert server.answering.waiting == 0


def test_an_explanation_that_takes_too_long_is_told_to_come_again(server: Server, slow: tuple[Event, Event, list[Any]],
                                                                  monkeypatch: pytest.MonkeyPatch) -> None:
    _, may, order = slow
    client = TestClient(app.made(server, ("localhost",)), base_url="http://localhost")
    monkeypatch.setattr(servers, "EXPLAINED", 0.05)
    late = [client.get("/v1/explain?user=7") for _ in range(3)]
    assert [(one.status_code, one.json()["where"], one.headers["retry-after"]) for one in late] == [(503, "explain", "1")] * 3
    may.set()
    assert client.post("/v1/answer", json={"user": 8}).json()["degraded"] == []
    assert client.post("/v1/answer", json={"user": 9}).status_code == 200
    assert order.count("7") <= 1
