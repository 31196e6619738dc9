"""Fitting one solution without letting its stages read each other's rows.

Retrievers learn from the positive events before `cuts.ranker_from`; the ranker from the requests between `ranker_from`
and `train_until`, on the candidates that these very retrievers propose for them; it stops early on the requests between
`validate_from` and `validate_until`. Encoders and priors are frozen at `ranker_from`.

Where each request asks about one item, its learner takes every row before `train_until`, less the negatives that the
document drops, and is calibrated on the requests of validation.

Of each request the ranker learns from what proved relevant and from `NEGATIVES` other candidates of its own: of `unseen`
negatives a draw of them; of `shown` ones first those that were shown and not acted on, each kept with the document's
chance, then a draw of the rest.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa

from sevenfold import features
from sevenfold.audit import stages_apart
from sevenfold.bundle.parts import DECISIONS, Parts
from sevenfold.data.labels import targets
from sevenfold.data.requests import Labelled, labelled
from sevenfold.data.splits import Cuts
from sevenfold.design.sections import Design, Part, Solution
from sevenfold.design.vocabulary import CLASSES, COMMON
from sevenfold.errors import DataError
from sevenfold.features import View
from sevenfold.funnel.calibration import (
    Calibration,
    chosen,
    of_sample,
    then,
    threshold_at_precision,
    threshold_at_recall,
    threshold_of_costs,
)
from sevenfold.funnel.candidates import places
from sevenfold.funnel.pipeline import Pipeline, given
from sevenfold.nouns import F32, I32, I64, Array, Bools, Candidates, Data, Interactions, Rows
from sevenfold.registry import LEARNERS, RETRIEVERS

TRAIN_REQUESTS, VALIDATE_REQUESTS = 4_000, 1_500
EXAMPLES = 2_000_000  # that a prediction learns from, at most
NEGATIVES = 50  # per request, drawn from its candidates
Kept = Mapping[str, Mapping[str, Any]]  # part → the parameters that an earlier fit chose
CHUNK = 256  # requests worked on at once


@dataclass(frozen=True, kw_only=True)
class Ready:
    """A solution up to its learner: everything before it fitted, and the rows to learn from and to choose on."""

    parts: Parts
    learner: Part | None
    train: Rows | None = None
    validate: Rows | None = None  # None where nothing is chosen again


def fit(design: Design, solution: Solution, data: Data, cuts: Cuts, seed: int, kept: Kept | None = None) -> Parts:
    """All parts of `solution`, fitted; with what an earlier fit `kept`, nothing is chosen on validation again."""
    return learn(design, prepare(design, solution, data, cuts, seed, kept), seed, kept)


def prepare(design: Design, solution: Solution, data: Data, cuts: Cuts, seed: int, kept: Kept | None = None) -> Ready:
    """A solution up to its learner."""
    stages = _about_items if solution.predict is not None else _funnel
    return stages(design, solution, data, cuts, seed, kept)


def learn(design: Design, ready: Ready, seed: int, kept: Kept | None = None) -> Parts:
    """The whole solution, its learner fitted; of a prediction also calibrated, its threshold chosen."""
    if ready.learner is None or ready.train is None:
        return ready.parts
    part = ready.learner
    learner = LEARNERS.make(part.name, _params(part, kept, weights_of(design, part)))
    learner.fit(ready.train, ready.train if ready.validate is None else ready.validate, seed=seed)
    parts = replace(ready.parts, ranker=(part.name, learner))
    if ready.parts.retrievers:
        return parts
    return replace(parts, **(_decided(design, learner, ready.validate) if ready.validate is not None else _decisions(kept or {})))


def _funnel(design: Design, solution: Solution, data: Data, cuts: Cuts, seed: int, kept: Kept | None) -> Ready:
    """Retrievers fitted, and what they propose for later requests as rows."""
    frozen = features.fit(design, data, cuts.frozen)
    view = frozen.over(data)
    retrievers = {part.name: source(part, kept) for part in solution.retrieve}
    learnt = interactions(data, design, view, cuts.ranker_from)
    for retriever in retrievers.values():
        retriever.fit(learnt, seed=seed)
    rerankers = tuple((part.name, part.params) for part in solution.rerank)
    keep = design.serving.retrieve.keep or 500
    quotas = {part.name: int(part.params["quota"]) for part in solution.retrieve if part.params.get("quota") is not None}
    parts = Parts(features=frozen, retrievers=retrievers, ranker=None, rerankers=rerankers, keep=keep, quotas=quotas,
                  rank_keep=keep if solution.rank is None else design.serving.rank.keep or 100)
    if solution.rank is None:
        return Ready(parts=parts, learner=None)
    pipeline, share = parts.over(data), _kept_share(design)
    train = labelled(data, design, cuts.ranker_from, cuts.train_until, limit=TRAIN_REQUESTS, seed=seed, learn=True)
    validate = None if kept is not None else labelled(data, design, cuts.validate_from, cuts.validate_until,
                                                      limit=VALIDATE_REQUESTS, seed=seed)
    stages_apart(frozen.cut, learnt.time, train.requests.time, None if validate is None else validate.requests.time)
    most = _most(design)
    return Ready(parts=parts, learner=solution.rank, train=examples(pipeline, train, seed, share, most),
                 validate=None if validate is None else examples(pipeline, validate, seed, share, most))


def _about_items(design: Design, solution: Solution, data: Data, cuts: Cuts, seed: int, kept: Kept | None) -> Ready:
    """All rows before validation, less the negatives that the document drops; and those of validation."""
    assert solution.predict is not None
    parts = Parts(features=features.fit(design, data, cuts.frozen), retrievers={}, ranker=None, rerankers=(), keep=1, rank_keep=1)
    pipeline, share = parts.over(data), _kept_share(design)
    train = labelled(data, design, cuts.start, cuts.train_until, limit=EXAMPLES, seed=seed, learn=True)
    if share is not None:
        train = _sampled(train, share, seed)
    validate = None if kept is not None else about(
        pipeline, labelled(data, design, cuts.validate_from, cuts.validate_until, limit=EXAMPLES, seed=seed))
    return Ready(parts=parts, learner=solution.predict, train=about(pipeline, train), validate=validate)


def weights_of(design: Design, part: Part) -> dict[str, Any]:
    """What each action weighs, for a learner that predicts several."""
    label = design.framing.label
    return {"weights": {label.is_: 1.0, **label.also}} if getattr(LEARNERS.get(part.name), "actions", False) else {}


def _decided(design: Design, learner: Any, validate: Rows) -> dict[str, Any]:
    """Calibration and threshold, chosen on validation."""
    assert validate.label is not None
    scores = learner.scores(validate)
    calibration = _calibrated(design, scores, validate.label, _kept_share(design))
    scores = calibration(scores) if calibration else scores
    return {"calibration": calibration, "threshold": _threshold(design, scores, validate.label)}


def about(pipeline: Pipeline, asked: Labelled) -> Rows:
    """The rows of requests that each ask about one item, with what is to be predicted as their label."""
    return replace(pipeline.rows(asked.requests, given(asked.requests)), label=asked.grade)


def _sampled(asked: Labelled, keep: float, seed: int) -> Labelled:
    """The same with the share `keep` of the negatives, each drawn by itself."""
    rows = np.flatnonzero((asked.grade > 0) | (np.random.default_rng(seed).random(len(asked)) < keep))
    return replace(asked, requests=asked.requests.take(rows), relevant=asked.relevant[rows], grade=asked.grade[rows],
                   offsets=np.arange(len(rows) + 1))


def _calibrated(design: Design, scores: F32, label: F32, share: float | None) -> Calibration | None:
    """What makes probabilities of scores, where the framing asks for a probability or weighs costs by one."""
    if design.framing.task not in CLASSES:
        return None
    first = of_sample(share) if share is not None and design.framing.label.recalibrate else Calibration()
    return then(first, chosen(first(scores), label))


def _threshold(design: Design, scores: F32, label: F32) -> float | None:
    """From which probability on the answer is yes: at the stated precision or recall on validation, else by the costs."""
    framing, at = design.framing, design.evaluation.at
    if framing.task not in CLASSES:
        return None
    if "precision" in at:
        return threshold_at_precision(scores, label, at["precision"])
    if "recall" in at:
        return threshold_at_recall(scores, label, at["recall"])
    return threshold_of_costs(framing.costs.false_positive, framing.costs.false_negative) if framing.costs else 0.5


def _decisions(kept: Kept) -> dict[str, Any]:
    """The calibration and the threshold that an earlier fit chose."""
    found = kept[DECISIONS]
    calibration = found["calibration"]
    return {"threshold": found["threshold"], "calibration": None if calibration is None else Calibration(**calibration)}


def _most(design: Design) -> int:
    """How many negatives a request has: what the document says of friends of friends, whom such retrievers propose."""
    negatives = design.framing.label.negatives
    return int(negatives.params["n"]) if negatives and negatives.name == "friends_of_friends" else NEGATIVES


def _kept_share(design: Design) -> float | None:
    negatives = design.framing.label.negatives
    return float(negatives.params["keep"]) if negatives and negatives.name == "shown" else None


def _params(part: Part, kept: Kept | None, chosen: Mapping[str, Any] | None = None) -> dict[str, Any]:
    return {**part.params, **(chosen or {}), **(kept or {}).get(part.name, {})}


def source(part: Part, kept: Kept | None = None) -> Any:
    """The retriever that a section names; what is said of every retriever is not its maker's."""
    params = _params(part, kept)
    return RETRIEVERS.make(part.name, {name: params[name] for name in params.keys() - COMMON["retriever"].keys()})


