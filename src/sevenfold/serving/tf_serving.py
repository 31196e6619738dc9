"""A run's ranker as a SavedModel for TensorFlow Serving, made from the ONNX model that `serving.triton` writes of it.

Each operator of that graph is called again as TensorFlow's; nothing is kept that does not score as ONNX Runtime does.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from sevenfold import stores
from sevenfold.errors import MissingPackage, ModelError
from sevenfold.models._onnx import ABSENT, INPUT, OUTPUT
from sevenfold.nouns import F32
from sevenfold.serving.live import Live
from sevenfold.serving.model_server import VERSION
from sevenfold.serving.triton import triton

WHERE = "--tf-serving"
SIGNATURE = "serving_default"
ASKED = 20  # questions whose rows are scored by both
TOLERANCE = 1e-5


def tf_serving(run: Path, folder: Path) -> list[Path]:
    """Write the model of the live bundle's ranker below `folder`; returns what was written."""
    with TemporaryDirectory() as scratch:
        model = triton(run, Path(scratch))[-1]
        content, name = model.read_bytes(), model.parents[1].name
    _tensorflow()
    target = folder / name / VERSION
    save(content, _sample(run), target)
    return sorted(path for path in target.rglob("*") if path.is_file())


def save(model: bytes, sample: F32, target: Path) -> None:
    """Write an ONNX model as the SavedModel `target`, at once, after it scored a sample [n, W] alike; else `ModelError`."""
    tensorflow, scores = _tensorflow(), _onnx_scores(model, sample)
    module = tensorflow.Module()
    module.scores = _function(tensorflow, model)
    target.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=target.parent) as scratch:
        made = Path(scratch) / "made"
        tensorflow.saved_model.save(module, str(made), signatures={SIGNATURE: module.scores})
        found = tensorflow.saved_model.load(str(made)).signatures[SIGNATURE](tensorflow.constant(sample))[OUTPUT].numpy()
        equal = np.isclose(found, scores, rtol=TOLERANCE, atol=TOLERANCE, equal_nan=True)
        if not equal.all():
            raise ModelError(WHERE, f"{(~equal).sum()} of {len(equal)} scores are not the ONNX model's within {TOLERANCE:g}",
                             "Nothing was kept; export the model with --triton instead.")
        if target.exists():
            target.rename(Path(scratch) / "before")
        made.rename(target)


