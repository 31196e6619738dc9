"""Fitting one solution without letting its stages read each other's rows.

Retrievers learn from the positive events before `cuts.ranker_from`; the ranker from the requests between `ranker_from`
and `train_until`, on the candidates that these very retrievers propose for them; it stops early on the requests between
`validate_from` and `validate_until`. Encoders and priors are frozen at `ranker_from`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from sevenfold import features
from sevenfold.bundle.parts import Parts
from sevenfold.data.requests import Labelled, labelled
from sevenfold.data.splits import Cuts
from sevenfold.design.sections import Design, Part, Solution
from sevenfold.errors import DataError
from sevenfold.features import View
from sevenfold.funnel.candidates import places
from sevenfold.funnel.pipeline import Pipeline
from sevenfold.nouns import F32, I64, Candidates, Data, Interactions, Rows
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
    parts = Parts(features=frozen, retrievers=retrievers, ranker=None, rerankers=rerankers,
                  keep=design.serving.retrieve.keep or 500, rank_keep=design.serving.rank.keep or 100)
    if solution.rank is None:
        return parts
    ranker = LEARNERS.make(solution.rank.name, _params(solution.rank, kept))
    pipeline = parts.over(data)
    train = labelled(data, design, cuts.ranker_from, cuts.train_until, limit=TRAIN_REQUESTS, seed=seed)
    learnt_from = examples(pipeline, train, seed)
    if kept is None:
        validate = labelled(data, design, cuts.validate_from, cuts.validate_until, limit=VALIDATE_REQUESTS, seed=seed)
        ranker.fit(learnt_from, examples(pipeline, validate, seed), seed=seed)
    else:
        ranker.fit(learnt_from, learnt_from, seed=seed)
    return replace(parts, ranker=(solution.rank.name, ranker))


def _params(part: Part, kept: Kept | None) -> dict[str, Any]:
    return {**part.params, **(kept or {}).get(part.name, {})}


def interactions(data: Data, view: View, cut: int) -> Interactions:
    """The positive events known to be positive strictly before `cut`; younger ones are not mature."""
    log = data.log
    mine = log.positive & (log.available + view.act_wait < cut) & (log.item >= 0)
    return Interactions(user=log.user[mine], item=log.item[mine], time=log.time[mine], users=len(data.users),
                        items=len(data.items), cut=cut, content=view.content)


def examples(pipeline: Pipeline, asked: Labelled, seed: int) -> Rows:
    """Each request's candidates as rows with labels: all that proved relevant, and a draw of the others."""
    rng = np.random.default_rng(seed)
    chunks = [_chunk(pipeline, asked, start, rng) for start in range(0, len(asked.requests), CHUNK)]
    rows = concatenate([chunk for chunk in chunks if len(chunk)])
    if rows is None:
        raise DataError("solutions", "no request has a relevant item among its candidates, so the ranker has nothing "
                        "to learn from", "Retrieve more (serving.retrieve.keep) or from more sources.")
    return rows


def _chunk(pipeline: Pipeline, asked: Labelled, start: int, rng: np.random.Generator) -> Rows:
    part = part_of(asked, start)
    candidates = pipeline.retrieve(part.requests)
    label = relevance(candidates, part, pipeline.view.items)
    kept = np.flatnonzero(draw(candidates, label, rng))
    rows = pipeline.rows(part.requests, candidates.take(kept))
    return replace(rows, label=label[kept])


def part_of(asked: Labelled, start: int) -> Labelled:
    """The next `CHUNK` requests from `start` on."""
    stop = min(start + CHUNK, len(asked))
    first, last = asked.offsets[start], asked.offsets[stop]
    return Labelled(requests=asked.requests.take(np.arange(start, stop)), relevant=asked.relevant[first:last],
                    offsets=asked.offsets[start:stop + 1] - first)


def relevance(candidates: Candidates, asked: Labelled, items: int) -> F32:
    """1 for a candidate that its request's user went on to act on, else 0: [n]."""
    owner = np.repeat(np.arange(len(asked.requests)), np.diff(asked.offsets))
    wanted = owner * np.int64(items) + asked.relevant
    return np.isin(candidates.request * np.int64(items) + candidates.item, wanted).astype(np.float32)


def draw(candidates: Candidates, label: F32, rng: np.random.Generator) -> Any:
    """Which rows to learn from: of requests with a relevant candidate, these and `NEGATIVES` others, as a mask."""
    useful = np.bincount(candidates.request, weights=label, minlength=1)[candidates.request] > 0
    order = np.lexsort((rng.random(len(label)), -label, candidates.request))
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
