"""What a part has learnt must be numbers: a weight that is none would answer with nonsense, or with nothing."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from sevenfold.errors import BundleError

NAN = re.compile(rb"[\[,:]\s*-?NaN\b")  # as JSON writes it


def refuse_nan(folder: Path) -> None:
    """`BundleError` names the first `.npy` or `.json` file below a folder that holds a NaN; networks look as they are read."""
    for path in sorted(folder.rglob("*")):
        if (path.suffix == ".npy" and _in_array(path)) or (path.suffix == ".json" and NAN.search(path.read_bytes())):
            raise BundleError(str(path), "holds a weight that is not a number", "Fit the part again: run the design anew.")


def _in_array(path: Path) -> bool:
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError) as error:
        raise BundleError(str(path), f"cannot be read: {error}", "Build the bundle again with `sevenfold run`.") from error
    return array.dtype.kind == "f" and bool(np.isnan(array).any())
