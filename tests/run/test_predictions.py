"""Designs that predict, run whole: a probability, a number, and rows without a clock."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sevenfold import data as sources
from sevenfold import design as documents
from sevenfold.bundle import parts
from sevenfold.data.requests import labelled
from sevenfold.data.splits import cuts
from sevenfold.data.worlds import video as world
from sevenfold.errors import DataError
from sevenfold.record import Record
from sevenfold.run import execute
from sevenfold.run.fit import fit

CLICKS = """
name: clicks
framing:
  task: classify
  answer: {probability: click, at: ad_request, for: [user, item]}
  label: {is: clicked, within: 30min, negatives: {shown: keep 40%}, recalibrate: true, positives: 30%, biases: [position]}
  proxy_gap: A click is no sale.
requirements:
  goal: {metric: revenue, from: $1/day, to: +1%}
  action: clicks
  scale: {users: 1k, daily_users: 100, requests_per_user: 3/d, items: 200}
  limits: {p99: 500ms}
  freshness: {user: 1d, item: 1d, model: 1d}
data:
  events: {path: data/events.parquet, live: http, time: timestamp, user: user_id, item: item_id, request: request_id}
  users: {path: data/users.parquet, key: user_id}
  items: {path: data/items.parquet, key: item_id, born: published}
  features:
    user: {clicking: {mean: label, over: 14d, prior: 20}}
    item: {topics: , rate: {mean: label, over: 14d, prior: 20}}
    context: {hour: {hour: timestamp}, device: }
solutions:
  rate: {predict: logistic}
  stump: {predict: {boosted: {depth: 2}}}
  trees: {predict: boosted}
evaluation:
  metric: normalized_entropy
  least_effect: 0.002
  seeds: 1
  slices: [new_items]
"""


@pytest.fixture(scope="module")
def clicks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("clicks")
    world.write(world.simulate(users=300, items=150, events=15_000, seed=1), folder / "data")
    (folder / "clicks.yaml").write_text(CLICKS, encoding="utf-8")
    return folder / "clicks.yaml"


@pytest.fixture(scope="module")
def judged(clicks: Path) -> Record:
    return execute(documents.load(clicks))[0]


def test_a_probability_is_judged_by_how_much_it_knows(judged: Record) -> None:
    assert judged.metric == "normalized_entropy"
    assert not judged.higher_is_better
    assert judged.winner
    for one in judged.solutions.values():
        assert one.metrics["normalized_entropy"].value < 1.0
        assert one.metrics["roc_auc"].low > 0.5
        assert one.metrics["calibration_error"].value < 0.2  # although three fifths of the negatives were dropped
        assert "normalized_entropy" in one.slices["new_items"]
        assert [stage.stage for stage in one.stages] == ["predict"]


def test_the_gain_of_the_better_is_positive_where_less_is_better(judged: Record) -> None:
    best, *_, worst = sorted(judged.solutions, key=lambda name: judged.solutions[name].metrics[judged.metric].value)
    assert judged.solutions[best].paired[worst].value > 0


def test_without_recalibration_dropped_negatives_raise_every_probability(clicks: Path) -> None:
    design = documents.load(clicks)
    data = sources.load(design)
    made = cuts(data, design)
    asked = labelled(data, design, made.test_from, made.end, limit=10**6, seed=0)
    fitted = fit(design, design.solutions["rate"], data, made, 0)
    said = fitted.over(data).answer(asked.requests, 1).scores[:, 0].mean()
    raw = replace(fitted, calibration=None).over(data).answer(asked.requests, 1).scores[:, 0].mean()
    assert said == pytest.approx(asked.grade.mean(), rel=0.15)
    assert raw > 1.3 * asked.grade.mean()


def test_what_was_chosen_on_validation_is_kept_when_shipped(clicks: Path, tmp_path: Path) -> None:
    design = documents.load(clicks)
    data = sources.load(design)
    made = cuts(data, design)
    first = fit(design, design.solutions["stump"], data, made, 0)
    again = fit(design, design.solutions["stump"], data, made, 0, first.kept())
    assert again.calibration == first.calibration
    parts.save(again, tmp_path)
    assert parts.load(tmp_path).calibration == first.calibration


def test_nothing_is_trained_on_validation_or_test(clicks: Path) -> None:
    design = documents.load(clicks)
    data = sources.load(design)
    made = cuts(data, design)
    assert made.ranker_from == made.start
    assert made.frozen == made.train_until < made.validate_from < made.test_from
    asked = labelled(data, design, made.start, made.train_until, limit=10**6, seed=0)
    assert asked.requests.time.max() + data.label_wait <= made.validate_from
    assert np.array_equal(asked.relevant, asked.requests.item)


def test_a_split_by_group_of_what_has_a_clock_is_refused_with_what_to_write(clicks: Path) -> None:
    design = documents.load(clicks)
    grouped = replace(design, data=replace(design.data, split=replace(design.data.split, by="group", group="user_id")))
    with pytest.raises(DataError, match="expected shares by time, got by: group"):
        cuts(sources.load(design), grouped)
