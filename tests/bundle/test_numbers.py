"""A part whose weights are no numbers is refused, whichever part it is and in whichever file they lie."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from sevenfold.bundle.numbers import refuse_nan
from sevenfold.errors import BundleError
from sevenfold.models.cross_network import CrossNetwork
from sevenfold.networks import graph
from sevenfold.registry import LEARNERS, RETRIEVERS
from sevenfold.testing import toy, toy_rows

REFUSED = "holds a weight that is not a number"


@pytest.mark.parametrize("name", ["als", "content", "ease", "neighbours", "popular"])
def test_a_retriever_with_a_nan_in_any_array_is_refused(name: str, tmp_path: Path) -> None:
    assert name in RETRIEVERS
    retriever = RETRIEVERS.make(name, {})
    retriever.fit(toy()[0], seed=0)
    retriever.save(tmp_path)
    refuse_nan(tmp_path)
    files = [path for path in tmp_path.rglob("*.npy") if np.load(path).dtype.kind == "f" and np.load(path).size]
    assert files
    for path in files:
        array = np.load(path)
        poisoned = array.copy()
        poisoned.flat[-1] = np.nan
        np.save(path, poisoned)
        with pytest.raises(BundleError, match=f"{re.escape(path.name)}: {REFUSED}"):
            refuse_nan(tmp_path)
        np.save(path, array)
    refuse_nan(tmp_path)


@pytest.mark.parametrize("name", ["logistic", "boosted"])
def test_a_learner_with_a_nan_in_its_json_is_refused(name: str, tmp_path: Path) -> None:
    learner = LEARNERS.make(name, {})
    learner.fit(toy_rows(1), toy_rows(2), seed=0)
    learner.save(tmp_path)
    refuse_nan(tmp_path)
    path = tmp_path / ("trees.json" if name == "boosted" else "logistic.json")
    text = path.read_text()
    weights = "base_weights" if name == "boosted" else "weights"
    path.write_text(re.sub(rf'("{weights}": ?\[\s*)[^\],]+', r"\1NaN", text, count=1))
    assert path.read_text() != text
    with pytest.raises(BundleError, match=REFUSED):
        refuse_nan(tmp_path)


def test_a_network_with_a_nan_in_any_weight_is_refused(tmp_path: Path) -> None:
    onnx = pytest.importorskip("onnx")
    learner = CrossNetwork(epochs=1, dimensions=2, hidden=(4, 3))
    learner.fit(toy_rows(1), toy_rows(2), seed=0)
    learner.save(tmp_path)
    graph.read(tmp_path / "network.onnx")
    weights = onnx.load(tmp_path / "network.onnx").graph.initializer
    assert len(weights) > 8
    for number in range(len(weights)):
        model = onnx.load(tmp_path / "network.onnx")
        weight = model.graph.initializer[number]
        values = onnx.numpy_helper.to_array(weight).copy()
        values.flat[0] = np.nan
        weight.CopyFrom(onnx.numpy_helper.from_array(values, weight.name))
        (tmp_path / "bad.onnx").write_bytes(model.SerializeToString())
        with pytest.raises(BundleError, match=rf"bad\.onnx: {REFUSED}"):
            graph.read(tmp_path / "bad.onnx")


def test_words_that_look_like_one_and_empty_arrays_are_let_through(tmp_path: Path) -> None:
    (tmp_path / "names.json").write_text('{"names": ["NaN", "item.title=NaN, the", "NaNcy"], "NaN": 1}')
    np.save(tmp_path / "empty.npy", np.zeros((0, 3)))
    np.save(tmp_path / "words.npy", np.array(["NaN", "nan"]))
    np.save(tmp_path / "low.npy", np.array([-np.inf, 0.0]))
    refuse_nan(tmp_path)


def test_a_damaged_array_is_refused(tmp_path: Path) -> None:
    (tmp_path / "weights.npy").write_bytes(b"no array")
    with pytest.raises(BundleError, match=r"weights\.npy: cannot be read"):
        refuse_nan(tmp_path)
