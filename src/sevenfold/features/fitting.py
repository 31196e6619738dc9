"""Features fitted on the past, kept in two files: `features.json` and `features.npz`."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from sevenfold.data.labels import is_numeric, label_columns
from sevenfold.design.expression import parse
from sevenfold.design.sections import Design, Part
from sevenfold.design.vocabulary import TASKS
from sevenfold.errors import BundleError, DesignError
from sevenfold.features.past import Fitted, Past
from sevenfold.features.present import Present
from sevenfold.features.view import TEXT, Feature, View
from sevenfold.features.window import LABEL, Waits
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
    late: tuple[str, ...] = ()  # columns of the log that are written after their event
    asks: str | None = None  # the column that holds what a request's text says
    withheld: str = "seen"  # what is never an answer: see design.vocabulary.Task

    @property
    def names(self) -> tuple[str, ...]:
        """The columns of `Rows.values`."""
        return tuple(name for feature in self.features if feature.group != TEXT for name in feature.names)

    def over(self, data: Data) -> View:
        """These features over a log, indexed once."""
        return View(self.features, Present(data, self.waits(data)), self.history, self.asks, self.withheld)

    def waits(self, data: Data) -> Waits:
        """How long each column of the log is waited for."""
        # a label of the row's own event is known only after its window; a positive event of others at its arrival
        act = data.label_wait if self.label_is_own or data.impressions else 0
        return Waits(label=data.label_wait, act=act, late=frozenset(self.late))

    def save(self, folder: Path) -> None:
        """Write both files into a folder."""
        folder.mkdir(parents=True, exist_ok=True)
        features = {feature.path: {"part": asdict(feature.part), "columns": feature.fitted.columns}
                    for feature in self.features}
        facts = {"cut": self.cut, "history": self.history, "label_is_own": self.label_is_own, "late": self.late,
                 "asks": self.asks, "withheld": self.withheld, "features": features}
        arrays: dict[str, Any] = {f"{feature.path}/{name}": array
                                  for feature in self.features for name, array in feature.fitted.state.items()}
        (folder / "features.json").write_text(json.dumps(facts, indent=1), encoding="utf-8")
        np.savez(folder / "features.npz", **arrays)


def withheld(design: Design) -> str:
    """What is never an answer: what the task leaves out, unless the document lets it come again."""
    return "nothing" if design.framing.answer.again else TASKS[design.framing.task].withheld


def fit(design: Design, data: Data, cut: int) -> Features:
    """Fit every feature of a design on what was available strictly before `cut` (µs)."""
    fitted, history = [], HISTORY
    bare = Features(features=(), cut=cut, label_is_own=design.framing.label.own, late=tuple(sorted(late_columns(design))),
                    asks=text_column(design), withheld=withheld(design))
    for group, named in design.data.features.items():
        if group not in (*GROUPS, TEXT):
            raise DesignError(f"data.features.{group}", f"features of '{group}' cannot be computed as of a moment",
                              f"The groups are {', '.join(GROUPS)}.")
        for name, part in named.items():
            part = _of_numbers(part, design)
            if group == TEXT and part.params.get(part.name) != bare.asks:
                raise DesignError(f"data.features.text.{name}", f"reads '{part.params.get(part.name)}', expected '{bare.asks}'",
                                  "Name its column in data.events.text, so that a request brings the text.")
            past = Past(where=f"data.features.{group}.{name}", group=group, data=data, cut=cut,
                        waits=bare.waits(data), clock=design.data.events.time)
            kind = FEATURES.make(part.name, part.params)
            fitted.append(Feature(path=f"{group}.{name}", part=part, kind=kind, fitted=kind.fit(past)))
            if part.name == "last" and kind.last == "item":
                history = kind.n
    return replace(bare, features=tuple(fitted), history=history)


def _of_numbers(part: Part, design: Design) -> Part:
    """The part with the label's own column in place of the word, where the label is a number: {mean: label} of ratings."""
    if not is_numeric(design):
        return part
    (column,) = label_columns(design) - {*design.framing.label.also}
    return Part(part.name, {key: column if value == LABEL else value for key, value in part.params.items()})


def text_column(design: Design) -> str | None:
    """The column of what is typed or written: the events' own text, or that of a query."""
    queries = design.data.queries
    return design.data.events.text or (queries.text[0] if queries is not None and queries.text else None)


def late_columns(design: Design) -> set[str]:
    """The columns of the log that are written after their event: those that labels read, and outcomes."""
    label = design.framing.label
    weak = parse(label.weak).columns() if label.weak else ()
    return {*label_columns(design), *weak, *label.also, *design.data.events.outcomes}


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
    return Features(features=tuple(features), late=tuple(facts.pop("late", ())), **facts)
