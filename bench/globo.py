"""Globo.com news, 3 million clicks in 16 days: the next click, each source alone and the funnel of them all.

    SEVENFOLD_DATA=<folder> python bench/globo.py [--requests 10000] [--seed 0]

Split by time: the last full day is the test, a sample of its clicks are the requests, each asked 1 µs before the click
and right where the clicked article is among ten; all 46,033 articles are ranked, those the reader has read removed. The
ranker learns on the day before the test, on what sources fitted before that day propose; then the sources are fitted
again on everything before the test, as a nightly training would. `trending` and `sessions` follow the clicks as they come. Its
half-life and what `sequence` and `neighbours` learn from were chosen on the ranker's day.
"""

from __future__ import annotations

import argparse
import os
import platform
import time
from dataclasses import replace

import numpy as np

from sevenfold.bundle.parts import Parts
from sevenfold.data.loading import load
from sevenfold.data.requests import Labelled, labelled
from sevenfold.data.splits import Cuts
from sevenfold.design import Design, from_mapping
from sevenfold.errors import DataError
from sevenfold.evaluation.metrics import per_request
from sevenfold.funnel.candidates import places
from sevenfold.funnel.pipeline import Pipeline, best, fuse
from sevenfold.nouns import DAY, F32, F64, I32, SECOND, Candidates, Data
from sevenfold.run.evaluate import unseen
from sevenfold.run.fit import CHUNK, fit, interactions, source
from sevenfold.statistics import bootstrap

K, TEST_DAY, VALIDATE = 10, 15, 4 * 3600 * SECOND
DESIGN = {
    "name": "globo",
    "framing": {"task": "recommend", "answer": {"items": K}, "label": {"is": "click_article_id > 0", "negatives": "unseen"}},
    "data": {
        "events": {"path": "globo:clicks", "time": "click_timestamp", "user": "user_id", "item": "click_article_id"},
        "features": {
            "item": {"minutes": {"count": "events", "over": "10min"}, "hour": {"count": "events", "over": "1h"},
                     "day": {"count": "events", "over": "24h"}, "ever": {"count": "events"}, "idle": {"time_since": "event"}},
            "user": {"clicks": {"count": "events"}, "away": {"time_since": "event"}},
            "context": {"device": {"attribute": "click_deviceGroup"}, "source": {"attribute": "click_referrer_type"}},
        }},
    "solutions": {"funnel": {
        "retrieve": [{"trending": {"half_life": "15min"}}, "sessions", {"neighbours": {"within": "1h", "recency": 0.7}},
                     {"sequence": {"over": "24h", "length": 20}}],
        "rank": {"boosted": {"loss": "lambdarank"}}}},
    "evaluation": {"metric": "ndcg"},
    "serving": {"retrieve": {"keep": 200}},
}


def fitted(design: Design, data: Data, test_from: int, seed: int) -> Parts:
    """The ranker on the day before the test, the sources anew on everything before it."""
    ranker_from, solution = test_from - DAY, design.solutions["funnel"]
    cuts = Cuts(start=int(data.log.time[0]) - 1, ranker_from=ranker_from, frozen=ranker_from, train_until=test_from - VALIDATE,
                validate_from=test_from - VALIDATE, validate_until=test_from - 1, test_from=test_from, end=test_from + DAY)
    parts = fit(design, solution, data, cuts, seed)
    learnt, kept = interactions(data, design, parts.features.over(data), test_from), parts.kept()
    sources = {part.name: source(part, kept) for part in solution.retrieve}
    for each in sources.values():
        each.fit(learnt, seed=seed)
    return replace(parts, retrievers=sources)


def answers(pipeline: Pipeline, asked: Labelled) -> dict[str, I32]:
    """The lists [B, K] of each source alone, of all merged, and of the funnel."""
    lists: dict[str, list[I32]] = {}
    for start in range(0, len(asked), CHUNK):
        requests = asked.part(start, start + CHUNK).requests
        candidates = pipeline.retrieve(requests)
        assert pipeline.ranker is not None, "the funnel has a ranker"
        scores = {name: -ranks for name, ranks in candidates.ranks.items()} \
            | {"merged": fuse(candidates), "**funnel**": pipeline.ranker.scores(pipeline.rows(requests, candidates))}
        for name, found in scores.items():
            lists.setdefault(name, []).append(shown(candidates, found, len(requests)))
    return {name: np.concatenate(found) for name, found in lists.items()}


def shown(candidates: Candidates, scores: F32, size: int) -> I32:
    """The K best [B, K] of those that have a score, padded with -1."""
    rows = best(candidates, np.where(np.isnan(scores), -np.inf, scores), K)
    rows = rows[np.isfinite(scores[rows])]
    items = np.full((size, K), -1, np.int32)
    items[candidates.request[rows], places(candidates.request[rows])] = candidates.item[rows]
    return items


def table(lists: dict[str, I32], asked: Labelled) -> None:
    values: dict[str, dict[str, F64]] = {name: per_request(items, asked.offsets, asked.relevant, K)
                                         for name, items in lists.items()}
    users = asked.requests.user
    print("| solution | recall@10 | nDCG@10 | the funnel's gain in nDCG@10 |\n|---|---|---|---|")
    for name, found in values.items():
        one = bootstrap.intervals({metric: found[metric] for metric in ("recall@10", "ndcg@10")}, users)
        cells = [f"{each.value:.4f} ({each.low:.4f} to {each.high:.4f})" for each in one.values()]
        gain = bootstrap.paired(values["**funnel**"]["ndcg@10"], found["ndcg@10"], users)
        better = "–" if name == "**funnel**" else f"{gain.value:+.4f} ({gain.low:+.4f} to {gain.high:+.4f})"
        print(f"| {name} | {cells[0]} | {cells[1]} | {better} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    if "SEVENFOLD_DATA" not in os.environ:
        raise DataError("bench/globo.py", "SEVENFOLD_DATA is not set", "Name the folder that holds `globo`.")
    began = time.perf_counter()
    design = from_mapping(DESIGN)
    data = load(design)
    test_from = int(data.log.time[0]) + TEST_DAY * DAY
    parts = fitted(design, data, test_from, arguments.seed)
    pipeline, ready = parts.over(data), time.perf_counter()
    clicks = labelled(data, design, test_from, test_from + DAY, limit=arguments.requests, seed=arguments.seed)
    asked = unseen(clicks, pipeline.view)
    lists = answers(pipeline, asked)
    print(f"Globo.com, next click, {len(asked)} requests of {len(np.unique(asked.requests.user))} readers, 95 % intervals by "
          f"reader; {platform.machine()}, {os.cpu_count()} cores, NumPy {np.__version__}; fitting {ready - began:.0f} s, "
          f"answering {time.perf_counter() - ready:.0f} s\n")
    table(lists, asked)


if __name__ == "__main__":
    main()
