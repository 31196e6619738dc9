"""Logistic regression: the honest baseline among learners, on scaled features, words and, if asked for, hashed crosses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np

from sevenfold.errors import ModelError, nearest
from sevenfold.models._inputs import Scale, by_feature, columns, folded, labels, scale
from sevenfold.models._onnx import dense
from sevenfold.models._words import spreads, words
from sevenfold.networks import graph
from sevenfold.nouns import F32, F64, I32, I64, Array, Rows

WHERE = "logistic"
BUCKETS = 2**18  # cells that all crosses share
ROUNDS = 1000
LENGTH = 30.0  # of a row of words, where a column of features has deviation 1: rare words must be able to decide


class Logistic:
    """L2-regularised logistic regression; scores are probabilities.

    A cross such as `("user", "genres")` gives every combination of its parts a weight of its own, found by hash (Weinberger
    et al. 2009). A part is `user`, `item`, or a feature with its group (`item.genres`) or without.
    """

    random = False
    space: ClassVar = {"regularisation": (0.01, 100.0, "log")}

    def __init__(self, *, loss: Literal["bce"] = "bce", regularisation: float = 1.0,
                 crosses: tuple[tuple[str, ...], ...] = ()) -> None:
        self.loss = loss
        self.regularisation = regularisation
        self.crosses = crosses

    def fit(self, train: Rows, validate: Rows, *, seed: int) -> None:
        """Minimise the cross entropy of `train`; labels above 0 count as positive. Nothing is random."""
        from scipy import sparse
        from sklearn.linear_model import LogisticRegression
        from threadpoolctl import threadpool_limits

        positive = labels(train, WHERE) > 0
        if positive.all():
            raise ModelError(WHERE, f"all {len(train)} labels are above 0, expected some that are 0",
                             "Use a learner for numbers, or a label that is yes or no.")
        self.names, self.words = train.names, train.word_names
        self._scale = scale(train.values)
        dense = self._scale(train.values)
        cells = self._cells(train)
        used, at = np.unique(cells, return_inverse=True)  # a cell without an example weighs nothing
        crossing = [_one_hot(at.reshape(cells.shape), len(used))] if self.crosses else []
        more = [*crossing, LENGTH * train.words] if self.words else crossing
        inputs = sparse.hstack([sparse.csr_array(dense), *more], format="csr") if more else dense
        solver = "newton-cg" if more else "newton-cholesky"  # the latter inverts [F, F]: exact, but for few columns only
        with threadpool_limits(1):  # the order of a sum, hence its last bits, depend on the number of threads
            model = LogisticRegression(C=1.0 / self.regularisation, solver=solver, max_iter=ROUNDS).fit(inputs, positive)
        self._intercept = float(model.intercept_[0])
        first, last = dense.shape[1], inputs.shape[1] - len(self.words)
        self._weights, crossed, self._worded = np.split(model.coef_[0], [first, last])
        self._crossed = np.zeros(BUCKETS if self.crosses else 0)
        self._crossed[used] = crossed
        self._worded = LENGTH * self._worded
        self._importance = by_feature(np.abs(self._weights), self.names, self._scale.flagged)
        for cross, column in zip(self.crosses, cells.T, strict=True):
            name = " × ".join(cross) if len(cross) > 1 else f"each {cross[0]}"
            self._importance[name] = float(np.std(self._crossed[column]))
        if self.words:
            self._importance |= zip(self.words, (np.abs(self._worded) * spreads(train.words)).tolist(), strict=True)

    def kept(self) -> dict[str, Any]:
        """The parameters with which to fit again: nothing was chosen on validation."""
        return {}

    def scores(self, rows: Rows) -> F32:
        """Probabilities [n]."""
        logits = self._scale(columns(rows, self.names, WHERE)) @ self._weights + self._intercept + self._looked_up(rows)
        return np.asarray(0.5 + 0.5 * np.tanh(0.5 * logits), dtype=np.float32)  # the logistic function, without overflow

    def inputs(self, rows: Rows) -> F32:
        """What `onnx` reads, [n, F + 1]: the features, and what crosses and words add to the logit."""
        return np.column_stack([columns(rows, self.names, WHERE), self._looked_up(rows)]).astype(np.float32)

    def onnx(self) -> bytes:
        """The ONNX model from `inputs` to `scores`."""
        weights = {"weights": np.append(self._weights, 1.0)[:, None], "intercept": np.array([self._intercept])}
        network = graph.to_onnx(lambda inputs, weights: inputs["x"] @ weights["weights"] + weights["intercept"],
                                {"x": len(weights["weights"])}, weights, WHERE)
        return dense(self._scale, 1, network, WHERE)

    def explain(self, rows: Rows) -> F32:
        """How far each of what `weights` names, in that order, moves the logit from an average row's: [n, weights]."""
        moved = self._scale(columns(rows, self.names, WHERE)) * self._weights
        moved = folded(moved, len(self.names), self._scale.flagged)
        said = [words(rows, self.words, WHERE).multiply(self._worded).toarray()] if self.words else []
        return np.hstack([moved, self._crossed[self._cells(rows)], *said]).astype(np.float32)

    def grow(self, rows: I64) -> Logistic:
        """Itself: it holds nothing per item."""
        return self

    def weights(self) -> dict[str, float]:
        """Feature, cross or word → how far one standard deviation of it moves the logit."""
        return self._importance

    def save(self, folder: Path) -> None:
        """Write `logistic.json` and, where there are any, the weights of crosses and of words."""
        state = {"loss": self.loss, "regularisation": self.regularisation, "crosses": self.crosses, "names": self.names,
                 "words": self.words, "scale": self._scale.state(), "weights": self._weights.tolist(),
                 "intercept": self._intercept, "importance": self._importance}
        (folder / "logistic.json").write_text(json.dumps(state, indent=1), encoding="utf-8")
        if self.crosses:
            np.save(folder / "crosses.npy", self._crossed)
        if self.words:
            np.save(folder / "words.npy", self._worded)

    @classmethod
    def load(cls, folder: Path) -> Logistic:
        """What `save` wrote; needs no scikit-learn."""
        state = json.loads((folder / "logistic.json").read_text(encoding="utf-8"))
        crosses = tuple(tuple(cross) for cross in state["crosses"])
        self = cls(loss=state["loss"], regularisation=state["regularisation"], crosses=crosses)
        self.names, self.words = tuple(state["names"]), tuple(state["words"])
        self._scale = Scale.of(state["scale"])
        self._weights, self._intercept = np.array(state["weights"]), state["intercept"]
        self._crossed = np.load(folder / "crosses.npy", allow_pickle=False) if crosses else np.zeros(0)
        self._worded = np.load(folder / "words.npy", allow_pickle=False) if self.words else np.zeros(0)
        self._importance = state["importance"]
        return self

    def _looked_up(self, rows: Rows) -> F64:
        """What crosses and words add to the logit [n]."""
        added: F64 = self._crossed[self._cells(rows)].sum(axis=1)
        return added + words(rows, self.words, WHERE) @ self._worded if self.words else added

    def _cells(self, rows: Rows) -> I64:
        """The cell [n, crosses] of each row in the table that all crosses share."""
        found = [_hash(np.column_stack([_part(rows, part) for part in cross]), salt) for salt, cross in enumerate(self.crosses)]
        return np.stack(found, axis=1) if found else np.zeros((len(rows), 0), np.int64)


