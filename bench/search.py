"""NFCorpus and Cranfield: our searches beside bm25s, nDCG@10, MAP and recall@100, with an interval over queries.

    SEVENFOLD_DATA=<folder> python bench/search.py

NFCorpus: the split that its makers gave; Cranfield: five folds over its queries, drawn once, each the test of what was learnt on
the other four. Grades as judged; a query without a relevant document is left out. bm25s gets the same terms and parameters.
MAP is over all that was proposed, of at most 1,000.
"""

from __future__ import annotations

import os
import platform
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import bm25s
import numpy as np

from sevenfold.data import sources
from sevenfold.evaluation import metrics
from sevenfold.features.terms import terms
from sevenfold.funnel.candidates import merged
from sevenfold.funnel.pipeline import fuse
from sevenfold.funnel.retrievers.bm25 import Bm25
from sevenfold.funnel.retrievers.dense import Dense
from sevenfold.models.boosted import Boosted
from sevenfold.nouns import F32, I32, I64, Interactions, Rows, Visits
from sevenfold.statistics import bootstrap

DEEP = 1000  # places that are ranked
KEEP = 200  # candidates of which the learnt ranker makes an order
RANKER = 0.3  # share of the queries of training from which the ranker learns
FOLDS = 5


@dataclass(frozen=True)
class Collection:
    """Documents, queries, and the grade of each judged pair."""

    fields: dict[str, np.ndarray]
    queries: np.ndarray
    query: I32
    document: I32
    grade: F32
    split: np.ndarray | None  # of each query


def read(name: str) -> Collection:
    tables = {}
    for table in ("documents", "queries", "judgements"):
        source = sources.find(f"{name}:{table}", folder=Path(), where=table)
        tables[table] = sources.read(source, source.columns).to_pydict()
    documents, queries, judged = tables.values()
    place = {one: at for at, one in enumerate(documents["id"])}
    asked = {one: at for at, one in enumerate(queries["id"])}
    rows = [(asked[q], place[d], g) for q, d, g in zip(judged["query_id"], judged["document_id"], judged["grade"]) if g > 0]
    query, document, grade = (np.array(column) for column in zip(*rows))
    searched = ("text",) if name == "cranfield" else ("title", "text")  # where the text begins with the title
    fields = {field: np.array([one or "" for one in documents[field]], object) for field in searched}
    return Collection(fields, np.array(queries["text"], object), query.astype(np.int32), document.astype(np.int32),
                      grade.astype(np.float32), np.array(queries["split"]) if "split" in queries else None)


def main() -> None:
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, bm25s {bm25s.__version__}")
    for name in sys.argv[1:] or ("nfcorpus", "cranfield"):
        one = read(name)
        judged = np.unique(one.query)
        if one.split is not None:
            parts = [(judged[np.isin(one.split[judged], ("train", "dev"))], judged[one.split[judged] == "test"])]
        else:
            folds = np.array_split(np.random.default_rng(0).permutation(judged), FOLDS)
            parts = [(np.setdiff1d(judged, fold), np.sort(fold)) for fold in folds]
        found = [dict(solutions(one, *part)) for part in parts]
        values = {title: {metric: np.concatenate([fold[title][metric] for fold in found]) for metric in METRICS}
                  for title in found[0]}
        show(name, len(one.fields["text"]), values)


METRICS = ("ndcg@10", "map", "recall@100", "µs")


def show(name: str, documents: int, values: dict[str, dict[str, np.ndarray]]) -> None:
    peer = values["bm25s"]
    count = len(peer["map"])
    print(f"\n{name}: {documents} documents, {count} test queries\n\n"
          "| search | nDCG@10 | over bm25s | MAP | recall@100 | µs a query |\n|---|---|---|---|---|---|")
    for title, one in values.items():
        gain = bootstrap.paired(one["ndcg@10"][None], peer["ndcg@10"][None], np.arange(count), seed=0)
        spread = bootstrap.interval(one["ndcg@10"], np.arange(count))
        print(f"| {title} | {spread.value:.4f} ({spread.low:.4f} to {spread.high:.4f}) | {gain.value:+.4f} ({gain.low:+.4f} to "
              f"{gain.high:+.4f}) | {one['map'].mean():.4f} | {one['recall@100'].mean():.4f} | {np.median(one['µs']):.0f} |")


