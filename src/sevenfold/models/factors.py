"""Factors of users and items beside their biases, learnt from ratings and from who rated what.

A rating is mean + b + c + p · q. A user's (p, b) and an item's (q, c) have normal distributions, whose means follow what
the user rated, or who rated the item, at all (as in SVD++, Koren 2008, section 4.1); how wide they are, and the noise of a
rating, are learnt too. Fitted by variational Bayes (Lim and Teh 2007), users and items in turn, each in closed form.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from sevenfold.models._ids import grown, known, looked_up
from sevenfold.models._inputs import labels
from sevenfold.networks.training import best_epoch
from sevenfold.nouns import F32, F64, I64, Array, Rows

WHERE = "factors"
MOST_SWEEPS, PATIENCE = 60, 3
BLOCK = 2048  # users or items solved at once
STEPS = 10  # of conjugate gradients a sweep, from where the last one ended
LEAST = 1e-6  # of a variance, as a share of the labels'
PARTS = ("user", "item", "user × item")


class Factors:
    """`implicit` holds back what is read from who rated what: the ridge of the map from there to the factors.

    Sweeps until the error on `validate` stops falling; with `sweeps` given, exactly so many. A user without ratings is
    answered by what the history tells, an item without any by the user's bias.
    """

    random = True
    reads = "ids"

    def __init__(self, *, loss: Literal["squared"] = "squared", dimensions: int = 16, implicit: float = 5.0,
                 sweeps: int | None = None) -> None:
        self.loss = loss
        self.dimensions = dimensions
        self.implicit = implicit
        self.sweeps = sweeps

    def fit(self, train: Rows, validate: Rows, *, seed: int) -> None:
        """Sweep over `train`; `validate` is read to choose the number of sweeps."""
        from threadpoolctl import threadpool_limits

        label = labels(train, WHERE).astype(np.float64)
        self._range = np.array([label.min(), label.mean(), label.max()])
        with threadpool_limits(1):  # the order of a sum, hence its last bits, depend on the number of threads
            self._train(train, label, validate, np.random.default_rng(seed))
        self._importance = dict(zip(PARTS, self._parts(train).std(axis=0).tolist(), strict=True))

    def kept(self) -> dict[str, Any]:
        """The parameters with which to fit again without a validation set."""
        return {"sweeps": self.trained_sweeps}

    def scores(self, rows: Rows) -> F32:
        """Numbers [n] within the range of the labels."""
        low, mean, high = self._range
        return np.asarray(np.clip(mean + self._parts(rows).sum(axis=1), low, high), dtype=np.float32)

    def explain(self, rows: Rows) -> F32:
        """How far the user's bias, the item's, and how well both go together move the number from the mean, [n, 3]."""
        return self._parts(rows).astype(np.float32)

    def grow(self, rows: I64) -> Factors:
        """The same factors over a catalogue whose item j is a copy of item `rows[j]`."""
        other = copy(self)
        other._item, other._chosen = grown(self._item, rows), grown(self._chosen, rows)
        return other

    def weights(self) -> dict[str, float]:
        """`user`, `item`, `user × item` → how far one standard deviation of it moves the number."""
        return self._importance

    def save(self, folder: Path) -> None:
        """Write `factors.json` and `factors.npz`."""
        parameters = {name: getattr(self, name) for name in self.__init__.__kwdefaults__}  # type: ignore[misc]
        state = {"parameters": parameters, "range": self._range.tolist(), "trained_sweeps": self.trained_sweeps,
                 "importance": self._importance}
        (folder / "factors.json").write_text(json.dumps(state, indent=1), encoding="utf-8")
        np.savez(folder / "factors.npz", user=self._user, item=self._item, chosen=self._chosen, rated=self._rated)

    @classmethod
    def load(cls, folder: Path) -> Factors:
        """What `save` wrote."""
        state = json.loads((folder / "factors.json").read_text(encoding="utf-8"))
        self = cls(**state["parameters"])
        self._range, self._importance = np.array(state["range"]), state["importance"]
        self.trained_sweeps = state["trained_sweeps"]
        with np.load(folder / "factors.npz", allow_pickle=False) as tables:
            self._user, self._item, self._chosen, self._rated = (tables[name] for name in ("user", "item", "chosen", "rated"))
        return self

    def _train(self, train: Rows, label: F64, validate: Rows, rng: np.random.Generator) -> None:
        users = int(train.user.max(initial=-1)) + 1
        codes = known(train.user, users), known(train.item, train.items)
        self._rated = np.bincount(codes[0], minlength=users + 1) > 0
        self._rated[users] = False
        model = _Model.begin(codes, label - self._range[1], (users + 1, train.items + 1), self.dimensions, self.implicit, rng)

        def error() -> float:
            assert validate.label is not None
            self._take(model.tables())
            return float(np.mean((self.scores(validate) - validate.label) ** 2))

        best, self.trained_sweeps = best_epoch(model.sweep, None if self.sweeps else error, model.tables, where=WHERE,
                                               epochs=self.sweeps or MOST_SWEEPS, patience=PATIENCE)
        self._take(best)

    def _take(self, tables: Mapping[str, Array]) -> None:
        self._user, self._item, self._chosen = tables["user"], tables["item"], tables["chosen"]

    def _parts(self, rows: Rows) -> F64:
        user, item = self._of_users(rows), looked_up(self._item, rows.item)
        return np.column_stack([user[:, -1], item[:, -1], np.einsum("nd,nd->n", user[:, :-1], item[:, :-1])])

    def _of_users(self, rows: Rows) -> F64:
        """[n, d + 1] of each row's user; of one without ratings what the history tells."""
        found: F64 = looked_up(self._user, rows.user)
        new = np.flatnonzero(~looked_up(self._rated, rows.user))
        requests, which = np.unique(rows.request[new], return_inverse=True)
        items = known(rows.history[requests], len(self._chosen) - 1)
        chosen = (items < len(self._chosen) - 1).sum(axis=1, keepdims=True)
        found[new] = (self._chosen[items].sum(axis=1) / np.sqrt(np.maximum(chosen, 1)))[which]
        return found


