"""What a learner says moved a score: parts that sum to it, and a derivative held against a difference."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from math import factorial
from typing import Any

import numpy as np
import pytest

from sevenfold.models.boosted import Boosted
from sevenfold.models.cross_network import CrossNetwork
from sevenfold.models.logistic import Logistic
from sevenfold.models.multi_task import MultiTask
from sevenfold.nouns import Rows
from sevenfold.testing import toy_rows


def fitted(learner: Any) -> Any:
    learner.fit(toy_rows(1), toy_rows(2), seed=0)
    return learner


def log_odds(chances: np.ndarray) -> np.ndarray:
    return np.log(chances / (1 - chances.astype(np.float64)))


@pytest.mark.parametrize(("learner", "raw"), [
    (Logistic(), log_odds), (Logistic(crosses=(("user", "item"), ("good",))), log_odds),
    (Boosted(rounds=20), lambda scores: scores), (Boosted(loss="logistic", rounds=20), log_odds),
    (Boosted(loss="squared", rounds=20), lambda scores: scores),
])
def test_the_parts_and_one_number_for_all_rows_sum_to_the_raw_score(learner: Any, raw: Any) -> None:
    rows = toy_rows(3)
    fitted(learner)
    rest = raw(learner.scores(rows)) - learner.explain(rows).sum(axis=1)
    assert np.ptp(rest) < 1e-4
    assert np.ptp(raw(learner.scores(rows))) > 0.5


def test_parts_of_trees_are_shapley_values() -> None:
    """Against the definition over all orders, where the mean is over the rows of training that a path leaves open."""
    rows = replace(toy_rows(1), names=("a", "b"), values=toy_rows(1).values[:, [0, 3]])
    learner = Boosted(loss="squared", rounds=1, depth=2, subsample=1.0, columns=1.0)
    learner.fit(rows, rows, seed=0)
    tree = learner._booster.trees_to_dataframe().set_index("ID")

    def expected(node: str, x: np.ndarray, known: set[int]) -> float:
        here = tree.loc[node]
        if here["Feature"] == "Leaf":
            return float(here["Gain"])
        yes, no = here["Yes"], here["No"]
        column = int(here["Feature"][1:])
        if column in known:
            return expected(yes if x[column] < here["Split"] else no, x, known)
        return sum(expected(way, x, known) * tree.loc[way, "Cover"] for way in (yes, no)) / here["Cover"]

    for row, parts in zip(rows.values[:20], learner.explain(rows)[:20], strict=True):
        for column in (0, 1):
            others = {0, 1} - {column}
            value = sum(factorial(len(known)) * factorial(1 - len(known)) / 2
                        * (expected("0-0", row, set(known) | {column}) - expected("0-0", row, set(known)))
                        for size in (0, 1) for known in combinations(others, size))
            assert parts[column] == pytest.approx(value, abs=1e-5)


@pytest.mark.parametrize("learner", [CrossNetwork(loss="softmax", epochs=2, dimensions=4, learning_rate=0.01),
                                     MultiTask(epochs=2, dimensions=8, learning_rate=0.01)])
def test_parts_of_a_network_are_gradient_times_input(learner: Any) -> None:
    """By automatic differentiation, feature by feature."""
    torch = pytest.importorskip("torch")
    rows: Rows = toy_rows(3)
    network = fitted(learner)._trained
    weights = _weights(network.network.model, torch)
    x = torch.tensor(network._inputs(rows, slice(None)), requires_grad=True)
    outputs = _forward(learner)({"x": x}, weights)
    score = outputs[:, 0] if isinstance(learner, CrossNetwork) else (
        outputs.sigmoid() * torch.tensor([*learner._learnt.values()], dtype=torch.float64)).sum(1)
    score.sum().backward()
    products = (x.grad * x.detach()).numpy()
    expected = np.stack([products[:, network._blocks() == block].sum(axis=1) for block in range(len(rows.names) + 2)], axis=1)
    np.testing.assert_allclose(learner.explain(rows), expected, atol=1e-6)
    assert np.abs(expected).max() > 0.01


def _forward(learner: Any) -> Any:
    from sevenfold.models import cross_network, multi_task

    return cross_network.network if isinstance(learner, CrossNetwork) else multi_task.network


def _weights(model: bytes, torch: Any) -> dict[str, Any]:
    import onnx
    from onnx import numpy_helper

    graph = onnx.load_from_string(model).graph
    return {one.name: torch.tensor(numpy_helper.to_array(one)) for one in graph.initializer}
