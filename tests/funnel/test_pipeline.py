"""How re-rankers follow one another in a pipeline, and what it says of chance."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from sevenfold.funnel.pipeline import Pipeline
from sevenfold.funnel.rerankers.caps import Caps
from sevenfold.funnel.rerankers.diversity import Diversity
from sevenfold.funnel.rerankers.explore import Explore
from sevenfold.funnel.rerankers.rules import Rules
from sevenfold.nouns import Candidates, Requests
from sevenfold.testing import toy_context

CONTEXT = replace(toy_context(), user=3)
REQUESTS = Requests(time=np.array([CONTEXT.time, CONTEXT.time + 1]), user=np.array([3, 4], np.int32))
ITEMS = np.sort(np.random.default_rng(0).permutation(50)[:24]).astype(np.int32)
CANDIDATES = Candidates(request=np.repeat([0, 1], 24).astype(np.int32), item=np.tile(ITEMS, 2), sources={}, ranks={})
SCORES = np.random.default_rng(1).integers(0, 5, 48).astype(np.float32)
RANKED = np.lexsort((CANDIDATES.item, -SCORES, CANDIDATES.request))


def rerank(*parts: Any, k: int = 10) -> tuple[np.ndarray, np.ndarray]:
    """Rows shown, and the chance of every row."""
    view = SimpleNamespace(content=CONTEXT.content, data=SimpleNamespace(
        items=SimpleNamespace(table=CONTEXT.table, born=CONTEXT.born)))
    pipeline = Pipeline(retrievers={}, ranker=None, rerankers=parts, view=view, keep=50, rank_keep=50)  # type: ignore[arg-type]
    return pipeline._rerank(REQUESTS, CANDIDATES, SCORES, RANKED, k)


def test_a_rule_after_diversity_keeps_its_order():
    varied, _ = rerank(Diversity(strength=0.5), k=24)
    both, _ = rerank(Diversity(strength=0.5), Rules(block="club == 'a'"), k=24)
    club = CONTEXT.table.column("club").to_pylist()
    assert varied.tolist() != RANKED.tolist()
    assert both.tolist() == [row for row in varied.tolist() if club[CANDIDATES.item[row]] != "a"]


def test_a_cap_holds_whatever_comes_after_it():
    shown, _ = rerank(Caps(by="club", most=2), Diversity(strength=0.9))
    for request in (0, 1):
        clubs = CONTEXT.table.column("club").take(CANDIDATES.item[shown[CANDIDATES.request[shown] == request]]).to_pylist()
        assert max(clubs.count("a"), clubs.count("b")) <= 2


def test_everything_blocked_is_an_empty_list():
    shown, chances = rerank(Rules(block="price > 0"))
    assert len(shown) == 0
    assert np.isnan(chances).all()


@pytest.mark.parametrize("parts", [(), (Diversity(),), (Explore(), Diversity())])
def test_no_chance_is_told_where_the_last_one_draws_nothing(parts):
    assert np.isnan(rerank(*parts)[1]).all()


def test_what_was_drawn_has_a_chance_and_the_rest_has_none():
    shown, chances = rerank(Explore(share=0.5), k=10)
    assert len(shown) == 20
    assert sorted(np.flatnonzero(np.isfinite(chances)).tolist()) == sorted(shown.tolist())
    mine = shown[:10]
    position = np.array([RANKED[:24].tolist().index(row) for row in mine])
    expected = Explore(share=0.5).chances(ITEMS[RANKED[:24]], SCORES[RANKED[:24]].astype(np.float64), position)
    assert chances[mine] == pytest.approx(expected)
