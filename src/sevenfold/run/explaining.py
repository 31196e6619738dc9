"""Why an item is in an answer, or not: one request's trace as plain values, for words on a screen and for JSON alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from sevenfold.funnel.pipeline import HISTORY, Pipeline, fuse
from sevenfold.funnel.reranking import best_first, follow
from sevenfold.nouns import F32, I64, Answers, Array, Candidates, Data, Requests, Rows

TOLD = 5  # features an item, the strongest


@dataclass(frozen=True, kw_only=True)
class Case:
    """One request, its traced answer, and the pipeline that gave it."""

    pipeline: Pipeline
    rerankers: Sequence[str]  # what the document calls those of the pipeline
    requests: Requests  # one
    answers: Answers
    k: int

    @cached_property
    def candidates(self) -> Candidates:
        """Everything that was proposed."""
        assert self.answers.candidates is not None, "the answer was traced"
        return self.answers.candidates

    @cached_property
    def scores(self) -> F32:
        """[n] of the ranker, or where there is none of the sources together."""
        return self.answers.stages["rank"]

    @cached_property
    def orders(self) -> dict[str, I64]:
        """Stage → the candidates that it left, best first: of all re-rankers without the cut at k."""
        ranked = best_first(self.candidates.item, self.scores.astype(np.float64))
        kept = ranked[np.isfinite(self.answers.stages["kept"])[ranked]]
        steps = follow(self.pipeline.rerankers, self.candidates.item[kept], self.scores[kept].astype(np.float64),
                       self.pipeline.context(self.requests, 0), len(kept)) if len(kept) else []
        shown = np.flatnonzero(np.isfinite(self.answers.stages["rerank"]))
        if steps and set(kept[steps[-1].order[:self.k]].tolist()) != set(shown.tolist()):
            steps = []  # it was late, so that nothing was re-ranked
        named = zip(self.rerankers, steps, strict=False)
        return {"retrieve": ranked, "rank": kept} | {name: kept[step.order] for name, step in named}

    @cached_property
    def places(self) -> dict[str, Array]:
        """Stage → the place [n] from 1 on of each candidate after it, 0 where it was dropped."""
        found = {stage: np.zeros(len(self.candidates), dtype=np.int64) for stage in self.orders}
        for stage, order in self.orders.items():
            found[stage][order] = np.arange(1, len(order) + 1)
        return found

    @property
    def final(self) -> Array:
        """The place [n] of each candidate in the end."""
        return list(self.places.values())[-1]


def why(case: Case) -> dict[str, Any]:
    """What was shown and why, what nearly was, and how many fell out at each stage."""
    shown = [row for row in np.argsort(case.final, kind="stable").tolist() if 0 < case.final[row] <= case.k]
    nearly = [row for row in case.orders["rank"].tolist() if row not in shown][:case.k]
    visits = case.pipeline.view.visits(case.requests, 10)
    data = case.pipeline.view.data
    return {"history": [named(data, code) for code in visits.history[0] if code >= 0], "stages": _counts(case, len(shown)),
            "why": _told(case, shown), "nearly": _told(case, nearly)}


def story(case: Case, item: int) -> dict[str, Any]:
    """What became of one item: its place in each source, and after each stage; why none proposed it, and what if."""
    pipeline, sources = case.pipeline, _sources(case, item)
    told = {"sources": sources, "excluded": _excluded(case, item)}
    at = np.flatnonzero(case.candidates.item == item).tolist()
    if at:
        return _told(case, at)[0] | told
    placed = {name: source["place"] for name, source in sources.items()}
    ranks = {name: place - 1 if place is not None and place <= pipeline.keep else np.nan for name, place in placed.items()}
    alone = Candidates(request=np.zeros(1, np.int32), item=np.array([item], np.int32), ranks=_columns(ranks),
                       sources=_columns({name: source["score"] for name, source in sources.items()}))
    rows = pipeline.rows(case.requests, alone)
    score = pipeline.ranker.scores(rows) if pipeline.ranker else fuse(alone)
    score = pipeline.calibration(score) if pipeline.calibration else score
    better = (case.scores > score[0]) | ((case.scores == score[0]) & (case.candidates.item < item))
    return named(pipeline.view.data, item) | told | {
        "place": None, "proposed_by": {}, "fell_out": told["excluded"] or "not proposed", "at": "retrieve",
        "if_proposed": {"score": _number(score[0]), "rank_place": int(better.sum()) + 1, "moved_by": moved(pipeline, rows)[0]}}


def named(data: Data, code: int) -> dict[str, Any]:
    """An item's id, and its name: the first text of its row that is not the id; nothing of an item that nobody knows."""
    if code < 0:
        return {"item": None, "name": ""}
    key = data.items.ids[code].item()
    row = data.items.table.slice(code, 1).to_pylist()[0] if data.items.table.num_columns else {}
    names = [value for value in row.values() if isinstance(value, str) and value != str(key)]
    return {"item": key, "name": names[0] if names else ""}


