"""A learner's ONNX model scores as the learner does, wherever the values come from."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import Any, get_args

import numpy as np
import pytest

from sevenfold.errors import MissingPackage
from sevenfold.models._inputs import scale
from sevenfold.models._onnx import ABSENT, dense
from sevenfold.networks.graph import to_onnx
from sevenfold.nouns import Rows
from sevenfold.registry import LEARNERS
from sevenfold.testing import toy_rows, toy_texts

OFFERED = [name for name in LEARNERS.names() if hasattr(LEARNERS.get(name), "onnx")]
CASES: list[tuple[str, dict[str, Any]]] = [
    (name, {"loss": loss}) for name in OFFERED for loss in get_args(LEARNERS.schema(name)["loss"][0])]


def session(model: bytes) -> Any:
    import onnxruntime

    return onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])


def wild(seed: int, *more: float) -> Rows:
    """Toy rows in which some values are missing, far out, or one of `more`."""
    rows, rng = toy_rows(seed), np.random.default_rng(seed)
    odd = rng.choice(np.array([1, 1, 1, 1, 1, 1, 50, np.nan, *more], np.float32), rows.values.shape)
    return replace(rows, values=(rows.values * odd).astype(np.float32))


def check_equal(learner: Any, rows: Rows) -> None:
    served, given = session(learner.onnx()), learner.inputs(rows)
    found = served.run(["scores"], {"rows": given})[0]
    assert (given.dtype, found.dtype, found.shape) == (np.float32, np.float32, (len(rows), 1))
    np.testing.assert_allclose(found[:, 0], learner.scores(rows), rtol=1e-5, atol=1e-5)
    np.testing.assert_array_equal(served.run(None, {"rows": np.where(np.isnan(given), ABSENT, given)})[0], found)
    assert np.ptp(found) > 1e-3


@pytest.mark.parametrize(("name", "params"), [*CASES, ("logistic", {"crosses": (("user", "item"), ("good",))})], ids=str)
def test_the_model_scores_as_its_learner(name: str, params: dict[str, Any]) -> None:
    learner = LEARNERS.make(name, params)
    learner.fit(wild(1), wild(2), seed=0)
    check_equal(learner, wild(3))
    check_equal(learner, toy_rows(4, requests=2))
    check_equal(learner.grow(np.arange(12)[::-1]), toy_rows(5))
    if name != "boosted":  # XGBoost refuses what is infinite
        check_equal(learner, wild(6, np.inf, -np.inf))
    assert learner.onnx() == learner.onnx()


def test_words_are_weighed_before_they_travel() -> None:
    learner = LEARNERS.make("logistic", {})
    learner.fit(toy_texts(1), toy_texts(2), seed=0)
    check_equal(learner, toy_texts(3))


def test_a_tree_that_is_one_leaf_and_a_rate_far_from_half() -> None:
    learner, rows = LEARNERS.make("boosted", {"loss": "logistic", "rounds": 3, "leaf_weight": 1e6}), toy_rows(1)
    learner.fit(replace(rows, label=(np.arange(len(rows)) % 20 == 0).astype(np.float32)), rows, seed=0)
    found = session(learner.onnx()).run(None, {"rows": learner.inputs(rows)})[0]
    np.testing.assert_allclose(found[:, 0], learner.scores(rows), rtol=1e-5)
    assert found.max() < 0.1


def test_ties_with_quantiles_and_values_beyond_them_find_the_same_place() -> None:
    rng = np.random.default_rng(0)
    values = rng.integers(0, 40, (500, 2)).astype(np.float32)  # few levels: quantiles repeat
    scaled = scale(values, places=True)
    assert len(scaled.quantiles) == 2
    network = to_onnx(lambda inputs, weights: inputs["x"] @ weights["w"], {"x": 2}, {"w": np.array([[1.0], [10.0]])}, "net")
    served = session(dense(scaled, 0, network, "net", logits=True))
    asked = np.concatenate([values, values + 0.5, [[-1, 99], [np.inf, -np.inf], [np.nan, 3]]]).astype(np.float32)
    np.testing.assert_allclose(served.run(None, {"rows": asked})[0], scaled(asked) @ [[1.0], [10.0]], rtol=1e-6, atol=1e-6)


def test_without_onnx_the_error_holds_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    learner = LEARNERS.make("boosted", {"rounds": 2})
    learner.fit(toy_rows(1), toy_rows(2), seed=0)
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(MissingPackage, match=r"boosted: needs the package 'onnx', which is not installed\n.*'sevenfold\[deep\]'"):
        learner.onnx()
