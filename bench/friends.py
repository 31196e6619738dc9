"""Links that will form: ego-Facebook with a share of its links held out, and Delicious contacts as they came.

    SEVENFOLD_DATA=<folder> python bench/friends.py [--seeds 5]

ego-Facebook: 10 % and 50 % of the links are held out, with as many pairs that are none, all drawn at random; the area under the
ROC curve. The learnt score is XGBoost on what the rules and the embedding say of a pair; its examples are links held out once
more of those that are left, so it never sees a held-out link.

Delicious: the solutions of the design `friends`, fitted on the first 80 % of the time's links. Once each user with later links
is asked about at that moment, and all later links are right; once at each later link, where those of the next 30 days are right.
All who are no friends by then can be answered; who stands beyond place 500 counts as not found. Intervals resample users.
"""

from __future__ import annotations

import argparse
import os
import platform
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
from scipy.stats import t as student
from sklearn.metrics import roc_auc_score

from sevenfold import design as documents
from sevenfold.cli import new
from sevenfold.data import load, sources
from sevenfold.data.requests import Labelled, labelled
from sevenfold.data.splits import cuts
from sevenfold.design.sections import Part, Solution
from sevenfold.evaluation import metrics
from sevenfold.funnel.pipeline import Pipeline
from sevenfold.funnel.retrievers.friends_of_friends import FriendsOfFriends
from sevenfold.funnel.retrievers.graph_embedding import GraphEmbedding
from sevenfold.models.boosted import Boosted
from sevenfold.nouns import F32, F64, I32, Array, Data, Interactions, Requests, Rows, Visits
from sevenfold.run.evaluate import unseen
from sevenfold.run.fit import fit
from sevenfold.statistics import bootstrap

PUBLISHED = {0.1: ("resource allocation, measured elsewhere", 0.9961), 0.5: ("spectral-64, measured elsewhere", 0.9885)}
DEEP, TOP = 500, 10  # places that are ranked, and that are seen


def read(name: str) -> pa.Table:
    source = sources.find(name, folder=Path(), where=name)
    return sources.read(source, source.columns)


def interactions(one: I32, other: I32, users: int) -> Interactions:
    """Links both ways, all before a cut."""
    n = 2 * len(one)
    return Interactions(user=np.append(one, other), item=np.append(other, one), time=np.zeros(n, np.int64), users=users,
                        items=users, cut=1, content=np.zeros((users, 0), np.float32))


def visits(users: Array, time: Array) -> Visits:
    return Visits(time=time.astype(np.int64), user=users.astype(np.int32), history=np.full((len(users), 1), -1, np.int32))


def facebook(seeds: int) -> None:
    edges = np.column_stack([read("ego-facebook:edges").column(name).to_numpy() for name in "ab"]).astype(np.int32)
    for share, (title, published) in PUBLISHED.items():
        found: dict[str, list[float]] = {}
        for seed in range(seeds):
            for name, area in held_out(edges, share, seed):
                found.setdefault(name, []).append(area)
        print(f"\nego-Facebook, {share:.0%} held out, {seeds} seeds, area ± 95 % interval of the mean\n\n"
              "| score | AUC |\n|---|---|")
        print(f"| {title} | {published:.4f} |")
        for name, areas in found.items():
            half = student.ppf(0.975, seeds - 1) * np.std(areas, ddof=1) / np.sqrt(seeds)
            print(f"| {name} | {np.mean(areas):.4f} ± {half:.4f} |", flush=True)


def held_out(edges: I32, share: float, seed: int) -> Iterator[tuple[str, float]]:
    users, rng = int(edges.max()) + 1, np.random.default_rng(seed)
    out, left = parted(edges, share, rng)
    pairs, label = examples(edges, out, users, rng)
    scores = opinions(left, users, pairs)
    for name in ("common neighbours", "resource allocation", "embedding"):
        yield name, roc_auc_score(label, scores[name])
    inner, rest = parted(left, share, rng)
    learnt, told = examples(left, inner, users, rng)
    ranker = Boosted(loss="logistic", depth=5)
    turn = rng.permutation(len(learnt))
    values = opinions(rest, users, learnt)
    train, validate = (rows(values, learnt, told, part) for part in np.split(turn, [int(0.8 * len(turn))]))
    ranker.fit(train, validate, seed=seed)
    yield "learned", roc_auc_score(label, ranker.scores(rows(scores, pairs, label, np.arange(len(pairs)))))


def parted(edges: I32, share: float, rng: np.random.Generator) -> tuple[I32, I32]:
    turn, count = rng.permutation(len(edges)), int(share * len(edges))
    return edges[turn[:count]], edges[turn[count:]]


