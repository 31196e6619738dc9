"""Learners as ONNX models that read features as they are: `rows` [n, W] float32 → `scores` [n, 1] float32.

A value is missing where it is NaN or, for protocols without NaN, `ABSENT`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from sevenfold.errors import MissingPackage
from sevenfold.models._inputs import FARTHEST, Scale, normal_scores
from sevenfold.networks.graph import IR_VERSION, OPSET
from sevenfold.nouns import F64, Array

INPUT, OUTPUT = "rows", "scores"
ABSENT = np.float32(np.finfo(np.float32).max)
SPAN = 256  # a power of two above the number of quantiles
HALVES = [2**power for power in range(7, -1, -1)]
READ = """
    absent = Equal (rows, absent_is)
    values = Where (absent, nan, rows)
"""
SCALED = """
    both = Concat <axis = 1> (wide, placed)
    ordered = Gather <axis = 1> (both, order)
    shifted = Sub (ordered, mean)
    scaled = Div (shifted, deviation)
    missing = IsNaN (scaled)
    whole = Where (missing, zero, scaled)
    near = Clip (whole, lowest, highest)
    chosen = Gather <axis = 1> (missing, flagged)
    flags = Cast <to = 11> (chosen)
    rest = Gather <axis = 1> (wide, behind)
    x = Concat <axis = 1> (near, flags, rest)
"""


def dense(scale: Scale, behind: int, network: bytes, where: str, *, logits: bool = False, worth: F64 | None = None) -> bytes:
    """A network over a scale's columns and `behind` more that it reads as they are: its probabilities, or logits, by worth."""
    onnx = _onnx(where)
    read = onnx.load_model_from_string(network).graph
    count, placed = len(scale.mean), sorted(scale.quantiles)
    order = np.arange(count)
    order[placed] = count + behind + np.arange(len(placed))
    tensors = {"order": order, "mean": scale.mean, "deviation": scale.deviation, "flagged": scale.flagged,
               "behind": count + np.arange(behind), "zero": np.zeros(1), "lowest": np.array(-FARTHEST),
               "highest": np.array(FARTHEST), "worth": np.ones((1, 1)) if worth is None else worth[:, None],
               **_quantiles(scale, placed)}
    end = f"""
        each = {"Identity" if logits else "Sigmoid"} ({read.output[0].name})
        summed = MatMul (each, worth)
        scores = Cast <to = 1> (summed)
    """
    return _model(onnx, count + behind, [READ + _placed() + SCALED, read.node, end], tensors, read.initializer)


def _quantiles(scale: Scale, placed: list[int]) -> dict[str, Array]:
    """The quantiles of each placed column behind one another, filled up to `SPAN`, and the score of each sum of two places."""
    size = len(scale.quantiles[placed[0]]) if placed else 1
    quantiles = np.full((len(placed), SPAN), np.inf)
    for row, column in enumerate(placed):
        quantiles[row, :size] = scale.quantiles[column]
    starts, scores = SPAN * np.arange(len(placed)), normal_scores(np.arange(2 * SPAN) / 2, size)
    halves = {f"half{step}": np.array(step) for step in HALVES}
    return {"which": np.array(placed, np.int64), "quantiles": np.append(0.0, quantiles), "starts": starts,
            "starts_twice": 2 * starts, "table": scores.astype(np.float32).astype(np.float64), **halves}


def _placed() -> str:
    """Each placed column's normal scores: how many quantiles lie below a value, and up to it, found by halving."""
    lines = ["wide = Cast <to = 11> (values)", "some = Gather <axis = 1> (wide, which)", "gone = IsNaN (some)"]
    for name, operator in (("below", "Less"), ("upto", "LessOrEqual")):
        lines.append(f"{name}{SPAN} = Identity (starts)")
        for step in HALVES:
            far, found, past, last = f"{name}_far{step}", f"{name}_found{step}", f"{name}_past{step}", f"{name}{2 * step}"
            lines += [f"{far} = Add ({last}, half{step})", f"{found} = Gather (quantiles, {far})",
                      f"{past} = {operator} ({found}, some)", f"{name}{step} = Where ({past}, {far}, {last})"]
    return "\n".join([*lines, "sum = Add (below1, upto1)", "place = Sub (sum, starts_twice)", "score = Gather (table, place)",
                      "placed = Where (gone, some, score)"])


def trees(state: Mapping[str, Any], width: int, where: str) -> bytes:
    """The trees of XGBoost's JSON over `width` columns, all of them numbers."""
    onnx = _onnx(where)
    learner = state["learner"]
    chances = learner["objective"]["name"] == "binary:logistic"
    base = float(learner["learner_model_param"]["base_score"].strip("[]"))
    grown = learner["gradient_booster"]["model"]["trees"]
    sizes = [len(tree["left_children"]) for tree in grown]

    def joined(name: str) -> Any:
        return np.concatenate([tree[name] for tree in grown])

    tree, node = np.repeat(np.arange(len(grown)), sizes), np.concatenate([np.arange(size) for size in sizes])
    left, right, split = joined("left_children"), joined("right_children"), joined("split_conditions").astype(np.float32)
    leaf = left < 0
    ensemble = onnx.helper.make_node(
        "TreeEnsembleRegressor", ["values"], ["margin"], domain="ai.onnx.ml", n_targets=1,
        base_values=[np.log(base / (1 - base)) if chances else base],
        nodes_treeids=tree, nodes_nodeids=node, nodes_featureids=joined("split_indices"),
        nodes_modes=np.where(leaf, "LEAF", "BRANCH_LT").tolist(), nodes_values=np.where(leaf, 0, split),
        nodes_truenodeids=np.where(leaf, 0, left), nodes_falsenodeids=np.where(leaf, 0, right),
        nodes_missing_value_tracks_true=joined("default_left"),
        target_treeids=tree[leaf], target_nodeids=node[leaf], target_ids=np.zeros(leaf.sum(), np.int64),
        target_weights=split[leaf])
    end = f"scores = {'Sigmoid' if chances else 'Identity'} (margin)"
    return _model(onnx, width, [READ, [ensemble], end], {})


def _model(onnx: Any, width: int, steps: Sequence[Any], tensors: Mapping[str, Array], more: Sequence[Any] = ()) -> bytes:
    """The model of steps, each a text or nodes, in order."""
    nodes = [node for step in steps
             for node in (onnx.parser.parse_graph(f"g () => () {{ {step} }}").node if isinstance(step, str) else step)]
    tensors = {"absent_is": np.array(ABSENT), "nan": np.array(np.nan, np.float32), **tensors}
    kept = [*(onnx.numpy_helper.from_array(value, name) for name, value in tensors.items()), *more]
    ends = [onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, ["n", size])
            for name, size in ((INPUT, width), (OUTPUT, 1))]
    model = onnx.helper.make_model(
        onnx.helper.make_graph(nodes, "scores", ends[:1], ends[1:], initializer=kept), ir_version=IR_VERSION,
        opset_imports=[onnx.helper.make_opsetid("", OPSET), onnx.helper.make_opsetid("ai.onnx.ml", 3)],
        producer_name="sevenfold")
    onnx.checker.check_model(model, full_check=True)
    return bytes(model.SerializeToString(deterministic=True))


def _onnx(where: str) -> Any:
    """The library, with the parts that are used here."""
    try:
        import onnx
        import onnx.numpy_helper
        import onnx.parser
    except ImportError as error:
        raise MissingPackage(where, "onnx", "deep") from error
    return onnx
