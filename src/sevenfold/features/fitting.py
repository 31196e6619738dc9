"""Features fitted on the past, kept in two files: `features.json` and `features.npz`."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from sevenfold.design.sections import Design, Part
from sevenfold.errors import BundleError, DesignError
from sevenfold.features.past import Fitted, Past
from sevenfold.features.present import Present
from sevenfold.features.view import Feature, View
from sevenfold.nouns import Data
from sevenfold.registry import FEATURES

GROUPS = ("user", "item", "context", "pair")
HISTORY = 50


@dataclass(frozen=True, kw_only=True)
class Features:
    """The features of a design, their encoders and priors frozen at `cut`."""

    features: tuple[Feature, ...]
    cut: int
    history: int = HISTORY  # how many positive items a model sees: the n of `{last: item, n}`
    label_is_own: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """The columns of `Rows.values`."""
        return tuple(name for feature in self.features for name in feature.names)

    def over(self, data: Data) -> View:
        """These features over a log, indexed once."""
        return View(self.features, Present(data, self.label_is_own), self.history)

    def save(self, folder: Path) -> None:
        """Write both files into a folder."""
        folder.mkdir(parents=True, exist_ok=True)
        features = {feature.path: {"part": asdict(feature.part), "columns": feature.fitted.columns}
                    for feature in self.features}
        facts = {"cut": self.cut, "history": self.history, "label_is_own": self.label_is_own, "features": features}
        arrays: dict[str, Any] = {f"{feature.path}/{name}": array
                                  for feature in self.features for name, array in feature.fitted.state.items()}
        (folder / "features.json").write_text(json.dumps(facts, indent=1), encoding="utf-8")
        np.savez(folder / "features.npz", **arrays)


def fit(design: Design, data: Data, cut: int) -> Features:
    """Fit every feature of a design on what was available strictly before `cut` (µs)."""
    fitted, history = [], HISTORY
    for group, named in design.data.features.items():
        if group not in GROUPS:
            raise DesignError(f"data.features.{group}", f"features of '{group}' cannot be computed as of a moment",
                              f"The groups are {', '.join(GROUPS)}.")
        for name, part in named.items():
            past = Past(where=f"data.features.{group}.{name}", group=group, data=data, cut=cut,
                        clock=design.data.events.time)
            kind = FEATURES.make(part.name, part.params)
            fitted.append(Feature(path=f"{group}.{name}", part=part, kind=kind, fitted=kind.fit(past)))
            if part.name == "last" and kind.last == "item":
                history = kind.n
    return Features(features=tuple(fitted), cut=cut, history=history, label_is_own=design.framing.label.own)


def load(folder: Path) -> Features:
    """Read what `Features.save` wrote."""
    try:
        facts = json.loads((folder / "features.json").read_text(encoding="utf-8"))
        with np.load(folder / "features.npz", allow_pickle=False) as arrays:
            states: dict[str, dict[str, Any]] = {path: {} for path in facts["features"]}
            for name, array in arrays.items():
                path, _, key = name.rpartition("/")
                states[path][key] = array
    except (OSError, ValueError, KeyError) as error:
        raise BundleError(str(folder), f"the features cannot be read: {error}", "Build the bundle again.") from error
    features = []
    for path, saved in facts.pop("features").items():
        part = Part(**saved["part"])
        features.append(Feature(path=path, part=part, kind=FEATURES.make(part.name, part.params),
                                fitted=Fitted(states[path], tuple(saved["columns"]))))
    return Features(features=tuple(features), **facts)
