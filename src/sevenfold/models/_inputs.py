"""What learners read of `Rows`: columns by name, labels that can be learned from, and one common scale."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from sevenfold.errors import ModelError, nearest
from sevenfold.nouns import F32, F64, I64, Rows

QUANTILES, LEVELS = 201, 20
FARTHEST = 8.0  # standard deviations; farther out, a value tells no more


def columns(rows: Rows, names: tuple[str, ...], where: str) -> F32:
    """The values [n, names] in the order of `names`, whatever the order in `rows`; `ModelError` names a missing one."""
    if rows.names == names:
        return rows.values
    place = {name: column for column, name in enumerate(rows.names)}
    for name in names:
        if name not in place:
            raise ModelError(where, f"needs the feature '{name}', which the rows do not have", nearest(name, place))
    return rows.values[:, [place[name] for name in names]]


def labels(rows: Rows, where: str) -> F32:
    """The labels [n]; `ModelError` where there are none, or nothing to tell apart."""
    if rows.label is None or len(rows) == 0:
        raise ModelError(where, "got no labelled rows to learn from", "Take a longer log, or loosen framing.label.")
    if rows.label.min() == rows.label.max():
        raise ModelError(where, f"every one of the {len(rows)} labels is {rows.label[0]:g}, expected at least two values",
                         "Loosen framing.label.is, or give this stage more of the log.")
    return rows.label


@dataclass(frozen=True)
class Scale:
    """Mean 0 and deviation 1 for each column, the mean where a value is missing, and a flag where that happens."""

    mean: F64  # [F]
    deviation: F64  # [F], 1 for a constant column
    flagged: I64  # the columns in which values were missing
    quantiles: dict[int, F64] = field(default_factory=dict)  # column → its quantiles, where places stand for values

    def __call__(self, values: F32) -> F64:
        """[n, F] → [n, F + flagged], finite."""
        values = placed(values, self.quantiles)
        scaled = (values - self.mean) / self.deviation
        missing = np.isnan(scaled)
        scaled = np.clip(np.where(missing, 0.0, scaled), -FARTHEST, FARTHEST)
        return np.hstack([scaled, missing[:, self.flagged]])

    def state(self) -> dict[str, Any]:
        """What JSON holds of it."""
        return {"mean": self.mean.tolist(), "deviation": self.deviation.tolist(), "flagged": self.flagged.tolist(),
                "quantiles": {str(column): found.tolist() for column, found in self.quantiles.items()}}

    @classmethod
    def of(cls, state: dict[str, Any]) -> Scale:
        """What `state` gave."""
        quantiles = {int(column): np.array(found) for column, found in state["quantiles"].items()}
        return cls(np.array(state["mean"]), np.array(state["deviation"]), np.array(state["flagged"], dtype=np.int64), quantiles)


def placed(values: F32, quantiles: dict[int, F64]) -> F32:
    """`values` [n, F] with each of these columns as normal scores: the deviations at which its place would stand.

    Heavy tails, which a network would multiply, become a bell; ties share the middle of their places (Conover 1999, 5.3).
    """
    if not quantiles:
        return values
    values = values.copy()
    for column, found in quantiles.items():
        place = (np.searchsorted(found, values[:, column], "left") + np.searchsorted(found, values[:, column], "right")) / 2
        values[:, column] = np.where(np.isnan(values[:, column]), np.nan, normal_scores(place, len(found)))
    return values


def normal_scores(place: F64, count: int) -> F64:
    """The deviations at which places of `count` would stand."""
    from scipy.special import ndtri

    scores: F64 = ndtri(np.clip(place / count, 0.5 / count, 1 - 0.5 / count))
    return scores


def quantiles_of(values: F32) -> dict[int, F64]:
    """The quantiles of each column that takes many values; a column of a few levels keeps them."""
    found = {}
    for column in range(values.shape[1]):
        known = values[np.isfinite(values[:, column]), column]
        if len(np.unique(known[:LEVELS * 100])) > LEVELS:
            found[column] = np.quantile(known, np.linspace(0, 1, QUANTILES)).astype(np.float64)
    return found


def scale(values: F32, *, places: bool = False) -> Scale:
    """The scale of training values [n, F]; infinite values count as far out, not as missing.

    With `places`, a value's place among the training values stands for it.
    """
    quantiles = quantiles_of(values) if places else {}
    values = placed(values, quantiles)
    finite = np.isfinite(values)
    n = np.maximum(finite.sum(axis=0), 1)
    mean = np.sum(values, axis=0, where=finite, dtype=np.float64) / n
    deviation = np.sqrt(np.sum((values - mean) ** 2, axis=0, where=finite, dtype=np.float64) / n)
    flagged = np.flatnonzero(np.isnan(values).any(axis=0))
    return Scale(mean, np.where(deviation > 1e-9 * np.maximum(np.abs(mean), 1.0), deviation, 1.0), flagged, quantiles)


def by_feature(sizes: F64, names: tuple[str, ...], flagged: I64) -> dict[str, float]:
    """Sizes [F + flagged] of a scale's columns, a flag's counted with its column's."""
    return dict(zip(names, folded(sizes, len(names), flagged).tolist(), strict=True))


def folded(parts: F64, count: int, flagged: I64) -> F64:
    """What belongs to each of a scale's columns, [..., F + flagged], as [..., F]: a flag's counted with its column's."""
    total = parts[..., :count].copy()
    total[..., flagged] += parts[..., count:]
    return total


def log_odds(rates: F64) -> F32:
    """The logits [outputs] at which a network's outputs begin: of the rates of their labels, kept off 0 and 1."""
    rates = np.clip(rates, 1e-4, 1 - 1e-4)
    return np.log(rates / (1 - rates)).astype(np.float32)
