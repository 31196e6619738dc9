"""A ranker as a SavedModel: scored by TensorFlow alone it answers as its learner does, and nothing else is kept."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models.test_onnx import OFFERED, session, wild
from sevenfold.cli import main
from sevenfold.errors import MissingPackage, ModelError
from sevenfold.models._inputs import scale
from sevenfold.models._onnx import ABSENT, dense
from sevenfold.networks.graph import to_onnx
from sevenfold.nouns import F32
from sevenfold.registry import LEARNERS
from sevenfold.serving.tf_serving import save, tf_serving
from sevenfold.testing import toy_rows, toy_texts

TENSORFLOW = pytest.mark.skipif(find_spec("tensorflow") is None, reason="no TensorFlow: pip install 'sevenfold[tensorflow]'")
CASES: list[tuple[str, dict[str, Any]]] = [
    *((name, {}) for name in OFFERED), ("boosted", {"loss": "logistic"}), ("cross_network", {"loss": "softmax"}),
    ("logistic", {"crosses": (("user", "item"), ("good",))})]
ALONE = """
import sys
import numpy
import tensorflow
scores = tensorflow.saved_model.load(sys.argv[1]).signatures["serving_default"]
numpy.save(sys.argv[3], scores(rows=tensorflow.constant(numpy.load(sys.argv[2])))["scores"].numpy())
assert not {"sevenfold", "onnx", "onnxruntime", "xgboost"} & set(sys.modules)
"""
WITHOUT = "import sys; from sevenfold.cli import main; main(sys.argv[1:]); print([*{'tensorflow', 'xgboost'} & set(sys.modules)])"


def fitted(name: str, params: dict[str, Any]) -> Any:
    learner = LEARNERS.make(name, params)
    learner.fit(wild(1), wild(2), seed=0)
    return learner


def served(folder: Path, rows: F32) -> F32:
    """What a SavedModel says of rows, in this process."""
    import tensorflow

    (output,) = tensorflow.saved_model.load(str(folder)).signatures["serving_default"](tensorflow.constant(rows)).items()
    assert output[0] == "scores"
    return np.asarray(output[1])


def check_equal(learner: Any, rows: Any, target: Path) -> None:
    given = learner.inputs(rows)
    save(learner.onnx(), given, target)
    found = served(target, given)
    assert (found.dtype, found.shape) == (np.float32, (len(rows),))
    np.testing.assert_allclose(found, learner.scores(rows), rtol=1e-5, atol=1e-5)
    np.testing.assert_array_equal(served(target, np.where(np.isnan(given), ABSENT, given)), found)
    np.testing.assert_allclose(served(target, given[3:4]), found[3:4], rtol=1e-6)
    assert served(target, given[:0]).shape == (0,)


@TENSORFLOW
@pytest.mark.parametrize(("name", "params"), CASES, ids=str)
def test_the_model_scores_as_its_learner(name: str, params: dict[str, Any], tmp_path: Path) -> None:
    learner = fitted(name, params)
    more = () if name == "boosted" else (np.inf, -np.inf)  # XGBoost refuses what is infinite
    rows = wild(3, *more)
    check_equal(learner, rows, tmp_path / "a" / "1")
    assert np.isnan(rows.values).any()
    assert np.ptp(learner.scores(rows)) > 1e-3


@TENSORFLOW
def test_words_and_a_tree_that_is_one_leaf(tmp_path: Path) -> None:
    words, leaf, rows = LEARNERS.make("logistic", {}), LEARNERS.make("boosted", {"rounds": 3, "leaf_weight": 1e6}), toy_rows(1)
    words.fit(toy_texts(1), toy_texts(2), seed=0)
    check_equal(words, toy_texts(3), tmp_path / "words" / "1")
    leaf.fit(replace(rows, label=(np.arange(len(rows)) % 20 == 0).astype(np.float32)), rows, seed=0)
    check_equal(leaf, wild(3), tmp_path / "leaf" / "1")


@TENSORFLOW
def test_values_that_are_quantiles_find_their_place(tmp_path: Path) -> None:
    values = np.random.default_rng(0).integers(0, 40, (500, 2)).astype(np.float32)  # few levels: quantiles repeat
    scaled, weights = scale(values, places=True), np.array([[1.0], [10.0]])
    network = to_onnx(lambda inputs, weights: inputs["x"] @ weights["w"], {"x": 2}, {"w": weights}, "net")
    save(dense(scaled, 0, network, "net", logits=True), values, tmp_path / "a" / "1")
    np.testing.assert_allclose(served(tmp_path / "a" / "1", values), (scaled(values) @ weights)[:, 0], rtol=1e-5, atol=1e-5)


@TENSORFLOW
def test_a_run_is_exported_for_a_process_that_has_only_tensorflow(trees: Path, tmp_path: Path,
                                                                  capfd: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "models"
    (folder / "another").mkdir(parents=True)
    for _ in range(2):  # it stands beside others, and in place of itself
        assert main(["export", str(trees), "--tf-serving", str(folder), "--triton", str(tmp_path / "triton")]) == 0
    config, onnx, *written = [Path(line) for line in capfd.readouterr().out.splitlines()][-6:]
    name = config.parent.name
    assert sorted(path.name for path in folder.iterdir()) == sorted(["another", name])
    assert [path.name for path in (folder / name).iterdir()] == ["1"]
    assert written == sorted(path for path in (folder / name / "1").rglob("*") if path.is_file())
    model = session(onnx.read_bytes())
    width = model.get_inputs()[0].shape[1]
    rows = np.random.default_rng(0).lognormal(0, 3, (300, width)).astype(np.float32)
    rows[np.random.default_rng(1).random(rows.shape) < 0.2] = np.nan
    np.save(tmp_path / "rows.npy", rows)
    words = [folder / name / "1", tmp_path / "rows.npy", tmp_path / "scores.npy"]
    subprocess.run([sys.executable, "-I", "-c", ALONE, *words], check=True, capture_output=True, cwd=tmp_path)
    found = np.load(tmp_path / "scores.npy")
    np.testing.assert_allclose(found, model.run(None, {"rows": rows})[0][:, 0], rtol=1e-5, atol=1e-5)
    assert np.ptp(found) > 1e-3


@TENSORFLOW
def test_a_model_that_scores_otherwise_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import tensorflow

    learner, rows = fitted("logistic", {}), toy_rows(3)
    target = tmp_path / "a" / "1"
    save(learner.onnx(), learner.inputs(rows), target)
    write = tensorflow.saved_model.save

    def damaged(module: Any, path: str, signatures: Any) -> None:
        write(module, path, signatures=signatures)
        file, weights = Path(path) / "saved_model.pb", np.asarray(learner._weights, np.float64).tobytes()
        content = file.read_bytes()
        assert weights in content
        file.write_bytes(content.replace(weights, (np.frombuffer(weights) + 1e-3).tobytes()))

    monkeypatch.setattr(tensorflow.saved_model, "save", damaged)
    for folder in ("a", "b"):
        with pytest.raises(ModelError, match=rf"^--tf-serving: \d+ of {len(rows)} scores are not the ONNX model's within 1e-05\n"
                                             r".*Nothing was kept"):
            save(learner.onnx(), learner.inputs(rows), tmp_path / folder / "1")
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["1"]
    assert not list((tmp_path / "b").iterdir())
    np.testing.assert_allclose(served(target, learner.inputs(rows)), learner.scores(rows), rtol=1e-5, atol=1e-5)


@TENSORFLOW
def test_an_operator_that_is_not_known_is_named(tmp_path: Path) -> None:
    import onnx.parser

    model = onnx.parser.parse_model("""<ir_version: 10, opset_import: ["": 18]> g (float[n, 2] rows) => (float[n, 1] scores) {
        taken = Tanh (rows)
        scores = ReduceSum <keepdims = 1> (taken)
    }""")
    with pytest.raises(ModelError, match=r"^--tf-serving: the model's operator 'Tanh' is not known here, known are: Add, "):
        save(model.SerializeToString(), np.zeros((1, 2), np.float32), tmp_path / "a" / "1")
    assert not list(tmp_path.iterdir())


def test_without_tensorflow_the_error_holds_the_command(trees: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tensorflow", None)
    with pytest.raises(MissingPackage, match=r"^--tf-serving: needs the package 'tensorflow', which is not installed\n"
                                             r".*pip install 'sevenfold\[tensorflow\]'"):
        tf_serving(trees, tmp_path / "models")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("kind", ["--triton", "--tf-serving", "--deploy"])
def test_a_file_is_no_folder(trees: Path, tmp_path: Path, kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "file"
    file.write_text("kept")
    assert main(["export", str(trees), kind, str(file)]) == 1
    assert "is a file, expected a folder" in capsys.readouterr().err
    assert file.read_text() == "kept"


def test_nothing_else_loads_tensorflow(trees: Path, tmp_path: Path) -> None:
    words = ["export", trees, "--triton", tmp_path / "models", "--deploy", tmp_path / "deployed"]
    done = subprocess.run([sys.executable, "-c", WITHOUT, *words], check=True, capture_output=True, text=True)
    assert json.loads(done.stdout.splitlines()[-1].replace("'", '"')) == ["xgboost"]
