"""What learners of ids share: tables by code whose last row is everyone that nobody knows."""

from __future__ import annotations

from typing import Any

import numpy as np

from sevenfold.nouns import F64, I32, I64, Array


def known(codes: I32, count: int) -> I64:
    """Codes as rows of a table of `count` rows and a last one for the unknown."""
    return np.where((codes >= 0) & (codes < count), codes, count).astype(np.int64)


def looked_up(table: Array, codes: I32) -> Any:
    """The row of each code in a table [count + 1, …]."""
    return table[known(codes, len(table) - 1)]


def grown(table: Array, rows: I64) -> Any:
    """The table [count + 1, …] of a catalogue whose item j copies item `rows[j]`."""
    return table[np.append(rows, len(table) - 1)]


def shrunk(values: F64, codes: I64, count: int, prior: float) -> F64:
    """[count + 1] the mean of the values of each code, drawn to 0 as if `prior` more of them were 0; the last is 0."""
    total, n = np.bincount(codes, values, count + 1), np.bincount(codes, minlength=count + 1)
    mean: F64 = np.divide(total, n + prior, out=np.zeros(count + 1), where=n + prior > 0)
    mean[count] = 0.0
    return mean