def _tensorflow() -> Any:
    """The library, which tells of errors only, and without oneDNN, whose sums round otherwise."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
    try:
        import tensorflow
    except ImportError as error:
        raise MissingPackage(WHERE, "tensorflow", "tensorflow") from error
    tensorflow.get_logger().setLevel("ERROR")
    return tensorflow


def _sample(run: Path) -> F32:
    """What the ranker reads [n, W] when a server warms up, the same with a value missing in either way, and zeros."""
    live = Live(run, stores.open("memory://"))
    asks = live.examples(ASKED)
    found = live.answer(asks, live.memory.blobs([ask.who for ask in asks]), live.k, live.end, trace=True)
    ranker: Any = found.pipeline.ranker
    assert found.answers.candidates is not None
    rows = ranker.inputs(found.pipeline.rows(found.requests, found.answers.candidates))
    n, width = rows.shape
    gone = np.random.default_rng(0).integers(width, size=(n, 1)) == np.arange(width)
    zeros = np.zeros((1, width), np.float32)
    return np.concatenate([rows, np.where(gone, np.float32(np.nan), rows), np.where(gone, ABSENT, rows), zeros])


def _onnx_scores(model: bytes, sample: F32) -> F32:
    import onnxruntime

    scores: F32 = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"]).run([OUTPUT], {INPUT: sample})[0]
    return scores[:, 0]


def _function(tensorflow: Any, model: bytes) -> Any:
    """The graph as a function of `rows` [n, W] float32 that gives `scores` [n] float32."""
    import onnx.numpy_helper

    graph = onnx.load_model_from_string(model).graph
    operators = _operators(tensorflow)
    for node in graph.node:
        if node.op_type not in operators:
            raise ModelError(WHERE, f"the model's operator '{node.op_type}' is not known here, known are: {', '.join(operators)}",
                             "Export the model with --triton instead.")
    width = graph.input[0].type.tensor_type.shape.dim[1].dim_value

    def scores(rows: Any) -> dict[str, Any]:
        values = {INPUT: rows, **{kept.name: tensorflow.constant(onnx.numpy_helper.to_array(kept)) for kept in graph.initializer}}
        for node in graph.node:
            settings = {one.name: onnx.helper.get_attribute_value(one) for one in node.attribute}
            values[node.output[0]] = operators[node.op_type](*(values[name] for name in node.input), **settings)
        return {OUTPUT: tensorflow.reshape(values[OUTPUT], [-1])}

    return tensorflow.function(scores, autograph=False,
                               input_signature=[tensorflow.TensorSpec([None, width], tensorflow.float32, INPUT)])


def _operators(tensorflow: Any) -> Mapping[str, Callable[..., Any]]:
    """What each operator is in TensorFlow, of tensors and settings as ONNX has them."""
    from onnx.helper import tensor_dtype_to_np_dtype

    return {
        "Add": tensorflow.add, "Sub": tensorflow.subtract, "Mul": tensorflow.multiply, "Div": tensorflow.divide,
        "MatMul": tensorflow.matmul, "Relu": tensorflow.nn.relu, "Sigmoid": tensorflow.sigmoid, "Softmax": tensorflow.nn.softmax,
        "Equal": tensorflow.equal, "Less": tensorflow.less, "LessOrEqual": tensorflow.less_equal,
        "IsNaN": tensorflow.math.is_nan, "Where": tensorflow.where, "Identity": tensorflow.identity,
        "Clip": tensorflow.clip_by_value,
        "Cast": lambda values, to: tensorflow.cast(values, tensor_dtype_to_np_dtype(to)),
        "Concat": lambda *values, axis: tensorflow.concat(values, axis),
        "Gather": lambda values, places, axis=0: tensorflow.gather(values, places, axis=axis),
        "TreeEnsembleRegressor": lambda values, **told: _trees(tensorflow, values, told),
    }


def _trees(tensorflow: Any, values: Any, told: Mapping[str, Any]) -> Any:
    """The margins [n, 1] of trees whose nodes stand tree by tree, by id: every row goes down all of them, level by level."""
    trees, first = np.unique(told["nodes_treeids"], return_index=True)
    start = dict(zip(trees.tolist(), first.tolist(), strict=True))
    offset = np.array([start[tree] for tree in told["nodes_treeids"]])
    leaf = np.array([mode == b"LEAF" for mode in told["nodes_modes"]])
    here = np.arange(len(leaf))  # a leaf is followed by itself
    left, right = (np.where(leaf, here, offset + told[f"nodes_{side}nodeids"]) for side in ("true", "false"))
    weight = np.zeros(len(leaf))
    weight[[start[tree] + node for tree, node in zip(told["target_treeids"], told["target_nodeids"], strict=True)]] = \
        told["target_weights"]
    column, missing_left = np.array(told["nodes_featureids"]), np.array(told["nodes_missing_value_tracks_true"], np.bool_)
    bound = np.array(told["nodes_values"], np.float32)
    at = tensorflow.broadcast_to(first, [tensorflow.shape(values)[0], len(first)])
    for _ in range(_depth(first, left, right)):
        value = tensorflow.gather(values, tensorflow.gather(column, at), axis=1, batch_dims=1)
        goes_left = tensorflow.where(tensorflow.math.is_nan(value), tensorflow.gather(missing_left, at),
                                     value < tensorflow.gather(bound, at))
        at = tensorflow.where(goes_left, tensorflow.gather(left, at), tensorflow.gather(right, at))
    margin = tensorflow.reduce_sum(tensorflow.gather(weight, at), axis=1, keepdims=True) + told["base_values"]
    return tensorflow.cast(margin, tensorflow.float32)


def _depth(level: Any, left: Any, right: Any) -> int:
    """How many steps it takes from the roots until all are at a leaf."""
    steps = 0
    while (left[level] != level).any():
        level, steps = np.union1d(left[level], right[level]), steps + 1
    return steps