def solutions(one: Collection, train: I64, test: I64) -> Iterator[tuple[str, dict[str, np.ndarray]]]:
    """The lists of each search for the test's queries, judged."""
    counts = [terms(" ".join(texts), "english") for texts in zip(*one.fields.values())]
    peer = bm25s.BM25(k1=1.2, b=0.75, method="lucene")
    peer.index(counts, show_progress=False)
    said = [terms(text, "english") for text in one.queries[test]]
    yield "bm25s", judged(one, test, *timed(peer.get_scores, said))
    first = np.random.default_rng(1).permutation(train)
    ranked, whole = first[:int(RANKER * len(first))], learnt(one, train)
    parts = {"bm25": Bm25(), "bm25, words of earlier queries": Bm25(asked=1.0), "dense, without judgements": Dense(asked=0.0),
             "dense": Dense()}
    for title, part in parts.items():
        part.fit(whole, seed=0)
        yield title, judged(one, test, *timed(partial(alone, part), one.queries[test]))
    fused = [parts["bm25, words of earlier queries"], parts["dense"]]
    yield "both fused", judged(one, test, *timed(partial(together, fused), one.queries[test]))
    stages = learnt(one, np.setdiff1d(train, ranked))
    proposing = [Bm25(), Bm25(asked=1.0), Dense()]
    for part in proposing:
        part.fit(stages, seed=0)
    ranker = Boosted(loss="lambdarank")
    held_out = ranked[:len(ranked) // 4]
    ranker.fit(examples(one, proposing, ranked[len(ranked) // 4:]), examples(one, proposing, held_out), seed=0)
    for part in proposing:  # as shipped: the words of all judged queries
        part.fit(whole, seed=0)
    yield "learned", judged(one, test, *timed(partial(reordered, ranker, proposing), one.queries[test]))


def learnt(one: Collection, queries: I64) -> Interactions:
    mine = np.isin(one.query, queries)
    items = len(one.fields["text"])
    return Interactions(user=one.query[mine], item=one.document[mine], time=np.zeros(mine.sum(), np.int64), cut=1, items=items,
                        users=len(one.queries), content=np.zeros((items, 0), np.float32), documents=one.fields,
                        queries=one.queries, grade=one.grade[mine])


def visit(texts: list[str]) -> Visits:
    n = len(texts)
    return Visits(time=np.zeros(n, np.int64), user=np.full(n, -1, np.int32), history=np.full((n, 1), -1, np.int32),
                  text=np.array(texts, object))


def alone(part: Any, text: str) -> F32:
    """[documents] the scores of one source; -inf of what it does not propose."""
    found: F32 = part.scores(visit([text]))[0]
    return found


def together(parts: list[Any], text: str) -> F32:
    """[documents] the reciprocal ranks of all, as the pipeline fuses them; -inf of what nobody proposes."""
    lists = {str(number): part.scores(visit([text])) for number, part in enumerate(parts)}
    candidates = merged(lists, DEEP)
    scores = np.full(lists["0"].shape[1], -np.inf, np.float32)
    scores[candidates.item] = fuse(candidates)
    return scores


def rows(parts: list[Any], text: str) -> Rows:
    """The candidates of a query, with each source's score and place."""
    lists = {str(number): part.scores(visit([text])) for number, part in enumerate(parts)}
    found = merged(lists, KEEP)
    columns = {f"{name}.{what}": values for what, each in (("score", found.sources), ("rank", found.ranks))
               for name, values in each.items()}
    return Rows(values=np.column_stack([*columns.values()]).astype(np.float32), names=tuple(columns), request=found.request,
                user=np.full(len(found), -1, np.int32), item=found.item, history=np.full((1, 1), -1, np.int32),
                items=lists["0"].shape[1])


def examples(one: Collection, parts: list[Any], queries: I64) -> Rows:
    made = []
    for query in queries:
        mine = rows(parts, one.queries[query])
        grade = np.zeros(mine.items, np.float32)
        grade[one.document[one.query == query]] = one.grade[one.query == query]
        if grade[mine.item].any():
            made.append(replace(mine, label=grade[mine.item]))
    columns = {name: np.concatenate([getattr(each, name) for each in made]) for name in ("values", "user", "item", "label")}
    request = np.concatenate([np.full(len(each), number, np.int32) for number, each in enumerate(made)])
    history = np.full((len(made), 1), -1, np.int32)
    return Rows(names=made[0].names, request=request, history=history, items=made[0].items, **columns)


def reordered(ranker: Boosted, parts: list[Any], text: str) -> F32:
    """[documents] the ranker's candidates above all others, which keep their order."""
    scores, mine = together(parts, text), rows(parts, text)
    scores[mine.item] = 1e3 + ranker.scores(mine)
    return scores


def timed(search: Any, asked: Any) -> tuple[list[F32], list[float]]:
    """The scores of each query and the µs of a processor that they took."""
    found, took = [], []
    for one in asked:
        start = time.process_time()
        found.append(search(one))
        took.append((time.process_time() - start) * 1e6)
    return found, took


def judged(one: Collection, queries: I64, scores: list[F32], took: list[float]) -> dict[str, np.ndarray]:
    """Each query's figures: the places are those of the scores above 0, ties by the document."""
    items = np.full((len(queries), DEEP), -1, np.int32)
    for row, score in enumerate(scores):
        order = np.lexsort((np.arange(len(score)), -score))[:DEEP]
        order = order[np.isfinite(score[order]) & (score[order] != 0)]
        items[row, :len(order)] = order
    mine = [np.sort(np.flatnonzero(one.query == query)) for query in queries]
    offsets = np.concatenate([[0], np.cumsum([len(each) for each in mine])])
    order = np.concatenate([each[np.argsort(one.document[each])] for each in mine])
    relevant, grade = one.document[order], one.grade[order]
    whole, top, hundred = (metrics.judge(items[:, :k], offsets, relevant, grade) for k in (DEEP, 10, 100))
    return {"ndcg@10": metrics.ndcg(top), "map": metrics.map(whole), "recall@100": metrics.recall(hundred), "µs": np.array(took)}


if __name__ == "__main__":
    main()
