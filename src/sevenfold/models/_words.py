"""What learners of text read of `Rows`: the words of a row in the order in which they were learnt."""

from __future__ import annotations

from typing import Any

import numpy as np

from sevenfold.errors import ModelError, nearest
from sevenfold.nouns import F64, Rows


def words(rows: Rows, names: tuple[str, ...], where: str) -> Any:
    """CSR [n, names], whatever the order in `rows`; `ModelError` names a missing one."""
    if rows.word_names == names:
        return rows.words
    place = {name: column for column, name in enumerate(rows.word_names)}
    for name in names:
        if name not in place:
            raise ModelError(where, f"needs the feature '{name}', which the rows do not have", nearest(name, place))
    return rows.words[:, [place[name] for name in names]]


def spreads(found: Any) -> F64:
    """[words] the deviation of each column of CSR [n, words]."""
    mean, square = (np.asarray(each.mean(axis=0), dtype=np.float64).ravel() for each in (found, found.power(2)))
    return np.sqrt(np.maximum(square - mean**2, 0.0))
