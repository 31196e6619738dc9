"""One written form: what PyTorch computes, ONNX Runtime computes."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sevenfold.errors import BundleError, MissingPackage
from sevenfold.networks.graph import Served, read, to_onnx


def forward(inputs: Mapping[str, Any], weights: Mapping[str, Any]) -> Any:
    return (inputs["a"] @ weights["w"] + weights["bias"]).relu() * inputs["b"] + inputs["b"]


@pytest.fixture
def weights() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    return {"w": rng.normal(size=(3, 2)), "bias": rng.normal(size=2)}


def test_the_graph_computes_what_the_tensors_do(weights: dict[str, np.ndarray], tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(1)
    inputs = {"a": rng.normal(size=(5, 3)), "b": rng.normal(size=(5, 2))}
    expected = forward({k: torch.tensor(v) for k, v in inputs.items()}, {k: torch.tensor(v) for k, v in weights.items()})
    model = to_onnx(forward, {"a": 3, "b": 2}, weights, "net")
    assert model == to_onnx(forward, {"a": 3, "b": 2}, weights, "net")
    (tmp_path / "net.onnx").write_bytes(model)
    for served in (Served(model, "net"), read(tmp_path / "net.onnx")):
        np.testing.assert_allclose(served(**inputs), expected.numpy(), rtol=1e-14)
        assert served(a=np.zeros((0, 3)), b=np.zeros((0, 2))).shape == (0, 2)


def test_a_damaged_network_is_refused(tmp_path: Path) -> None:
    (tmp_path / "net.onnx").write_bytes(b"no network")
    with pytest.raises(BundleError, match=r"net\.onnx: the network cannot be loaded: .*\n.*build the bundle again"):
        read(tmp_path / "net.onnx")


def test_without_onnx_the_error_holds_the_command(weights: dict[str, np.ndarray], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(MissingPackage, match=r"net: needs the package 'onnx', which is not installed\n.*'sevenfold\[deep\]'"):
        to_onnx(forward, {"a": 3, "b": 2}, weights, "net")
