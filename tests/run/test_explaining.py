"""Why an item is shown or not: every item of the catalogue has one fate, told as the pipeline dealt it."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sevenfold import data as sources
from sevenfold import design as documents
from sevenfold import record as records
from sevenfold.cli import main
from sevenfold.data.splits import cuts
from sevenfold.features import View
from sevenfold.funnel.pipeline import Pipeline
from sevenfold.funnel.rerankers.caps import Caps
from sevenfold.funnel.rerankers.diversity import Diversity
from sevenfold.funnel.rerankers.rules import Rules
from sevenfold.nouns import Requests
from sevenfold.run import explaining
from sevenfold.run import fit as fitting
from sevenfold.run.explaining import Case, story, why

LONG = 20  # minutes
NAMES = ("rules", "caps", "diversity")


@pytest.fixture(scope="module")
def pipeline(design: Path) -> Pipeline:
    """The trees, with all that a re-ranker may drop; few are kept, so that every stage drops something."""
    document = documents.load(design)
    data = sources.load(document)
    parts = fitting.fit(document, document.solutions["trees"], data, cuts(data, document), 0)
    rerankers = (Rules(block=f"length > {LONG}"), Caps(by="creator", most=2), Diversity(strength=0.4))
    return replace(parts.over(data), rerankers=rerankers, keep=60, rank_keep=30)


def case_of(pipeline: Pipeline, user: int, k: int = 5, time: int | None = None) -> Case:
    moment = int(pipeline.view.data.log.available.max()) if time is None else time
    requests = Requests(time=np.array([moment]), user=np.array([user], np.int32))
    return Case(pipeline=pipeline, rerankers=NAMES, requests=requests, answers=pipeline.answer(requests, k, trace=True), k=k)


@pytest.mark.parametrize("user", [3, 8, -1])
def test_every_item_has_one_fate_and_it_is_the_one_it_had(pipeline: Pipeline, user: int) -> None:
    data = pipeline.view.data
    assert data.items.born is not None
    case = case_of(pipeline, user, time=int(np.sort(data.items.born)[len(data.items) * 4 // 5]))
    seen = set(pipeline.view.seen(case.requests)[1].tolist())
    proposed = set(case.candidates.item.tolist())
    fates = {item: story(case, item) for item in range(len(data.items))}
    shown = {one["place"]: item for item, one in fates.items() if one["fell_out"] is None}
    assert [shown[place] for place in sorted(shown)] == [item for item in case.answers.items[0].tolist() if item >= 0]
    for item, told in fates.items():
        alive = data.items.born[item] < case.requests.time[0]
        assert (told["fell_out"] == "not alive") == (not alive)
        assert (told["fell_out"] == "seen") == (alive and item in seen)
        assert ("if_proposed" in told) == (item not in proposed)
        if told["fell_out"] == "blocked":
            assert data.items.table.column("length")[item].as_py() > LONG
    counted = Counter(told["fell_out"] for told in fates.values())
    stages = why(case)["stages"]
    assert counted["not alive"] == stages["not_alive"]
    assert counted["seen"] == stages["seen"]
    assert counted["not kept by rank"] == stages["proposed"] - stages["kept_by_rank"]
    assert counted["blocked"] == stages["kept_by_rank"] - stages["rules"]
    assert counted["capped"] == stages["rules"] - stages["caps"]
    assert counted[None] == stages["shown"] == 5
    assert {"not alive", "not proposed", "not kept by rank", "capped", "ranked lower"} <= set(counted)


def test_an_answer_that_was_not_reranked_is_told_by_rank_alone(pipeline: Pipeline) -> None:
    bare = case_of(replace(pipeline, rerankers=()), 3)
    late = replace(bare, pipeline=pipeline)
    assert late.answers.items[0].tolist() != case_of(pipeline, 3).answers.items[0].tolist()
    assert [one["place"] for one in why(late)["why"]] == [one["rank_place"] for one in why(late)["why"]] == [1, 2, 3, 4, 5]


def test_places_in_the_sources_are_those_of_their_proposals(pipeline: Pipeline) -> None:
    case = case_of(pipeline, 3)
    for row in range(0, len(case.candidates), 7):
        told = story(case, int(case.candidates.item[row]))
        for name, place in told["proposed_by"].items():
            assert told["sources"][name]["place"] == place
        assert all(told["sources"][name]["place"] is None or told["sources"][name]["place"] > pipeline.keep
                   for name in set(pipeline.retrievers) - set(told["proposed_by"]))


def test_what_would_have_been_is_what_the_pipeline_does_once_the_item_is_allowed(pipeline: Pipeline,
                                                                               monkeypatch: pytest.MonkeyPatch) -> None:
    user = int(np.bincount(pipeline.view.data.log.user[pipeline.view.data.log.positive]).argmax())
    seen = pipeline.view.seen(case_of(pipeline, user).requests)[1]
    item = int(seen[-1])
    told = story(case_of(pipeline, user), item)
    assert told["fell_out"] == "seen"
    others = seen[seen != item]
    monkeypatch.setattr(View, "seen", lambda self, requests: (np.array([0, len(others)]), others))
    wide = replace(pipeline, keep=pipeline.view.items)
    allowed = case_of(wide, user)
    monkeypatch.undo()
    at = np.flatnonzero(allowed.candidates.item == item)[0]
    again = story(case_of(wide, user), item)
    assert again["if_proposed"]["score"] == pytest.approx(float(allowed.scores[at]), abs=1e-5)
    places = [told["sources"][name]["place"] or np.nan for name in pipeline.retrievers]
    np.testing.assert_array_equal(places, [allowed.candidates.ranks[name][at] + 1 for name in pipeline.retrievers])


def test_the_features_that_moved_a_score_carry_their_values(pipeline: Pipeline) -> None:
    case = case_of(pipeline, 3)
    rows = pipeline.rows(case.requests, case.candidates)
    explaining_all = explaining.moved(pipeline, rows)
    parts: Any = pipeline.ranker.explain(rows)  # type: ignore[union-attr]
    retrievers = set(pipeline.retrievers)
    for row in (0, 20, 40):
        sizes = [abs(one["by"]) for one in explaining_all[row]]
        assert sizes == sorted(sizes, reverse=True)
        for one in explaining_all[row]:
            mine = [at for at, name in enumerate(rows.names) if name == one["feature"] or name.startswith(
                (f"{one['feature']}.", f"{one['feature']}="))]
            assert one["by"] == pytest.approx(parts[row, mine].sum(), abs=1e-5)
            if one["feature"] in retrievers:
                rank = case.candidates.ranks[one["feature"]][row]
                assert one["value"] == (None if np.isnan(rank) else rank + 1)


def test_words_tell_the_same(finished: tuple[records.Record, Path], capsys: pytest.CaptureFixture[str],
                             monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "400")
    run = str(finished[1])
    assert main(["answer", run, "--user", "7", "--explain", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert main(["answer", run, "--user", "7", "--explain"]) == 0
    said = capsys.readouterr().out
    for item in told["why"]:
        assert f"{item['place']:>3}  {item['item']} {item['name']}".rstrip() in said
    assert f"{told['stages']['catalogue']} items, of which {told['stages']['seen']} seen already" in said
    first = told["why"][0]
    assert "proposed by " + ", ".join(f"{name} #{at}" for name, at in first["proposed_by"].items()) in said
    assert first["moved_by"][0]["feature"] in said
    shown = str(first["item"])
    assert main(["answer", run, "--user", "7", "--item", shown]) == 0
    assert "is shown at place 1\n" in capsys.readouterr().out
    assert main(["answer", run, "--user", "7", "--item", str(told["history"][0]["item"]), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["story"]["fell_out"] == "seen"
    assert main(["answer", run, "--user", "7", "--item", str(told["history"][0]["item"])]) == 0
    said = capsys.readouterr().out
    assert "is not shown: it was seen already, so it may not come again" in said
    assert "had it been proposed, it would have scored" in said
