"""What may never break, on a whole small run: stages apart, one pipeline, the past unmoved, the same bytes again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sevenfold import data as sources
from sevenfold import design as documents
from sevenfold import record as records
from sevenfold.bundle import manifest, parts, state
from sevenfold.data.requests import labelled
from sevenfold.data.splits import Cuts, cuts
from sevenfold.design.sections import Design
from sevenfold.funnel.pipeline import Pipeline
from sevenfold.nouns import Candidates, Data
from sevenfold.run import fit as fitting

Loaded = tuple[Design, Data, Cuts]


@pytest.fixture(scope="module")
def loaded(design: Path) -> Loaded:
    document = documents.load(design)
    data = sources.load(document)
    return document, data, cuts(data, document)


@pytest.fixture(scope="module")
def pipeline(finished: tuple[records.Record, Path]) -> Pipeline:
    """The shipped winner, loaded from its bundle."""
    folder = manifest.live(finished[1])
    return parts.load(folder / "parts").over(state.load(folder / "state"))


def files(folder: Path) -> dict[str, str]:
    return {path.relative_to(folder).as_posix(): manifest.file_hash(path) for path in folder.rglob("*") if path.is_file()}


def test_retrievers_do_not_read_what_comes_after_their_cut(loaded: Loaded, tmp_path: Path) -> None:
    document, data, at = loaded
    changed = data.log.take(np.arange(len(data.log)))
    later = changed.available >= at.ranker_from
    rng = np.random.default_rng(0)
    changed.item[later], changed.user[later] = rng.permutation(changed.item[later]), rng.permutation(changed.user[later])
    changed.positive[later] = rng.permutation(changed.positive[later])
    solution = replace(document.solutions["trees"], rank=None)
    for name, log in (("one", data.log), ("other", changed)):
        parts.save(fitting.fit(document, solution, replace(data, log=log), at, 0), tmp_path / name)
    assert files(tmp_path / "one") == files(tmp_path / "other")


def test_nothing_that_is_fitted_reads_the_test(loaded: Loaded, tmp_path: Path) -> None:
    document, data, at = loaded
    changed = data.log.take(np.arange(len(data.log)))
    later = changed.time >= at.test_from
    changed.item[later] = np.random.default_rng(0).permutation(changed.item[later])
    changed.positive[later] = False
    for name, log in (("one", data.log), ("other", changed)):
        parts.save(fitting.fit(document, document.solutions["popular"], replace(data, log=log), at, 0), tmp_path / name)
    assert files(tmp_path / "one") == files(tmp_path / "other")


def test_the_same_seed_gives_the_same_bytes(loaded: Loaded, tmp_path: Path) -> None:
    document, data, at = loaded
    for name in ("one", "other"):
        parts.save(fitting.fit(document, document.solutions["trees"], data, at, 0), tmp_path / name)
    assert files(tmp_path / "one") == files(tmp_path / "other")


def test_a_batch_answers_as_the_singles_do(loaded: Loaded, pipeline: Pipeline) -> None:
    document, data, at = loaded
    asked = labelled(data, document, at.test_from, at.end, limit=40, seed=3).requests
    whole = pipeline.answer(asked, 10)
    for row in range(len(asked)):
        alone = pipeline.answer(asked.take(np.array([row])), 10)
        assert alone.items[0].tolist() == whole.items[row].tolist()
        assert alone.scores[0] == pytest.approx(whole.scores[row], abs=1e-6)


def test_no_answer_holds_what_was_seen_or_what_is_not_born(loaded: Loaded, pipeline: Pipeline) -> None:
    document, data, at = loaded
    asked = labelled(data, document, at.test_from, at.end, limit=200, seed=4).requests
    items = pipeline.answer(asked, 10).items
    assert data.items.born is not None
    for row, shown in enumerate(items):
        known = data.log.available + data.label_wait < asked.time[row]  # what came of an impression is known that late
        past = (data.log.user == asked.user[row]) & data.log.positive & known
        assert not set(shown.tolist()) & set(data.log.item[past].tolist())
        assert (data.items.born[shown[shown >= 0]] < asked.time[row]).all()
        assert len(set(shown.tolist())) == len(shown)


@given(st.data())
def test_the_draw_keeps_what_is_relevant_and_so_many_others(data: st.DataObject) -> None:
    sizes = data.draw(st.lists(st.integers(1, 300), min_size=1, max_size=4))
    request = np.repeat(np.arange(len(sizes)), sizes).astype(np.int32)
    label = np.array(data.draw(st.lists(st.sampled_from([0, 0, 0, 1]), min_size=len(request), max_size=len(request))),
                     dtype=np.float32)
    candidates = Candidates(request=request, item=np.arange(len(request), dtype=np.int32), sources={}, ranks={})
    chosen = fitting.draw(candidates, label, np.random.default_rng(0))
    for number, size in enumerate(sizes):
        mine = request == number
        relevant = int(label[mine].sum())
        assert chosen[mine].sum() == (min(size, relevant + fitting.NEGATIVES) if relevant else 0)
        assert chosen[mine & (label == 1)].all()