def interactions(data: Data, design: Design, view: View, cut: int) -> Interactions:
    """The positive events known to be positive strictly before `cut`; younger ones are not mature."""
    log = data.log
    mine = log.positive & (log.available + view.act_wait < cut) & (log.item >= 0)
    documents, queries = ({name: written(entities.table, name) for name in (declared.text if declared else ())}
                          for declared, entities in ((design.data.items, data.items), (design.data.queries, data.users)))
    return Interactions(user=log.user[mine], item=log.item[mine], time=log.time[mine], users=len(data.users),
                        items=len(data.items), cut=cut, content=view.content, documents=documents,
                        queries=next(iter(queries.values()), None),
                        grade=targets(design, log.table.take(pa.array(np.flatnonzero(mine)))))


def written(table: pa.Table, name: str) -> Array:
    """[rows] a column of text, empty where there is none."""
    return np.array([one or "" for one in table[name].to_pylist()], dtype=object)


def examples(pipeline: Pipeline, asked: Labelled, seed: int, keep: float | None = None, most: int = NEGATIVES) -> Rows:
    """Each request's candidates as rows with labels: all that proved relevant, and a draw of the others.

    With `keep`, the share of what was shown in vain that is learnt from, these come before the others. `most` of them a request.
    """
    rng = np.random.default_rng(seed)
    chunks = [_chunk(pipeline, asked, start, rng, keep, most) for start in range(0, len(asked.requests), CHUNK)]
    rows = concatenate([chunk for chunk in chunks if len(chunk)])
    if rows is None:
        raise DataError("solutions", "no request has a relevant item among its candidates, so the ranker has nothing "
                        "to learn from", "Retrieve more (serving.retrieve.keep) or from more sources.")
    return rows


