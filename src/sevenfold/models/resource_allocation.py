"""A ranking by one feature alone, such as how much shared friends are worth: one number that explains itself."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from sevenfold.errors import ModelError, nearest
from sevenfold.models._inputs import columns
from sevenfold.nouns import F32, I64, Rows

WHERE = "resource_allocation"


class ResourceAllocation:
    """The score is the feature that `by` names, with its group (`pair.allocation`) or without; where it is missing, 0."""

    random = False

    def __init__(self, *, by: str = "allocation") -> None:
        self.by = by

    def fit(self, train: Rows, validate: Rows, *, seed: int) -> None:
        """Find the feature; `ModelError` where there is none of that name. Nothing is learnt."""
        self._holds(train.names)

    def kept(self) -> dict[str, Any]:
        """The parameters with which to fit again: nothing was chosen on validation."""
        return {}

    def scores(self, rows: Rows) -> F32:
        """The feature [n]."""
        return self.explain(rows)[:, self._column]

    def explain(self, rows: Rows) -> F32:
        """What each of what `weights` names adds to the score, [n, F]: the feature itself, and nothing of the others."""
        parts: F32 = np.nan_to_num(columns(rows, self.names, WHERE)) * (np.arange(len(self.names)) == self._column)
        return parts

    def grow(self, rows: I64) -> ResourceAllocation:
        """Itself: it holds nothing per item."""
        return self

    def weights(self) -> dict[str, float]:
        """1 for the feature, 0 for all others."""
        return {name: float(column == self._column) for column, name in enumerate(self.names)}

    def save(self, folder: Path) -> None:
        """Write `resource_allocation.json`."""
        (folder / "resource_allocation.json").write_text(json.dumps({"by": self.by, "names": self.names}), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> ResourceAllocation:
        """What `save` wrote."""
        state = json.loads((folder / "resource_allocation.json").read_text(encoding="utf-8"))
        self = cls(by=state["by"])
        self._holds(tuple(state["names"]))
        return self

    def _holds(self, names: tuple[str, ...]) -> None:
        found = [at for at, name in enumerate(names) if self.by in (name, name.partition(".")[2])]
        if not found:
            raise ModelError(f"{WHERE}.by", f"no feature is called '{self.by}'", nearest(self.by, names))
        self.names, self._column = names, found[0]
