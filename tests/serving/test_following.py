"""Sources that follow the log are made anew beside the answering thread, and taken whole."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sevenfold import stores
from sevenfold.funnel.retrievers.popular import Popular
from sevenfold.nouns import Visits
from sevenfold.serving.asked import Ask
from sevenfold.serving.live import Live


def test_answers_do_not_wait_for_what_follows_the_log(finished: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    live, ready = Live(finished, stores.open("memory://")), threading.Event()
    quick = Popular.following

    def slow(self: Popular, *words: Any) -> Popular:
        assert ready.wait(30)
        return quick(self, *words)

    monkeypatch.setattr(Popular, "following", slow)
    before, asks = live._pipeline.retrievers["popular"], [Ask(user=7)]
    base = live.memory.base
    events = base.log.take(np.arange(50))
    live.take(events, live.memory.names(events), 50, [])
    live.follow(1e-9)
    assert live._pipeline.retrievers["popular"] is before, "it is not ready"
    first = live.answer(asks, live.memory.blobs(["7"]), live.k, live.end)
    assert first.answers.items.shape == (1, live.k)
    live.take(events, live.memory.names(events), 50, [])
    live.follow(1e-9)  # does not begin another while one is made
    ready.set()
    live.catch_up()
    after = live._pipeline.retrievers["popular"]
    assert after is not before
    alone = quick(live._parts.retrievers["popular"], *live._positive())
    visits = Visits(time=np.array([live.end]), user=np.array([-1], np.int32), history=np.array([[-1]], np.int32))
    np.testing.assert_array_equal(after.scores(visits), alone.scores(visits))
