"""Fitting one solution without letting its stages read each other's rows.

Retrievers learn from the positive events before `cuts.ranker_from`; the ranker from the requests between `ranker_from`
and `train_until`, on the candidates that these very retrievers propose for them; it stops early on the requests between
`validate_from` and `validate_until`. Encoders and priors are frozen at `ranker_from`.

Of each request the ranker learns from what proved relevant and from `NEGATIVES` other candidates of its own: of `unseen`
negatives a draw of them; of `shown` ones first those that were shown and not acted on, each kept with the document's
chance, then a draw of the rest.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from sevenfold import features
from sevenfold.audit import stages_apart
from sevenfold.bundle.parts import Parts
from sevenfold.data.requests import Labelled, labelled
from sevenfold.data.splits import Cuts
from sevenfold.design.sections import Design, Part, Solution
from sevenfold.errors import DataError
from sevenfold.features import View
from sevenfold.funnel.candidates import places
from sevenfold.funnel.pipeline import Pipeline
from sevenfold.nouns import F32, I32, I64, Bools, Candidates, Data, Interactions, Rows
from sevenfold.registry import LEARNERS, RETRIEVERS

TRAIN_REQUESTS, VALIDATE_REQUESTS = 4_000, 1_500
NEGATIVES = 100  # per request, drawn from its candidates
Kept = Mapping[str, Mapping[str, Any]]  # part → the parameters that an earlier fit chose
CHUNK = 256  # requests worked on at once


def fit(design: Design, solution: Solution, data: Data, cuts: Cuts, seed: int, kept: Kept | None = None) -> Parts:
    """All parts of `solution`, fitted; with what an earlier fit `kept`, nothing is chosen on validation again."""
    frozen = features.fit(design, data, cuts.ranker_from)
    view = frozen.over(data)
    retrievers = {part.name: RETRIEVERS.make(part.name, _params(part, kept)) for part in solution.retrieve}
    learnt = interactions(data, view, cuts.ranker_from)
    for retriever in retrievers.values():
        retriever.fit(learnt, seed=seed)
    rerankers = tuple((part.name, part.params) for part in solution.rerank)
    keep = design.serving.retrieve.keep or 500
    parts = Parts(features=frozen, retrievers=retrievers, ranker=None, rerankers=rerankers, keep=keep,
                  rank_keep=keep if solution.rank is None else design.serving.rank.keep or 100)
    if solution.rank is None:
        return parts
    ranker = LEARNERS.make(solution.rank.name, _params(solution.rank, kept))
    pipeline = parts.over(data)
    train = labelled(data, design, cuts.ranker_from, cuts.train_until, limit=TRAIN_REQUESTS, seed=seed)
    negatives = design.framing.label.negatives
    share = float(negatives.params["keep"]) if negatives and negatives.name == "shown" else None
    validate = train if kept is not None else labelled(data, design, cuts.validate_from, cuts.validate_until,
                                                       limit=VALIDATE_REQUESTS, seed=seed)
    stages_apart(frozen.cut, learnt.time, train.requests.time, validate.requests.time if kept is None else None)
    learnt_from = examples(pipeline, train, seed, share)
    ranker.fit(learnt_from, learnt_from if kept is not None else examples(pipeline, validate, seed, share), seed=seed)
    return replace(parts, ranker=(solution.rank.name, ranker))


def _params(part: Part, kept: Kept | None) -> dict[str, Any]:
    return {**part.params, **(kept or {}).get(part.name, {})}


def interactions(data: Data, view: View, cut: int) -> Interactions:
    """The positive events known to be positive strictly before `cut`; younger ones are not mature."""
    log = data.log
    mine = log.positive & (log.available + view.act_wait < cut) & (log.item >= 0)
    return Interactions(user=log.user[mine], item=log.item[mine], time=log.time[mine], users=len(data.users),
                        items=len(data.items), cut=cut, content=view.content)


def examples(pipeline: Pipeline, asked: Labelled, seed: int, keep: float | None = None) -> Rows:
    """Each request's candidates as rows with labels: all that proved relevant, and a draw of the others.

    With `keep`, the share of what was shown in vain that is learnt from, these come before the others.
    """
    rng = np.random.default_rng(seed)
    chunks = [_chunk(pipeline, asked, start, rng, keep) for start in range(0, len(asked.requests), CHUNK)]
    rows = concatenate([chunk for chunk in chunks if len(chunk)])
    if rows is None:
        raise DataError("solutions", "no request has a relevant item among its candidates, so the ranker has nothing "
                        "to learn from", "Retrieve more (serving.retrieve.keep) or from more sources.")
    return rows


def _chunk(pipeline: Pipeline, asked: Labelled, start: int, rng: np.random.Generator, keep: float | None) -> Rows:
    part = part_of(asked, start)
    candidates = pipeline.retrieve(part.requests)
    label = among(candidates, part.offsets, part.relevant, pipeline.view.items).astype(np.float32)
    shown = None if keep is None or part.shown is None else among(candidates, *part.shown, pipeline.view.items)
    kept = np.flatnonzero(draw(candidates, label, rng, shown, keep))
    rows = pipeline.rows(part.requests, candidates.take(kept))
    return replace(rows, label=label[kept])


def part_of(asked: Labelled, start: int) -> Labelled:
    """The next `CHUNK` requests from `start` on."""
    stop = min(start + CHUNK, len(asked))
    offsets, relevant = _stretch(asked.offsets, asked.relevant, start, stop)
    return Labelled(requests=asked.requests.take(np.arange(start, stop)), relevant=relevant, offsets=offsets,
                    shown=None if asked.shown is None else _stretch(*asked.shown, start, stop))


def _stretch(offsets: I64, items: I32, start: int, stop: int) -> tuple[I64, I32]:
    return offsets[start:stop + 1] - offsets[start], items[offsets[start]:offsets[stop]]


def among(candidates: Candidates, offsets: I64, sets: I32, items: int) -> Bools:
    """[n] whether a candidate is in its request's set."""
    owner = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
    return np.isin(candidates.request * np.int64(items) + candidates.item, owner * np.int64(items) + sets)


def draw(candidates: Candidates, label: F32, rng: np.random.Generator, shown: Bools | None = None,
         keep: float | None = None) -> Any:
    """Which rows to learn from: of requests with a relevant candidate, these and `NEGATIVES` others, as a mask."""
    useful = np.bincount(candidates.request, weights=label, minlength=1)[candidates.request] > 0
    turn = rng.random(len(label))
    if shown is not None:
        vain = shown & (label == 0)
        kept = turn < (keep or 0.0)
        turn[vain] = np.where(kept, turn - 1, np.inf)[vain]  # first of all, or never
        useful &= np.isfinite(turn)
    order = np.lexsort((turn, -label, candidates.request))
    place = places(candidates.request[order])
    relevant = np.bincount(candidates.request, weights=label, minlength=1)[candidates.request[order]]
    chosen = np.zeros(len(label), dtype=bool)
    chosen[order] = place < relevant + NEGATIVES
    return chosen & useful


def concatenate(chunks: list[Rows]) -> Rows | None:
    """Rows of several batches as one batch, requests numbered on."""
    if not chunks:
        return None
    firsts: I64 = np.cumsum([0, *(len(chunk.history) for chunk in chunks)])[:-1]
    columns = {name: np.concatenate([getattr(chunk, name) for chunk in chunks])
               for name in ("values", "user", "item", "history", "label")}
    request = np.concatenate([chunk.request + first for chunk, first in zip(chunks, firsts, strict=True)])
    return Rows(names=chunks[0].names, items=chunks[0].items, request=request.astype(np.int32), **columns)
