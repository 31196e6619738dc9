"""A fitted pipeline's parts: features, retrievers, ranker, saved by themselves and found again by their names."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from sevenfold import features
from sevenfold.bundle.numbers import refuse_nan
from sevenfold.errors import BundleError
from sevenfold.funnel.calibration import Calibration
from sevenfold.funnel.pipeline import Pipeline
from sevenfold.nouns import Data, Visits
from sevenfold.registry import LEARNERS, RERANKERS, RETRIEVERS

DECISIONS = "decisions"  # what is kept beside what the parts chose: calibration and threshold


@dataclass(frozen=True, kw_only=True)
class Parts:
    """Everything of a pipeline that is fitted or chosen, without the data it answers from."""

    features: features.Features
    retrievers: Mapping[str, Any]
    ranker: tuple[str, Any] | None  # its name and the learner
    rerankers: tuple[tuple[str, Mapping[str, Any]], ...]  # names and parameters
    keep: int
    rank_keep: int
    quotas: Mapping[str, int] = field(default_factory=dict)
    calibration: Calibration | None = None
    threshold: float | None = None

    def over(self, data: Data) -> Pipeline:
        """The pipeline that answers from `data`; retrievers that can follow a log, such as popularity, do."""
        retrievers = {name: following(part, data) for name, part in self.retrievers.items()}
        for name, retriever in retrievers.items():
            _same_catalogue(name, retriever, len(data.items))
        return Pipeline(retrievers=retrievers, ranker=self.ranker[1] if self.ranker else None,
                        rerankers=tuple(RERANKERS.make(name, params) for name, params in self.rerankers),
                        view=self.features.over(data), keep=self.keep, rank_keep=self.rank_keep, quotas=self.quotas,
                        calibration=self.calibration, threshold=self.threshold)

    def kept(self) -> dict[str, dict[str, Any]]:
        """What each part chose on held-out rows (rounds, epochs): the parameters to fit it with again without them."""
        parts = {**self.retrievers, **({self.ranker[0]: self.ranker[1]} if self.ranker else {})}
        decisions = {"threshold": self.threshold, "calibration": self.calibration and asdict(self.calibration)}
        return {**{name: part.kept() for name, part in parts.items() if hasattr(part, "kept")}, DECISIONS: decisions}


def following(retriever: Any, data: Data) -> Any:
    """A retriever that can follow a log, following this one; any other as it is."""
    return retriever.following(data.log, len(data.items)) if hasattr(retriever, "following") else retriever


def _same_catalogue(name: str, retriever: Any, items: int) -> None:
    """Ask for a stranger: the answer has a column for each item that the retriever was fitted to."""
    stranger = Visits(time=np.zeros(1, np.int64), user=np.full(1, -1, np.int32), history=np.full((1, 2), -1, np.int32),
                      text=np.array([""], dtype=object))
    fitted = retriever.scores(stranger).shape[1]
    if fitted != items:
        raise BundleError(f"retrieve.{name}", f"was fitted to {fitted} items, the data have {items}",
                          "Use the data that the bundle was built with, or run the design again.")


def save(parts: Parts, folder: Path) -> None:
    """Write the parts into an empty folder."""
    for name in ("features", "ranker"):
        (folder / name).mkdir(parents=True)
    parts.features.save(folder / "features")
    for name, retriever in parts.retrievers.items():
        (folder / "retrievers" / name).mkdir(parents=True)
        retriever.save(folder / "retrievers" / name)
    if parts.ranker:
        parts.ranker[1].save(folder / "ranker")
    about = {"retrievers": list(parts.retrievers), "ranker": parts.ranker[0] if parts.ranker else None,
             "rerankers": [[name, dict(params)] for name, params in parts.rerankers],
             "keep": parts.keep, "rank_keep": parts.rank_keep, "quotas": dict(parts.quotas), "threshold": parts.threshold,
             "calibration": None if parts.calibration is None else asdict(parts.calibration)}
    (folder / "parts.json").write_text(json.dumps(about, indent=1, sort_keys=True), encoding="utf-8")


def load(folder: Path) -> Parts:
    """What `save` wrote."""
    about = json.loads((folder / "parts.json").read_text(encoding="utf-8"))
    ranker = about["ranker"]
    for fitted in ("retrievers", "ranker"):
        refuse_nan(folder / fitted)
    return Parts(
        features=features.load(folder / "features"),
        retrievers={name: RETRIEVERS.get(name).load(folder / "retrievers" / name) for name in about["retrievers"]},
        ranker=(ranker, LEARNERS.get(ranker).load(folder / "ranker")) if ranker else None,
        rerankers=tuple((name, params) for name, params in about["rerankers"]),
        keep=about["keep"], rank_keep=about["rank_keep"], quotas=about["quotas"], threshold=about["threshold"],
        calibration=None if about["calibration"] is None else _calibration(about["calibration"]))


def _calibration(written: Mapping[str, Any]) -> Calibration:
    return Calibration(slope=written["slope"], shift=written["shift"], said=tuple(written["said"]), seen=tuple(written["seen"]))