@dataclass(frozen=True)
class _Side:
    """The ratings as users, or as items, have them: rows are who is solved for, columns the others."""

    count: Any  # CSR [n, m] how many ratings
    total: Any  # CSR [n, m] their sum, less the mean
    chosen: Any  # CSR [n, m] who rated what at all, rows of length 1

    @classmethod
    def of(cls, row: I64, column: I64, rest: F64, shape: tuple[int, int]) -> _Side:
        from scipy import sparse

        count, total = (sparse.csr_array((values, (row, column)), shape=shape) for values in (np.ones(len(rest)), rest))
        rated = sparse.csr_array((np.ones(count.nnz), count.indices, count.indptr), shape=shape)
        length = np.sqrt(np.maximum(np.diff(count.indptr), 1))
        return cls(count, total, sparse.csr_array(rated.multiply(1 / length[:, None])))


@dataclass(frozen=True)
class _Believed:
    """What is believed of users, or of items: the factors and the bias of each, d + 1 numbers with a normal distribution."""

    mean: F64  # [n, d + 1]
    moments: F64  # [n, (d + 2)(d + 3) / 2] of (factors, 1, bias), as the other side multiplies it: E x xᵀ, upper half
    spread: F64  # [d + 1] the variance around what is expected
    map: F64  # [m, d + 1] from those chosen to what is expected
    expected: F64  # [n, d + 1]