def moved(pipeline: Pipeline, rows: Rows) -> list[list[dict[str, Any]]]:
    """Of each row the features that moved its score most, in the learner's own unit; nothing of a learner that cannot tell.

    What a retriever thought of an item is one feature, called like the retriever; its value is the item's place.
    """
    ranker: Any = pipeline.ranker
    if not hasattr(ranker, "explain") or len(rows) == 0:
        return [[] for _ in range(len(rows))]
    feature_of = {name: feature.path for feature in pipeline.view.features for name in feature.names}
    feature_of |= {f"{source}.{what}": source for source in pipeline.retrievers for what in ("score", "rank")}
    code_of: dict[str, int] = {}
    owner = np.array([code_of.setdefault(feature_of.get(name, name), len(code_of)) for name in ranker.weights()], dtype=np.int64)
    columns_of: dict[str, list[int]] = {}
    for at, name in enumerate(rows.names):
        columns_of.setdefault(feature_of.get(name, name), []).append(at)
    features, told = list(code_of), []
    for row, parts in enumerate(ranker.explain(rows)):
        total = np.bincount(owner, parts, len(features))
        some = np.flatnonzero(total)  # of tens of thousands of words a text has few
        told.append([{"feature": features[at], "value": _value(rows, row, columns_of.get(features[at], [])),
                      "by": _number(total[at])} for at in some[np.argsort(-np.abs(total[some]), kind="stable")[:TOLD]].tolist()])
    return told


def _value(rows: Rows, row: int, columns: list[int]) -> float | list[str] | None:
    """A number; of a feature with a column for each word the words that hold; None of what cannot be said shortly."""
    names, values = [rows.names[at] for at in columns], rows.values[row, columns]
    if len(names) == 2 and names[1].endswith(".rank"):
        return _number(values[1] + 1)
    if len(names) == 1:
        return _number(values[0])
    words = [name.partition("=")[2] for name in names]
    return [word for word, holds in zip(words, values) if holds == 1] if words and all(words) else None


def _told(case: Case, at: list[int]) -> list[dict[str, Any]]:
    """Everything there is to tell of these candidates."""
    if not at:
        return []
    rows = np.array(at, dtype=np.int64)
    rising = np.sort(rows)
    features = case.pipeline.rows(case.requests, case.candidates.take(rising))
    by_row = dict(zip(rising.tolist(), moved(case.pipeline, features)))
    data, places = case.pipeline.view.data, case.places
    return [{**named(data, int(case.candidates.item[row])), "score": _number(case.scores[row]),
             "place": int(case.final[row]) or None, "proposed_by": _proposers(case.candidates, row),
             "source_scores": {name: _number(scores[row]) for name, scores in case.candidates.sources.items()},
             "rank_place": int(places["retrieve"][row]),
             "after": {name: int(places[name][row]) or None for name in list(places)[2:]},
             "moved_by": by_row[row], **_fall(case, row)} for row in at]


def _fall(case: Case, row: int) -> dict[str, Any]:
    """Why a candidate was not shown and at which stage; None where it was."""
    if 0 < case.final[row] <= case.k:
        return {"fell_out": None, "at": None}
    drops = dict(zip(case.rerankers, (getattr(part, "drops", "dropped") for part in case.pipeline.rerankers), strict=False))
    for stage, places in case.places.items():
        if places[row] == 0:
            return {"fell_out": drops.get(stage, "not kept by rank"), "at": stage}
    last = list(case.places)[-1]
    away = case.places["rank"][row] <= case.k
    return {"fell_out": "re-ranked away" if away else "ranked lower", "at": last if away else "rank"}


def _counts(case: Case, shown: int) -> dict[str, int]:
    """How many items there are, how many may not be shown, and how many each stage left."""
    view = case.pipeline.view
    left = {"proposed": len(case.candidates), "kept_by_rank": len(case.orders["rank"]),
            **{name: len(order) for name, order in list(case.orders.items())[2:]}, "shown": shown}
    if case.requests.item is not None:
        return left
    alive = view.alive(case.requests.time)[0]
    seen = np.unique(view.seen(case.requests)[1])
    return {"catalogue": view.items, "not_alive": int((~alive).sum()), "seen": int(alive[seen].sum()), **left}


def _excluded(case: Case, item: int) -> str | None:
    """Why an item may be no answer; None where it may."""
    view = case.pipeline.view
    if case.requests.item is not None:
        return None
    if not view.alive(case.requests.time)[0, item]:
        return "not alive"
    return "seen" if item in view.seen(case.requests)[1] else None


def _sources(case: Case, item: int) -> dict[str, dict[str, Any]]:
    """Source → the place that an item has, or would have were it allowed, among what the source may propose."""
    pipeline, view, found = case.pipeline, case.pipeline.view, {}
    visits, may = view.visits(case.requests, HISTORY), pipeline.allowed(case.requests)
    for name, source in pipeline.retrievers.items():
        raw = source.scores(visits)
        allowed, score = may.only(raw)[0], raw[0, item] if item < raw.shape[1] else np.float32(-np.inf)
        before = (allowed > score) | ((allowed == score) & (np.arange(len(allowed)) < item))
        found[name] = {"place": int(before.sum()) + 1 if np.isfinite(score) else None,
                       "of": int(np.isfinite(allowed).sum()), "score": _number(score)}
    return found


def _columns(values: dict[str, Any]) -> dict[str, F32]:
    return {name: np.array([value], dtype=np.float32) for name, value in values.items()}


def _proposers(candidates: Candidates, row: int) -> dict[str, int]:
    """Source → its place for the candidate, from 1."""
    return {name: int(ranks[row]) + 1 for name, ranks in candidates.ranks.items() if np.isfinite(ranks[row])}


def _number(value: Any) -> float | None:
    return round(float(value), 6) if np.isfinite(value) else None
