"""Deadlines: each stage is left out where its time is over, what stands in answers, and the answer says so."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from sevenfold import design as documents
from sevenfold.bundle import manifest
from sevenfold.funnel.pipeline import best, fuse
from sevenfold.serving.asked import Ask
from sevenfold.serving.live import Live
from sevenfold.serving.pace import Budgets, Pace
from sevenfold.serving.server import Server, promised


@pytest.fixture(scope="module")
def server(trees: Path, serving: Callable[..., Server]) -> Server:
    return serving(trees)


@pytest.fixture
def live(server: Server) -> Live:
    return server.live


def late(*stages: str, always: str = "popular") -> Callable[..., bool]:
    return lambda stage, source="": stage in stages and source != always


def test_the_budgets_of_the_document_add_up(trees: Path) -> None:
    design = documents.load(manifest.live(trees) / "design.yaml")
    budgets = Budgets(design)
    assert budgets.ends == pytest.approx({"retrieve": 0.04, "rank": 0.1, "rerank": 0.11})
    assert (budgets.otherwise, promised(design)) == ("popular", 0.12)
    now = time.monotonic()
    fresh, spent = Pace(budgets, ["als", "popular"], 1, now + 9.0), Pace(budgets, ["als", "popular"], 1, now - 0.05)
    assert not any([fresh("retrieve", "als"), fresh("rank"), fresh("rerank")])
    assert spent("retrieve", "als")
    assert not spent("retrieve", "popular")
    assert not spent("rank")
    assert spent.skipped == ["retrieve"]
    budgets.usual["rank"] = 0.06
    assert spent("rank")
    for _ in range(20):
        budgets.learn({}, 1, ["rank"])
    assert not spent("rank")


def test_a_late_source_proposes_nothing_and_the_one_that_stands_in_always_does(live: Live) -> None:
    asked = [Ask(user=7), Ask(user=8)], live.memory.blobs(["7", "8"]), 10, live.end
    found = live.answer(*asked, trace=True, late=late("retrieve")).answers
    assert found.candidates is not None
    for name, ranks in found.candidates.ranks.items():
        assert np.isfinite(ranks).any() == (name == "popular")
    assert (found.items >= 0).all()


def test_without_a_ranker_the_order_of_retrieval_answers(live: Live) -> None:
    asked = [Ask(user=7), Ask(user=8)], live.memory.blobs(["7", "8"]), 10, live.end
    found = live.answer(*asked, trace=True, late=late("rank", "rerank"))
    candidates = found.answers.candidates
    assert candidates is not None
    expected = candidates.item[best(candidates, fuse(candidates), 10)].reshape(2, 10)
    np.testing.assert_array_equal(found.answers.items, expected)
    assert "features" not in found.pipeline.clock
    whole = live.answer(*asked).answers
    np.testing.assert_array_equal(live.answer(*asked, late=late("rerank")).answers.items[:, 0], whole.items[:, 0])


def test_a_slow_model_degrades_and_never_fails(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    ranker = type(server.live._pipeline.ranker)
    answers = ranker.scores

    def slow(self: object, rows: object) -> object:
        time.sleep(0.2)
        return answers(self, rows)
    monkeypatch.setattr(ranker, "scores", slow)
    server.answering.budgets.ends.update(rank=0.1, rerank=0.3)
    told = [asyncio.run(server.answer([Ask(user=user)]))[0] for user in range(1, 12)]
    assert {len(one.items) for one in told} == {10}
    assert {stage for one in told for stage in one.degraded} <= {"rank", "rerank"}
    assert 2 <= sum("rank" in one.degraded for one in told) <= 10