def _chunk(pipeline: Pipeline, asked: Labelled, start: int, rng: np.random.Generator, keep: float | None, most: int) -> Rows:
    part = asked.part(start, start + CHUNK)
    candidates = pipeline.retrieve(part.requests)
    label = told(candidates, part.offsets, part.relevant, part.grade, pipeline.view.items)
    shown = None if keep is None or part.shown is None else among(candidates, *part.shown, pipeline.view.items)
    kept = np.flatnonzero(draw(candidates, label, rng, shown, keep, most))
    rows = pipeline.rows(part.requests, candidates.take(kept))
    followed = {name: told(candidates.take(kept), *part.shown, values, pipeline.view.items)
                for name, values in part.actions.items()} if part.shown else {}
    return replace(rows, label=label[kept], actions=followed or None)


def told(candidates: Candidates, offsets: I64, sets: I32, values: F32, items: int) -> F32:
    """[n] the value of each candidate in its request's set; 0 where it is not in it."""
    owner = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
    keys, wanted = owner * np.int64(items) + sets, candidates.request * np.int64(items) + candidates.item
    if not len(keys):
        return np.zeros(len(wanted), dtype=np.float32)
    at = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[at] == wanted, values[at], np.float32(0.0))


def among(candidates: Candidates, offsets: I64, sets: I32, items: int) -> Bools:
    """[n] whether a candidate is in its request's set."""
    owner = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
    return np.isin(candidates.request * np.int64(items) + candidates.item, owner * np.int64(items) + sets)


def draw(candidates: Candidates, label: F32, rng: np.random.Generator, shown: Bools | None = None,
         keep: float | None = None, most: int = NEGATIVES) -> Any:
    """Which rows to learn from: of requests with a relevant candidate, these and `most` others, as a mask."""
    useful = np.bincount(candidates.request, weights=label > 0, minlength=1)[candidates.request] > 0
    turn = rng.random(len(label))
    if shown is not None:
        vain = shown & (label == 0)
        kept = turn < (keep or 0.0)
        turn[vain] = np.where(kept, turn - 1, np.inf)[vain]  # first of all, or never
        useful &= np.isfinite(turn)
    order = np.lexsort((turn, -label, candidates.request))
    place = places(candidates.request[order])
    relevant = np.bincount(candidates.request, weights=label > 0, minlength=1)[candidates.request[order]]
    chosen = np.zeros(len(label), dtype=bool)
    chosen[order] = place < relevant + most
    return chosen & useful


def concatenate(chunks: list[Rows]) -> Rows | None:
    """Rows of several batches as one batch, requests numbered on."""
    if not chunks:
        return None
    firsts: I64 = np.cumsum([0, *(len(chunk.history) for chunk in chunks)])[:-1]
    columns: dict[str, Any] = {name: np.concatenate([getattr(chunk, name) for chunk in chunks])
               for name in ("values", "user", "item", "history", "label", "text")
                               if getattr(chunks[0], name) is not None}
    request = np.concatenate([chunk.request + first for chunk, first in zip(chunks, firsts, strict=True)])
    followed = {name: np.concatenate([(chunk.actions or {})[name] for chunk in chunks]) for name in chunks[0].actions or ()}
    return Rows(names=chunks[0].names, items=chunks[0].items, request=request.astype(np.int32), actions=followed or None,
                **columns)