@dataclass
class _Model:
    """Everything that a sweep changes."""

    sides: tuple[_Side, _Side]
    believed: list[_Believed]
    squares: float  # the sum of the squared ratings
    noise: float
    ridge: float
    least: float

    @classmethod
    def begin(cls, codes: tuple[I64, I64], rest: F64, shape: tuple[int, int], dimensions: int, ridge: float,
              rng: np.random.Generator) -> _Model:
        """Small random factors, no bias, and wide distributions."""
        one, other = codes
        variance = float(rest.var())
        return cls((_Side.of(one, other, rest, shape), _Side.of(other, one, rest, shape[::-1])),
                   [_begin(shape[0], shape[1], dimensions, variance, rng), _begin(shape[1], shape[0], dimensions, variance, rng)],
                   float(rest @ rest), variance, ridge, LEAST * variance)

    def tables(self) -> dict[str, Array]:
        """What answers: nothing is known of the last of each, the unknown."""
        user, item = self.believed
        tables = {"user": user.mean, "item": item.mean, "chosen": user.map}
        return {name: np.vstack([table[:-1], np.zeros_like(table[:1])]) for name, table in tables.items()}

    def sweep(self) -> None:
        """Users, then items, then the noise of a rating."""
        for mine in (0, 1):
            self.believed[mine], misfit = self._solved(self.sides[mine], self.believed[mine], self.believed[1 - mine])
        self.noise = max((self.squares + misfit) / self.sides[0].count.sum(), self.least)

    def _solved(self, side: _Side, believed: _Believed, other: _Believed) -> tuple[_Believed, float]:
        """What is believed of one side given the other, and the expected squared errors less the sum of squared ratings."""
        n, width = believed.mean.shape
        mean, moments, variance, misfit = np.empty_like(believed.mean), np.empty_like(believed.moments), np.zeros(width), 0.0
        seen = np.column_stack([other.mean[:, :-1], np.ones(len(other.mean)), other.mean[:, -1]])
        for start in range(0, n, BLOCK):
            rows = slice(start, start + BLOCK)
            pairs, totals = _square(side.count[rows] @ other.moments), side.total[rows] @ seen
            precision: F64 = pairs[:, :width, :width] / self.noise + np.diag(1 / believed.spread)
            covariance: F64 = np.linalg.inv(precision).astype(np.float64, copy=False)
            right = (totals[:, :width] - pairs[:, :width, width]) / self.noise + believed.expected[rows] / believed.spread
            mean[rows] = np.einsum("nij,nj->ni", covariance, right)
            whole = _moments(mean[rows], covariance)
            moments[rows] = _packed(_swapped(whole))
            misfit += float(np.einsum("nij,nij->", whole, pairs) - 2 * np.einsum("ni,ni->", whole[:, width], totals))
            variance += np.einsum("nii->i", covariance)
        chosen = _regressed(side.chosen, mean, believed.map, self.ridge)
        expected = side.chosen @ chosen
        spread = np.maximum((((mean - expected) ** 2).sum(axis=0) + variance) / n, self.least)
        return _Believed(mean, moments, spread, chosen, expected), misfit


def _begin(n: int, others: int, dimensions: int, variance: float, rng: np.random.Generator) -> _Believed:
    mean = np.zeros((n, dimensions + 1))
    mean[:, :-1] = 0.1 * variance**0.25 * rng.standard_normal((n, dimensions))
    covariance = np.zeros((n, dimensions + 1, dimensions + 1))
    return _Believed(mean, _packed(_swapped(_moments(mean, covariance))), np.full(dimensions + 1, 0.1 * variance),
                     np.zeros((others, dimensions + 1)), np.zeros_like(mean))


def _moments(mean: F64, covariance: F64) -> F64:
    """E x xᵀ of x = (factors, bias, 1), [n, d + 2, d + 2]."""
    width = mean.shape[1]
    whole = np.ones((len(mean), width + 1, width + 1))
    whole[:, :width, :width] = covariance + mean[:, :, None] * mean[:, None, :]
    whole[:, width, :width] = whole[:, :width, width] = mean
    return whole


def _swapped(square: F64) -> F64:
    """The same of (factors, 1, bias)."""
    order = [*range(square.shape[1] - 2), -1, -2]
    return square[:, order][:, :, order]


def _packed(square: F64) -> F64:
    upper = np.triu_indices(square.shape[1])
    return square[:, upper[0], upper[1]]


def _square(packed: F64) -> F64:
    """Symmetric [n, w, w] of its upper half [n, w (w + 1) / 2]."""
    width = int((np.sqrt(8 * packed.shape[1] + 1) - 1) / 2)
    one, other = np.triu_indices(width)
    square = np.empty((len(packed), width, width))
    square[:, one, other] = square[:, other, one] = packed
    return square


def _regressed(chosen: Any, target: F64, start: F64, ridge: float) -> F64:
    """The ridge regression [m, d] of `target` [n, d] on `chosen` [n, m]: conjugate gradients (Hestenes & Stiefel 1952)."""
    found = start.copy()
    residual = chosen.T @ (target - chosen @ found) - ridge * found
    direction, size = residual.copy(), (residual**2).sum(axis=0)
    for _ in range(STEPS):
        image = chosen.T @ (chosen @ direction) + ridge * direction
        step = size / np.maximum((direction * image).sum(axis=0), np.finfo(float).tiny)
        found += step * direction
        residual -= step * image
        before, size = size, (residual**2).sum(axis=0)
        direction = residual + size / np.maximum(before, np.finfo(float).tiny) * direction
    return found
