"""What retrievers share: histories as flat arrays, choices as a sparse matrix, artefacts as open files."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from sevenfold.errors import ModelError
from sevenfold.nouns import I32, I64, Array, Interactions


def flat(history: I32, items: int) -> tuple[I64, I64, I64]:
    """Each distinct item of each history [B, H] once: its row, its code (rising within a row) and its newest place.

    Padding, and codes of items that came after the fit, are left out.
    """
    row, place = np.nonzero((history >= 0) & (history < items))
    key, first = np.unique(row * items + history[row, place], return_index=True)
    return key // items, key % items, place[first]


def choices(where: str, interactions: Interactions) -> Any:
    """Who chose what, as a CSR matrix [users, items] of float32 ones: each pair once, however often it happened."""
    from scipy.sparse import csr_matrix

    some(where, interactions)
    each = np.ones(len(interactions.item), np.float32), (interactions.user, interactions.item)
    chosen = csr_matrix(each, shape=(interactions.users, interactions.items))  # repeats are summed, items rise
    chosen.data[:] = 1
    return chosen


def some(where: str, interactions: Interactions) -> None:
    """Refuse to learn from nothing."""
    if len(interactions.item) == 0:
        raise ModelError(where, "got no positive event before the cut, expected at least one",
                         "Loosen the label's expression, or let the log begin earlier.")


def above_zero(where: str, **values: float | None) -> None:
    """Refuse parameters that are not above zero (None is left alone)."""
    for name, value in values.items():
        if value is not None and not value > 0:
            raise ModelError(f"{where}.{name}", f"got {value}, expected a number above 0",
                             f"Leave {name} out to get its default.")


def parameters(part: Any) -> dict[str, Any]:
    """With what a part was made."""
    return {name: getattr(part, name) for name in type(part).__init__.__kwdefaults__}


def room(where: str, needed: int) -> None:
    """Refuse an array that the free memory of this machine does not hold."""
    import psutil

    free = psutil.virtual_memory().available
    if needed > free:
        raise ModelError(where, f"needs {needed} bytes of memory, {free} are free",
                         "Use a smaller catalogue, a smaller model or a larger machine.")


def save(folder: Path, params: Mapping[str, Any], arrays: Mapping[str, Array]) -> None:
    """Write a part as `parameters.json` and one `.npy` per array."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "parameters.json").write_text(json.dumps(dict(params), sort_keys=True) + "\n", encoding="utf-8")
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", array, allow_pickle=False)


def load(folder: Path) -> tuple[dict[str, Any], dict[str, Array]]:
    """What `save` wrote: the parameters, and the arrays by name."""
    try:
        params = json.loads((folder / "parameters.json").read_text(encoding="utf-8"))
        arrays = {path.stem: np.load(path, allow_pickle=False) for path in sorted(folder.glob("*.npy"))}
    except (OSError, ValueError) as error:
        raise ModelError(str(folder), f"cannot be read: {error}",
                         "Build the bundle again with `sevenfold run`.") from error
    return params, arrays