def examples(edges: I32, links: I32, users: int, rng: np.random.Generator) -> tuple[I32, F32]:
    """Links and as many pairs that are none of the edges; and which they are."""
    known = np.sort(edges, axis=1).astype(np.int64) @ [users, 1]
    drawn = np.sort(rng.integers(0, users, (3 * len(links), 2)), axis=1)
    fresh = np.unique(drawn @ [users, 1])
    fresh = rng.permutation(fresh[~np.isin(fresh, known) & (fresh // users != fresh % users)])[:len(links)]
    pairs = np.vstack([links, np.column_stack(np.divmod(fresh, users))]).astype(np.int32)
    return pairs, np.repeat([1.0, 0.0], len(links)).astype(np.float32)


def opinions(edges: I32, users: int, pairs: I32) -> dict[str, F64]:
    """What the parts say of each pair, and how many friends both ends have."""
    past = interactions(edges[:, 0], edges[:, 1], users)
    made = {"common neighbours": FriendsOfFriends(penalty=0.0), "resource allocation": FriendsOfFriends(),
            "embedding": GraphEmbedding(), "embedding-16": GraphEmbedding(dimensions=16),
            "embedding-256": GraphEmbedding(dimensions=256)}
    degree = np.bincount(past.user, minlength=users).astype(np.float64)
    ends = degree[pairs]
    found: dict[str, F64] = {"fewer": ends.min(axis=1), "more": ends.max(axis=1)}
    for name, part in made.items():
        part.fit(past, seed=0)
        found[name] = of_pairs(part.scores, pairs)
    return found


def of_pairs(scores: Callable[[Visits], F32], pairs: I32) -> F64:
    """[n] the score of each pair's second user for its first; 0 where there is none."""
    asked, row = np.unique(pairs[:, 0], return_inverse=True)
    found = np.zeros(len(pairs))
    for start in range(0, len(asked), 512):
        mine = (row >= start) & (row < start + 512)
        block = scores(visits(asked[start:start + 512], np.ones(len(asked[start:start + 512]))))
        found[mine] = block[row[mine] - start, pairs[mine, 1]]
    return np.where(np.isfinite(found), found, 0.0)


def rows(values: dict[str, F64], pairs: I32, label: F32, which: Array) -> Rows:
    n = len(which)
    return Rows(values=np.column_stack([*values.values()])[which].astype(np.float32), names=tuple(values),
                request=np.arange(n, dtype=np.int32), user=pairs[which, 0], item=pairs[which, 1],
                history=np.full((n, 1), -1, np.int32), items=int(pairs.max()) + 1, label=label[which])


def delicious(seeds: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "friends.yaml")
        path.write_text(new.text("friends", "delicious-contacts"), encoding="utf-8")
        design = documents.load(path)
        split = replace(design.data.split, validate=0.1, test=0.2)
        serving = replace(design.serving, rank=replace(design.serving.rank, keep=DEEP))
        design = replace(design, data=replace(design.data, split=split), serving=serving)
        data = load(design)
    parts = cuts(data, design)
    questions = {"at 80 % of the time": at_once(data, parts.test_from),
                 "at each later link": labelled(data, design, parts.test_from, parts.end, limit=10**6, seed=0)}
    alone = Solution(retrieve=(Part("friends_of_friends", {"penalty": 1.0}),))
    solutions = {"resource allocation": alone, **{name: design.solutions[name] for name in ("trees", "graph")}}
    made = {name: [fit(design, one, data, parts, seed).over(data) for seed in range(seeds if one.rank else 1)]
            for name, one in solutions.items()}
    for title, asked in questions.items():
        asked = unseen(asked, made["trees"][0].view)
        show(title, asked, {name: [figures(one, asked) for one in each] for name, each in made.items()})


def at_once(data: Data, moment: int) -> Labelled:
    """Every user with later links, asked about at a moment; all of them are relevant."""
    log = data.log
    later = np.unique(np.stack([log.user, log.item])[:, log.time >= moment], axis=1)
    users, start = np.unique(later[0], return_index=True)
    return Labelled(requests=Requests(time=np.full(len(users), moment, np.int64), user=users.astype(np.int32)),
                    offsets=np.append(start, later.shape[1]), relevant=later[1].astype(np.int32),
                    grade=np.ones(later.shape[1], np.float32))


def figures(pipeline: Pipeline, asked: Labelled) -> dict[str, F64]:
    """Each request's figures, and the share of what is relevant that friends of friends reach."""
    parts = [asked.part(start, start + 256) for start in range(0, len(asked), 256)]
    answered = [pipeline.answer(part.requests, DEEP, trace=True) for part in parts]
    reached = [metrics.recall_of(one.candidates, part.offsets, part.relevant) for one, part in zip(answered, parts)]
    items = np.concatenate([one.items for one in answered])
    deep, top = (metrics.per_request(items, asked.offsets, asked.relevant, k) for k in (DEEP, TOP))
    return {"mrr": deep[f"mrr@{DEEP}"], "hits": top[f"hit_rate@{TOP}"], "recall": np.concatenate(reached)}


def show(title: str, asked: Labelled, found: dict[str, list[dict[str, F64]]]) -> None:
    user = asked.requests.user
    tables = {name: {figure: np.stack([one[figure] for one in each]) for figure in each[0]} for name, each in found.items()}
    print(f"\nDelicious contacts, {title}: {len(asked)} questions of {len(np.unique(user))} users\n\n"
          "| solution | MRR | over resource allocation | hits@10 | recall of its candidates |\n|---|---|---|---|---|")
    for name, table in tables.items():
        gain = bootstrap.paired(table["mrr"], tables["resource allocation"]["mrr"], user)
        mrr, hits = (bootstrap.interval(table[figure], user) for figure in ("mrr", "hits"))
        told = (f"{one.value:{sign}.4f} ({one.low:{sign}.4f} to {one.high:{sign}.4f})"
                for one, sign in ((mrr, ""), (gain, "+"), (hits, "")))
        print(f"| {name} | {' | '.join(told)} | {table['recall'].mean():.4f} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=5)
    seeds = parser.parse_args().seeds
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, NumPy {np.__version__}")
    delicious(min(seeds, 3))
    facebook(seeds)


if __name__ == "__main__":
    main()
