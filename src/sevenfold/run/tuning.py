"""The parts of a solution, tuned on validation: as many trials for every part, what the document sets untouched.

What may be tuned a part says itself, in `space`: parameter → (lowest, highest, scale), the scale `log`, `linear` or
`whole`. The first trial is the part's defaults, so tuning never ends below them on the rows that it chose on.

A retriever learns from the newest `EVENTS` events, and is judged by the metric of the lists where it stands alone, else by
its recall: what it does not propose nobody can rank. A learner is judged by the metric, on what the tuned retrievers propose.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from sevenfold import features
from sevenfold.bundle.parts import following
from sevenfold.data.requests import Labelled, labelled
from sevenfold.data.splits import Cuts
from sevenfold.design.sections import Design, Part, Solution
from sevenfold.design.vocabulary import FUNNEL
from sevenfold.evaluation import predictions
from sevenfold.evaluation.metrics import REGISTRY, judge
from sevenfold.funnel.candidates import places
from sevenfold.funnel.pipeline import Pipeline
from sevenfold.nouns import F32, Data, Interactions, Rows
from sevenfold.registry import LEARNERS, REQUIRED, RETRIEVERS, Registry
from sevenfold.run.evaluate import unseen
from sevenfold.run.fit import Ready, interactions, learn, source

SEED = 0
LEARNT, JUDGED = 50_000, 50_000  # rows that a trial of a learner learns from and is judged on, at most
EVENTS, REQUESTS = 50_000, 500  # the same of a retriever
Space = Mapping[str, tuple[float, float, str]]


@dataclass(frozen=True, kw_only=True)
class Tuned:
    """What the trials of a part found: its parameters, and the metric on validation before and after."""

    trials: int
    metric: str
    default: float
    best: float
    params: Mapping[str, Any] = field(default_factory=dict)  # empty where the defaults stayed best


def settled(solution: Solution, found: Mapping[str, Tuned]) -> Solution:
    """The solution with the parameters that were found."""
    def with_found(part: Part) -> Part:
        return replace(part, params={**part.params, **found[part.name].params}) if part.name in found else part

    return replace(solution, retrieve=tuple(map(with_found, solution.retrieve)), rank=solution.rank and with_found(solution.rank),
                   predict=solution.predict and with_found(solution.predict))


def tune_retrievers(design: Design, solution: Solution, data: Data, cuts: Cuts,
                    known: dict[str, Tuned] | None = None) -> dict[str, Tuned]:
    """Retriever → the best of `evaluation.trials` settings of what the document leaves open.

    What is `known` of the same retriever in another solution is not tried again, and what is found is added to it.
    """
    spaces = {part.name: open_to(RETRIEVERS, part) for part in solution.retrieve}
    if not any(spaces.values()) or design.evaluation.trials < 2:
        return {}
    view = features.fit(design, data, cuts.frozen).over(data)
    learnt = newest(interactions(data, design, view, cuts.ranker_from), EVENTS)
    asked = unseen(labelled(data, design, cuts.validate_from, cuts.validate_until, limit=REQUESTS, seed=SEED), view)
    keep = design.serving.retrieve.keep or 500
    metric = design.evaluation.metric if len(solution.retrieve) == 1 and solution.rank is None else None

    def tuned(part: Part, space: Space) -> Tuned:
        def judged(params: Mapping[str, Any]) -> float:
            retriever = source(replace(part, params={**part.params, **params}))
            retriever.fit(learnt, seed=SEED)
            pipeline = Pipeline(retrievers={part.name: following(retriever, data)}, ranker=None, rerankers=(), view=view,
                                keep=keep, rank_keep=keep)
            return of_lists(pipeline, asked, metric)
        return best_of(design, RETRIEVERS, part, space, judged, 1.0, metric or f"recall@{keep}")

    known, found = {} if known is None else known, {}
    for part in solution.retrieve:
        if spaces[part.name]:
            key = f"{part} {metric}"
            found[part.name] = known[key] = known.get(key) or tuned(part, spaces[part.name])
    return found


def newest(learnt: Interactions, most: int) -> Interactions:
    """The last events of those given, at most so many."""
    columns = ("user", "item", "time", "grade")
    return replace(learnt, **{name: getattr(learnt, name)[-most:] for name in columns if getattr(learnt, name) is not None})


def of_lists(pipeline: Pipeline, asked: Labelled, metric: str | None) -> float:
    """The mean over requests of a metric of the ten best; without one, of the share of what is relevant that is proposed."""
    answers = pipeline.answer(asked.requests, 10 if metric else pipeline.keep)
    judged = judge(answers.items, asked.offsets, asked.relevant, asked.grade)
    return float(np.nanmean((REGISTRY[metric] if metric else REGISTRY["recall"])(judged)))


def tune(design: Design, ready: Ready) -> dict[str, Tuned]:
    """The best of `evaluation.trials` settings of the solution's learner; none tried where it leaves nothing open."""
    space = {} if ready.learner is None else open_to(LEARNERS, ready.learner)
    if not space or design.evaluation.trials < 2:
        return {}
    part = ready.learner
    assert part is not None
    assert ready.train is not None
    assert ready.validate is not None
    validate = first(ready.validate, JUDGED)
    some = replace(ready, train=first(ready.train, LEARNT), validate=validate)
    sign = -1.0 if design.evaluation.metric in predictions.LOWER else 1.0

    def judged(params: Mapping[str, Any]) -> float:
        parts = learn(design, replace(some, learner=replace(part, params={**part.params, **params})), SEED)
        assert parts.ranker is not None
        scores = parts.ranker[1].scores(validate)
        return worth(design, validate, parts.calibration(scores) if parts.calibration else scores, parts.threshold)

    return {part.name: best_of(design, LEARNERS, part, space, judged, sign, design.evaluation.metric)}


def best_of(design: Design, registry: Registry, part: Part, space: Space, judged: Callable[[Mapping[str, Any]], float],
            sign: float, metric: str) -> Tuned:
    """What trials of settings in a space find, the defaults first."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    schema = registry.schema(part.name)
    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=SEED, n_startup_trials=3))
    study.enqueue_trial({name: default for name in space if (default := schema[name][1]) not in (REQUIRED, None)})
    study.optimize(lambda trial: sign * judged({name: _suggested(trial, name, *bounds) for name, bounds in space.items()}),
                   n_trials=design.evaluation.trials)
    better = study.best_trial.number > 0
    return Tuned(trials=len(study.trials), metric=metric, params=dict(study.best_params) if better else {},
                 best=sign * float(study.best_value), default=sign * float(study.trials[0].values[0]))


def open_to(registry: Registry, part: Part) -> Space:
    """The parameters of a part that may be tuned: those that stand at their defaults."""
    schema = registry.schema(part.name)
    return {name: bounds for name, bounds in getattr(registry.get(part.name), "space", {}).items()
            if part.params.get(name, schema[name][1]) == schema[name][1]}


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
