"""The learner of a solution, tuned on validation: as many trials for every solution, what the document sets untouched.

What may be tuned a learner says itself, in `space`: parameter → (lowest, highest, scale), the scale `log`, `linear` or
`whole`. The first trial is the learner's defaults, so tuning never ends below them on the rows that it chose on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from sevenfold.design.sections import Design
from sevenfold.design.vocabulary import FUNNEL
from sevenfold.evaluation import predictions
from sevenfold.evaluation.metrics import REGISTRY, judge
from sevenfold.funnel.candidates import places
from sevenfold.nouns import F32, Rows
from sevenfold.registry import LEARNERS, REQUIRED
from sevenfold.run.fit import Ready, learn

SEED = 0
LEARNT, JUDGED = 50_000, 50_000  # rows that a trial learns from and is judged on, at most


@dataclass(frozen=True, kw_only=True)
class Tuned:
    """What the trials found: parameters of the learner, and the primary metric on validation before and after."""

    trials: int = 0
    params: Mapping[str, Any] = field(default_factory=dict)  # empty where the defaults stayed best
    default: float | None = None
    best: float | None = None


def tune(design: Design, ready: Ready) -> Tuned:
    """The best of `evaluation.trials` settings of the solution's learner; none tried where it leaves nothing open."""
    space = open_to(ready)
    if not space or design.evaluation.trials < 2:
        return Tuned()
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    assert ready.train is not None
    assert ready.validate is not None
    assert ready.learner is not None
    validate = first(ready.validate, JUDGED)
    some = replace(ready, train=first(ready.train, LEARNT), validate=validate)
    schema, sign = LEARNERS.schema(ready.learner.name), -1.0 if design.evaluation.metric in predictions.LOWER else 1.0

    def trial(proposed: Any) -> float:
        parts = learn(design, some, SEED, tuned={name: _suggested(proposed, name, *bounds) for name, bounds in space.items()})
        assert parts.ranker is not None
        scores = parts.ranker[1].scores(validate)
        return sign * worth(design, validate, parts.calibration(scores) if parts.calibration else scores, parts.threshold)

    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=SEED, n_startup_trials=3))
    study.enqueue_trial({name: default for name in space if (default := schema[name][1]) not in (REQUIRED, None)})
    study.optimize(trial, n_trials=design.evaluation.trials)
    better = study.best_trial.number > 0
    return Tuned(trials=len(study.trials), params=dict(study.best_params) if better else {}, best=sign * float(study.best_value),
                 default=sign * float(study.trials[0].values[0]))


def first(rows: Rows, most: int) -> Rows:
    """The rows of the earliest requests, at most so many."""
    if len(rows) <= most:
        return rows
    end = int(np.searchsorted(rows.request, rows.request[most]))  # a request's rows stay together
    requests = int(rows.request[end])
    kept = {name: getattr(rows, name)[:end] for name in ("values", "request", "user", "item", "label", "words")
            if getattr(rows, name) is not None}
    actions = rows.actions and {name: values[:end] for name, values in rows.actions.items()}
    return replace(rows, **kept, actions=actions, history=rows.history[:requests],
                   text=None if rows.text is None else rows.text[:requests])


def open_to(ready: Ready) -> dict[str, tuple[float, float, str]]:
    """The parameters of a solution's learner that may be tuned: those that stand at their defaults."""
    part = ready.learner
    if part is None:
        return {}
    schema = LEARNERS.schema(part.name)
    return {name: bounds for name, bounds in getattr(LEARNERS.get(part.name), "space", {}).items()
            if part.params.get(name, schema[name][1]) == schema[name][1]}


def _suggested(trial: Any, name: str, low: float, high: float, scale: str) -> Any:
    if scale == "whole":
        return trial.suggest_int(name, int(low), int(high))
    return trial.suggest_float(name, low, high, log=scale == "log")


def worth(design: Design, rows: Rows, scores: F32, threshold: float | None) -> float:
    """The primary metric of scores on rows with labels."""
    assert rows.label is not None
    metric = design.evaluation.metric
    if design.framing.task in FUNNEL:
        return _of_lists(metric, rows, scores)
    yes = scores >= (np.inf if threshold is None else threshold)
    one = predictions.Answered(scores.astype(np.float64), yes.astype(np.float64), rows.label.astype(np.float64))
    return float((predictions.OF_CLASSES | predictions.OF_NUMBERS)[metric](one)(np.ones((1, len(scores))))[0])


def _of_lists(metric: str, rows: Rows, scores: F32, k: int = 10) -> float:
    """The mean over requests of a metric of lists, each request's rows in the order of their scores."""
    assert rows.label is not None
    order = np.lexsort((rows.item, -scores, rows.request))
    place, request = places(rows.request[order]), rows.request[order]
    shown = np.full((len(rows.groups), k), -1, dtype=np.int32)
    number = np.unique(rows.request, return_inverse=True)[1].astype(np.int32)[order]
    shown[number[place < k], place[place < k]] = rows.item[order][place < k]
    relevant = np.flatnonzero(rows.label > 0)
    of_request = np.unique(rows.request, return_inverse=True)[1][relevant]
    offsets = np.concatenate([[0], np.cumsum(np.bincount(of_request, minlength=len(shown)))])
    found = REGISTRY[metric](judge(shown, offsets, rows.item[relevant], rows.label[relevant]))
    return float(np.nanmean(found)) if len(request) else 0.0
