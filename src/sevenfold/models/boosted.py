"""Gradient-boosted trees by XGBoost: they rank within a request, classify or estimate a number."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np

from sevenfold.errors import BundleError, ModelError
from sevenfold.models._inputs import columns, labels
from sevenfold.models._onnx import trees
from sevenfold.nouns import F32, I64, Rows
from sevenfold.units import Share

WHERE = "boosted"
THREADS = 1  # a sum's order is always the same; several wait for each other at each level of a tree, for long beside other work
MOST_ROUNDS, PATIENCE = 1000, 30
LOSSES: dict[str, dict[str, Any]] = {
    "lambdarank": {"objective": "rank:ndcg", "eval_metric": "ndcg@10",
                   "ndcg_exp_gain": False},  # a grade is its own gain, as evaluation counts it
    "logistic": {"objective": "binary:logistic", "eval_metric": "logloss"},
    "squared": {"objective": "reg:squarederror", "eval_metric": "rmse"}}


class Boosted:
    """Trees added until the validation metric stops rising; with `rounds` given, exactly so many.

    `lambdarank` is LambdaMART on nDCG (Burges 2010) over the rows of one request; `logistic` scores are probabilities.
    A missing value takes the branch that suited it best in training.
    """

    random = True
    space: ClassVar = {"depth": (3, 8, "whole"), "learning_rate": (0.03, 0.3, "log"), "leaf_weight": (0.01, 30.0, "log")}

    def __init__(self, *, loss: Literal["lambdarank", "logistic", "squared"] = "lambdarank", depth: int = 4,
                 learning_rate: float = 0.1, leaf_weight: float = 0.1, subsample: Share = 0.8, columns: Share = 0.8,
                 rounds: int | None = None) -> None:
        self.loss = loss
        self.depth = depth
        self.learning_rate = learning_rate
        self.leaf_weight = leaf_weight  # the least sum of second derivatives in a leaf
        self.subsample = subsample  # share of the rows that a tree sees
        self.columns = columns  # share of the features that a tree sees
        self.rounds = rounds

    def fit(self, train: Rows, validate: Rows, *, seed: int) -> None:
        """Boost on `train`; `validate` is read only to choose the number of rounds."""
        import xgboost

        label = labels(train, WHERE)
        if self.loss == "lambdarank" and label.min() < 0:
            raise ModelError(WHERE, f"lambdarank needs grades from 0 on, got {label.min():g}",
                             "Use 'loss: squared', or scale the label to grades.")
        self.names = train.names
        chosen = {"max_depth": self.depth, "eta": self.learning_rate, "min_child_weight": self.leaf_weight,
                  "subsample": self.subsample, "colsample_bytree": self.columns, "tree_method": "hist", "max_bin": 256,
                  "nthread": THREADS, "seed": seed, "verbosity": 0, **LOSSES[self.loss]}
        matrix = self._matrix(train)
        watch: dict[str, Any] = {}
        if self.rounds is None:
            held_out = self._matrix(validate, matrix)
            watch = {"evals": [(held_out, "validate")], "early_stopping_rounds": PATIENCE, "verbose_eval": False}
        booster = xgboost.train(chosen, matrix, self.rounds or MOST_ROUNDS, **watch)
        self.trained_rounds = self.rounds or booster.best_iteration + 1
        self._booster = booster[: self.trained_rounds]

    def kept(self) -> dict[str, Any]:
        """The parameters with which to fit again without a validation set."""
        return {"rounds": self.trained_rounds}

    def scores(self, rows: Rows) -> F32:
        """Margins of the ranking loss, probabilities, or numbers [n]."""
        values = columns(rows, self.names, WHERE)
        if len(values) == 0:
            return np.zeros(0, dtype=np.float32)
        scores: F32 = self._booster.inplace_predict(values, validate_features=False)
        return scores

    def inputs(self, rows: Rows) -> F32:
        """What `onnx` reads, [n, F]: the features."""
        return columns(rows, self.names, WHERE)

    def onnx(self) -> bytes:
        """The ONNX model from `inputs` to `scores`."""
        return trees(json.loads(self._booster.save_raw("json")), len(self.names), WHERE)

    def explain(self, rows: Rows) -> F32:
        """How far each feature moves the margin from the mean of the training, [n, F]: SHAP values (Lundberg et al. 2020)."""
        values = columns(rows, self.names, WHERE)
        if len(values) == 0:
            return np.zeros(values.shape, dtype=np.float32)
        import xgboost

        matrix = xgboost.DMatrix(values, nthread=THREADS)
        return np.asarray(self._booster.predict(matrix, pred_contribs=True)[:, :-1], dtype=np.float32)

    def grow(self, rows: I64) -> Boosted:
        """Itself: it holds nothing per item."""
        return self

    def weights(self) -> dict[str, float]:
        """Feature → its share of the gain of all splits."""
        gains = self._booster.get_score(importance_type="total_gain")
        total = sum(gains.values()) or 1.0
        return {name: gains.get(f"f{column}", 0.0) / total for column, name in enumerate(self.names)}

    def save(self, folder: Path) -> None:
        """Write `boosted.json` and XGBoost's own `trees.json`."""
        parameters = {name: getattr(self, name) for name in self.__init__.__kwdefaults__}  # type: ignore[misc]
        state = {"parameters": parameters, "names": self.names, "trained_rounds": self.trained_rounds}
        (folder / "boosted.json").write_text(json.dumps(state, indent=1), encoding="utf-8")
        (folder / "trees.json").write_bytes(self._booster.save_raw("json"))

    @classmethod
    def load(cls, folder: Path) -> Boosted:
        """What `save` wrote."""
        import xgboost

        state = json.loads((folder / "boosted.json").read_text(encoding="utf-8"))
        self = cls(**state["parameters"])
        self.names, self.trained_rounds = tuple(state["names"]), state["trained_rounds"]
        try:
            self._booster = xgboost.Booster(model_file=folder / "trees.json")
        except xgboost.core.XGBoostError as error:
            raise BundleError(str(folder / "trees.json"), "holds no trees that this XGBoost can read",
                              "The file is damaged or of another version; build the bundle again.") from error
        self._booster.set_param({"nthread": THREADS})
        return self

    def _matrix(self, rows: Rows, reference: Any = None) -> Any:
        import xgboost

        values = columns(rows, self.names, WHERE)
        grouped = {"group": rows.groups} if self.loss == "lambdarank" else {}
        return xgboost.QuantileDMatrix(values, rows.label, ref=reference, nthread=THREADS, **grouped)