def _part(rows: Rows, part: str) -> Array:
    """The integers [n, m] that tell apart what one part of a cross says."""
    if part in ("user", "item"):
        codes: I32 = getattr(rows, part)
        return codes.astype(np.int64)[:, None]
    paths = [name.partition("=")[0] for name in rows.names]  # `item.genres=Drama` is a column of `item.genres`
    at = [column for column, path in enumerate(paths) if part in (path, path.partition(".")[2])]
    if not at:
        raise ModelError(f"{WHERE}.crosses", f"no column is called '{part}'", nearest(part, ["user", "item", *paths]))
    values = rows.values[:, at] + np.float32(0.0)  # -0 and 0 are one value
    return values.view(np.int32).astype(np.int64)


def _hash(keys: Array, salt: int) -> I64:
    """Cells [n] for keys [n, m]: the finaliser of SplitMix64 (Steele et al. 2014), chained over the columns."""
    state = np.full(len(keys), salt, dtype=np.uint64)
    for key in keys.T.astype(np.uint64):
        state = (state ^ key) + np.uint64(0x9E3779B97F4A7C15)
        state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        state ^= state >> np.uint64(31)
    return (state % np.uint64(BUCKETS)).astype(np.int64)


def _one_hot(cells: Array, width: int) -> Any:
    from scipy import sparse

    n, m = cells.shape
    return sparse.csr_array((np.ones(n * m), cells.ravel(), np.arange(0, n * m + 1, m)), shape=(n, width))
