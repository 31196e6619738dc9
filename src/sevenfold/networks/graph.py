"""One definition of a network, several executions.

A network is a plain function `forward(inputs, weights)` written with `@`, `+`, `*`, `.relu()`, `.softmax(-1)` and `.mT`.
Given tensors it trains; given `Node`s it writes itself down as an ONNX graph, which ONNX Runtime serves without PyTorch.
The graph holds no path, no time and no stack trace, so equal weights are equal bytes.

Everything is served in float64: a product of matrices then differs between a batch and a single row only far below
the float32 that comes out, so that a batch answers as the singles do.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from sevenfold.errors import BundleError, MissingPackage
from sevenfold.nouns import F64, Array

Forward = Callable[[Mapping[str, Any], Mapping[str, Any]], Any]
OPSET = 18
IR_VERSION = 10  # the newest format that every ONNX Runtime since 1.18 reads
Step = tuple[str, list[str], str, dict[str, Any]]  # an operator, what it takes, what it gives, its settings


class Node:
    """A value in a graph that is being written down; its operators append to `steps`."""

    def __init__(self, name: str, steps: list[Step]) -> None:
        self.name = name
        self._steps = steps

    def __matmul__(self, other: Node) -> Node:
        return self._step("MatMul", other)

    def __add__(self, other: Node) -> Node:
        return self._step("Add", other)

    def __mul__(self, other: Node) -> Node:
        return self._step("Mul", other)

    def relu(self) -> Node:
        """The positive part."""
        return self._step("Relu")

    def softmax(self, axis: int) -> Node:
        """Positive numbers whose sum along an axis is 1."""
        return self._step("Softmax", axis=axis)

    @property
    def mT(self) -> Node:
        """Each matrix of a batch [n, a, b], turned: [n, b, a]."""
        return self._step("Transpose", perm=[0, 2, 1])

    def _step(self, operator: str, *others: Node, **settings: Any) -> Node:
        name = f"step{len(self._steps)}"
        self._steps.append((operator, [self.name, *(other.name for other in others)], name, settings))
        return Node(name, self._steps)


def to_onnx(forward: Forward, widths: Mapping[str, int | tuple[int, int]], weights: Mapping[str, Array], where: str) -> bytes:
    """The ONNX model of `forward`: inputs [n, width] or [n, l, width] by name → one output of as many axes, all float64."""
    try:
        import onnx
        from onnx import TensorProto, helper, numpy_helper
    except ImportError as error:
        raise MissingPackage(where, "onnx", "deep") from error
    steps: list[Step] = []
    result = forward({name: Node(name, steps) for name in widths}, {name: Node(name, steps) for name in weights})
    shapes = {name: width if isinstance(width, tuple) else (width,) for name, width in widths.items()}
    inputs = [helper.make_tensor_value_info(name, TensorProto.DOUBLE, ["n", *shape]) for name, shape in shapes.items()]
    axes = max(map(len, shapes.values()))
    output = helper.make_tensor_value_info(result.name, TensorProto.DOUBLE, ["n", *[None] * axes])
    tensors = [numpy_helper.from_array(np.asarray(value, dtype=np.float64), name) for name, value in weights.items()]
    nodes = [helper.make_node(operator, takes, [gives], **settings) for operator, takes, gives, settings in steps]
    model = helper.make_model(helper.make_graph(nodes, "network", inputs, [output], initializer=tensors),
                              opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION, producer_name="sevenfold")
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString(deterministic=True))


class Served:
    """A network in ONNX Runtime, on one thread: requests are what run side by side."""

    def __init__(self, model: bytes, where: str) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        try:
            self._session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # ONNX Runtime's own errors share no narrower base
            raise BundleError(where, f"the network cannot be loaded: {str(error).splitlines()[0]}",
                              "The file is damaged or was written by another program; build the bundle again.") from error
        self.model = model
        zeros = {one.name: np.zeros([size if isinstance(size, int) else 1 for size in one.shape])
                 for one in self._session.get_inputs()}
        if np.isnan(self(**zeros)).any():  # one NaN anywhere makes the output NaN, whatever it is multiplied by
            raise BundleError(where, "holds a weight that is not a number", "Fit the part again: run the design anew.")

    def __call__(self, **inputs: Array) -> F64:
        """The output for inputs of the shapes with which the model was made."""
        output: F64 = self._session.run(None, inputs)[0]
        return output


def read(path: Path) -> Served:
    """The network that was written to `path`."""
    return Served(path.read_bytes(), str(path))
