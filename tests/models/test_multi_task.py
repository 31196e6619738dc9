"""Several actions: the network by hand, what is learnt of each, what they are worth together, and what is refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sevenfold.errors import ModelError
from sevenfold.models.multi_task import MultiTask, network
from sevenfold.networks.graph import Served, to_onnx
from sevenfold.nouns import F32, Rows
from sevenfold.registry import LEARNERS
from sevenfold.testing import toy_rows


def test_experts_gates_and_towers_by_hand() -> None:
    experts, d, width, actions = 3, 2, 4, 2
    rng = np.random.default_rng(0)
    learner = MultiTask(experts=experts, dimensions=d)
    weights = {name: value if name.startswith("fixed") else rng.normal(size=value.shape)
               for name, value in learner._initial(rng, width, np.array([0.2, 0.5])).items()}
    x, expected = rng.normal(size=(5, width)), np.zeros((5, actions))
    for row in range(5):
        each = [np.maximum(x[row] @ weights["experts"][:, e * d:(e + 1) * d] + weights["bias"][e * d:(e + 1) * d], 0)
                for e in range(experts)]
        for action in range(actions):
            gate = np.exp(x[row] @ weights[f"gate{action}"])
            mixed = sum(share * expert for share, expert in zip(gate / gate.sum(), each, strict=True))
            tower = np.maximum(mixed @ weights[f"tower{action}"] + weights[f"tower_bias{action}"], 0)
            expected[row, action] = (tower @ weights[f"head{action}"])[0] + weights["intercept"][action]
    found = Served(to_onnx(network, {"x": width}, weights, "net"), "net")(x=x)
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def rows_of_two(seed: int) -> Rows:
    """`click` follows the first feature, `buy`, unknown of half the rows, the last one."""
    rows = toy_rows(seed, requests=300)
    rng = np.random.default_rng(seed)
    values = rng.normal(size=rows.values.shape).astype(np.float32)
    click = (rng.random(len(rows)) < 1 / (1 + np.exp(-3 * values[:, 0]))).astype(np.float32)
    buy = (rng.random(len(rows)) < 1 / (1 + np.exp(2 - 3 * values[:, 3]))).astype(np.float32)
    buy[rng.random(len(rows)) < 0.5] = np.nan
    return replace(rows, values=values, label=click, actions={"click": click, "buy": buy})


def area(scores: F32, label: F32) -> float:
    return float((scores[label == 1][:, None] > scores[label == 0]).mean())


def test_the_weights_say_which_action_counts() -> None:
    test, areas = rows_of_two(3), {}
    for weights in ({"click": 1.0, "buy": 0.0}, {"click": 0.0, "buy": 1.0}, {"buy": -2.0}):
        learner = MultiTask(weights=weights, learning_rate=0.01, dimensions=16)
        learner.fit(rows_of_two(1), rows_of_two(2), seed=0)
        assert test.actions is not None
        areas[tuple(weights.values())] = [area(learner.scores(test), test.actions[name]) for name in ("click", "buy")]
    assert areas[1.0, 0.0][0] > 0.85
    assert areas[0.0, 1.0][1] > 0.85
    assert areas[-2.0,][1] < 0.15, "what is worth less than nothing ranks last"


def test_a_score_is_the_sum_of_what_each_probability_is_worth() -> None:
    rows = toy_rows(1)
    both, one = MultiTask(weights={"like": 3.0, "hide": -5.0}, epochs=2), MultiTask(weights={"like": 1.0, "hide": 0.0}, epochs=2)
    for learner in (both, one):
        learner.fit(rows, rows, seed=0)
    like = one.scores(rows).astype(np.float64)
    assert 0 < like.min() < like.max() < 1
    hide = (3 * like - both.scores(rows)) / 5
    assert hide.min() > 0
    assert hide[rows.label == 0].mean() > hide[rows.label == 1].mean()


def test_an_action_that_is_never_known_costs_nothing_and_ranks_nothing() -> None:
    rows = toy_rows(1)
    assert rows.actions is not None
    unknown = replace(rows, actions={**rows.actions, "share": np.full(len(rows), np.nan, np.float32)})
    learner = MultiTask(epochs=3)
    learner.fit(unknown, unknown, seed=0)
    assert np.isfinite(learner.scores(rows)).all()


def test_without_actions_it_learns_the_label() -> None:
    rows = replace(toy_rows(1), actions=None)
    learner = MultiTask(learning_rate=0.01)
    learner.fit(rows, replace(toy_rows(2), actions=None), seed=0)
    test = toy_rows(3)
    assert test.label is not None
    assert area(learner.scores(test), test.label) > 0.8


def test_an_action_that_the_rows_do_not_have_is_named() -> None:
    with pytest.raises(ModelError, match=r"multi_task\.weights: the rows have no action 'likes'\n.*Did you mean 'like'\?"):
        MultiTask(weights={"likes": 1.0}).fit(toy_rows(1), toy_rows(2), seed=0)


def test_a_document_may_weigh_the_actions() -> None:
    hint, default = LEARNERS.schema("multi_task")["weights"]
    assert default is None
    assert "Mapping" in str(hint)
