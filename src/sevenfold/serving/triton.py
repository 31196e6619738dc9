"""A run's ranker as a model repository of Triton Inference Server, under the name by which `serving.model_server` asks for it."""

from __future__ import annotations

from pathlib import Path

from sevenfold.bundle import manifest, parts
from sevenfold.design import load
from sevenfold.errors import ModelError
from sevenfold.models._onnx import INPUT, OUTPUT
from sevenfold.serving.model_server import AT_ONCE, VERSION, called, portable

GATHERED = 500  # µs that a request may wait for others, to be computed together
CONFIG = """name: "{name}"
backend: "onnxruntime"
max_batch_size: {most}
input [ {{ name: "{input}" data_type: TYPE_FP32 dims: [ {width} ] }} ]
output [ {{ name: "{output}" data_type: TYPE_FP32 dims: [ 1 ] }} ]
dynamic_batching {{ max_queue_delay_microseconds: {gathered} }}
model_warmup [ {{
  name: "zeros"
  batch_size: 1
  inputs {{ key: "{input}" value: {{ data_type: TYPE_FP32 dims: [ {width} ] zero_data: true }} }}
}} ]
"""


def triton(run: Path, folder: Path) -> list[Path]:
    """Write the model of the live bundle's ranker and its configuration below `folder`; returns what was written."""
    import onnxruntime

    bundle = manifest.live(run)
    manifest.verify(bundle)
    ranker = parts.load(bundle / "parts").ranker
    if ranker is None:
        raise ModelError(str(run), "its winner has no ranker that a model server could hold",
                         "Serve it as it is: sevenfold serve.")
    model = portable(*ranker).onnx()
    width = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"]).get_inputs()[0].shape[1]
    name = called(load(bundle / "design.yaml"), bundle)
    target = folder / name
    (target / VERSION).mkdir(parents=True, exist_ok=True)
    config = CONFIG.format(name=name, most=AT_ONCE, input=INPUT, output=OUTPUT, width=width, gathered=GATHERED)
    (target / VERSION / "model.onnx").write_bytes(model)
    (target / "config.pbtxt").write_text(config, encoding="utf-8")
    return [target / "config.pbtxt", target / VERSION / "model.onnx"]
