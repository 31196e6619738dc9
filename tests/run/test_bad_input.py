"""What nobody asks for, and somebody will: each is answered, or refused in words."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sevenfold import design as documents
from sevenfold import record as records
from sevenfold.bundle import manifest, parts, state
from sevenfold.errors import BundleError, ModelError, SevenfoldError
from sevenfold.funnel.pipeline import Pipeline
from sevenfold.funnel.rerankers.rules import Rules
from sevenfold.nouns import Data, Requests
from sevenfold.run import answer, execute
from sevenfold.run.explaining import Case, story, why

Run = tuple[records.Record, Path]


@pytest.fixture(scope="module")
def data(finished: Run) -> Data:
    return state.load(manifest.live(finished[1]) / "state")


@pytest.fixture(scope="module")
def pipeline(finished: Run, data: Data) -> Pipeline:
    return parts.load(manifest.live(finished[1]) / "parts").over(data)


def traced(pipeline: Pipeline, time: int, user: int, k: int = 10) -> Case:
    requests = Requests(time=np.array([time]), user=np.array([user], np.int32))
    return Case(pipeline=pipeline, rerankers=("one", "two"), requests=requests, k=k,
                answers=pipeline.answer(requests, k, trace=True))


def test_a_known_user_without_a_history_is_answered(pipeline: Pipeline, data: Data) -> None:
    log = data.log
    user = int(log.user[len(log) // 2:][~np.isin(log.user[len(log) // 2:], log.user[:len(log) // 2])][0])
    case = traced(pipeline, int(log.time[np.flatnonzero(log.user == user)[0]]), user)
    assert (pipeline.view.visits(case.requests, 5).history == -1).all()
    assert (case.answers.items >= 0).all()
    assert np.isfinite(case.answers.scores).all()
    assert why(case)["history"] == []


def test_a_stranger_may_say_what_they_like(finished: Run, data: Data) -> None:
    liked = data.items.ids[:3].tolist()
    told = answer(finished[1], "a stranger", likes=liked, explain=True)
    assert [one["item"] for one in told["history"]] == liked
    assert {one["item"] for one in told["items"]}.isdisjoint(liked)
    with pytest.raises(SevenfoldError, match="likes: no item is called 'nothing'\n    hint: Name those that the data know"):
        answer(finished[1], "a stranger", likes=[liked[0], "nothing"])


def test_an_item_without_any_event_has_a_score_and_a_story(finished: Run, data: Data) -> None:
    fitted = parts.load(manifest.live(finished[1]) / "parts")
    without = replace(data, log=data.log.take(data.log.item != 0))
    told = story(traced(fitted.over(without), int(data.log.available.max()) + 1, 3), 0)
    assert told["excluded"] is None
    assert np.isfinite(told.get("if_proposed", told)["score"])


@pytest.mark.parametrize("item", ["no such film", "-1", "", "99999999999999999999999", "²"])
def test_an_item_that_does_not_exist_is_refused_by_name(finished: Run, item: str) -> None:
    with pytest.raises(SevenfoldError, match=rf"item: no item is called '{item}'\n    hint: Name one as the data write it"):
        answer(finished[1], "7", item=item)


@pytest.mark.parametrize("user", ["99999999999999999999999", "²", "-"])
def test_a_user_that_cannot_be_an_id_is_a_stranger(finished: Run, user: str) -> None:
    told = answer(finished[1], user)
    assert not told["known"]
    assert len(told["items"]) == 10


def test_more_items_than_there_are_are_all_that_may_be_shown(finished: Run, data: Data) -> None:
    told = answer(finished[1], "7", 10**9)
    assert 10 < len(told["items"]) < len(data.items)
    assert len({one["item"] for one in told["items"]}) == len(told["items"])


def test_nothing_alive_is_an_empty_answer_that_can_be_explained(pipeline: Pipeline, data: Data) -> None:
    assert data.items.born is not None
    case = traced(pipeline, int(data.items.born.min()), 3)
    assert (case.answers.items == -1).all()
    assert np.isnan(case.answers.scores).all()
    told = why(case)
    assert told["why"] == told["nearly"] == []
    assert told["stages"]["proposed"] == 0
    assert told["stages"]["not_alive"] == told["stages"]["catalogue"] == len(data.items)
    assert story(case, 0)["fell_out"] == "not alive"


def test_everything_blocked_is_an_empty_answer_that_can_be_explained(pipeline: Pipeline, data: Data) -> None:
    blocked = replace(pipeline, rerankers=(Rules(block="length > 0"), *pipeline.rerankers[:1]))
    case = traced(blocked, int(data.log.available.max()) + 1, 3)
    assert (case.answers.items == -1).all()
    assert {one["fell_out"] for one in why(case)["nearly"]} == {"blocked"}


def test_parts_for_another_catalogue_are_refused(finished: Run, data: Data) -> None:
    steps = finished[1].parent / "steps"
    fitted = parts.load(next(path for path in sorted(steps.glob("*/parts")) if (path / "retrievers" / "als").is_dir()))
    n = len(data.items)
    assert data.items.born is not None
    fewer = replace(data.items, ids=data.items.ids[:-3], table=data.items.table.slice(0, n - 3), born=data.items.born[:-3])
    with pytest.raises(BundleError, match=rf"retrieve\.\w+: was fitted to {n} items, the data have {n - 3}"):
        fitted.over(replace(data, items=fewer))


def test_a_re_ranker_that_names_an_unknown_column_is_found_before_anything_is_fitted(design: Path, tmp_path: Path) -> None:
    text = design.read_text(encoding="utf-8").replace(
        "    rank: cross_network\n    rerank: diversity", "    rank: cross_network\n    rerank: [{caps: {by: author, most: 2}}]")
    (tmp_path / "data").symlink_to(design.parent / "data")
    (tmp_path / "video.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(ModelError, match="the table of items has no column 'author'"):
        execute(documents.load(tmp_path / "video.yaml"))
    assert not list((tmp_path / "runs").glob("steps/fit-*"))
