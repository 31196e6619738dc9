"""The shipped designs of search and friends, each solution fitted on a small world and answering as it will be served."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sevenfold import data as sources
from sevenfold import design as documents
from sevenfold import features
from sevenfold.audit.parity import parity
from sevenfold.cli import new
from sevenfold.data import worlds
from sevenfold.data.requests import Labelled, labelled
from sevenfold.data.splits import Cuts, cuts
from sevenfold.design.sections import Design
from sevenfold.evaluation import metrics
from sevenfold.funnel.pipeline import Pipeline
from sevenfold.nouns import Data, Requests
from sevenfold.run.fit import fit

ROWS = {"search": 3000, "friends": 4000}
Case = tuple[Design, Data, Cuts]


@pytest.fixture(scope="module", params=["search", "friends"])
def case(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Case:
    folder, name = tmp_path_factory.mktemp(request.param), request.param
    worlds.write(worlds.simulate(name, rows=ROWS[name]), folder / "data")
    path = Path(folder, f"{name}.yaml")
    path.write_text(new.text(name), encoding="utf-8")
    design = documents.load(path)
    data = sources.load(design)
    return design, data, cuts(data, design)


def made(case: Case, solution: str) -> tuple[Pipeline, Labelled]:
    design, data, parts = case
    fitted = fit(design, design.solutions[solution], data, parts, seed=0).over(data)
    return fitted, labelled(data, design, parts.test_from, parts.end, limit=200, seed=0)


def test_every_solution_is_far_from_chance(case: Case) -> None:
    design, data, _ = case
    for name in design.solutions:
        pipeline, asked = made(case, name)
        items = pipeline.answer(asked.requests, 10).items
        hits = metrics.hit_rate(metrics.judge(items, asked.offsets, asked.relevant, asked.grade))
        chance = 1 - (1 - 10 / len(data.items)) ** np.diff(asked.offsets)
        assert hits.mean() > 3 * chance.mean() or hits.mean() > 0.9, name
        if design.framing.task == "link":
            assert (items != asked.requests.user[:, None]).all()
            offsets, seen = pipeline.view.seen(asked.requests)
            for row, mine in enumerate(items):
                assert not np.intersect1d(mine, seen[offsets[row]:offsets[row + 1]]).size


def test_features_are_served_as_trained(case: Case) -> None:
    design, data, parts = case
    asked = labelled(data, design, parts.test_from, parts.end, limit=30, seed=0).requests
    assert parity(features.fit(design, data, parts.frozen), data, asked) == []


def test_a_text_that_is_no_query_of_the_data_is_answered(case: Case) -> None:
    design, data, _ = case
    if design.data.queries is None:
        assert design.framing.task == "link"  # nobody types a link
        return
    pipeline, asked = made(case, "learned")
    code = int(asked.requests.user[0])
    said = data.users.table["query"][code].as_py()
    known = pipeline.answer(replace(asked.requests.take(np.array([0])), context={}), 10)
    typed = pipeline.answer(Requests(time=asked.requests.time[:1], user=np.array([-1], np.int32),
                                     context={"query": np.array([said], object)}), 10)
    np.testing.assert_array_equal(typed.items, known.items)
    np.testing.assert_array_equal(typed.scores, known.scores)
