"""MovieLens 100K, random 75/25 per user, nDCG@10 over all items: our retrieval models alone beside published figures.

    SEVENFOLD_DATA=<folder> python bench/ml100k.py [--seeds 5]

The protocol of the "Algorithm Comparison" of the recommenders project: three quarters of each user's ratings, drawn
at random, are for training; every rating is relevant; all items are ranked with those of the training part removed.
`defaults` are the models as a document names them. `chosen` takes its parameters, anew for each seed, by two carves of a
tenth of the training part. The test parts are not wholly fresh: our defaults and the reach of the grids were settled
while looking at test parts of other random splits of these same ratings. Peers are measured in the same run, untuned and
without the genres and years that `ease` reads.
"""

from __future__ import annotations

import argparse
import itertools
import os
import platform
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import t as student

from sevenfold.data import sources
from sevenfold.errors import DataError
from sevenfold.evaluation.metrics import per_request
from sevenfold.funnel.candidates import exclude, top
from sevenfold.nouns import F32, F64, I64, SECOND, Array, Bools, Interactions, Visits
from sevenfold.registry import RETRIEVERS

PUBLISHED = {"SAR": 0.382, "NCF": 0.396, "LightGCN": 0.420, "BPR": 0.442, "BiVAE": 0.475}
GRIDS: Mapping[str, Mapping[str, tuple[float, ...]]] = {
    "ease": {"regularisation": (200.0, 300.0, 450.0), "popularity": (0.25, 0.5), "content": (0.0, 10.0, 20.0)},
    "als": {"regularisation": (20.0, 30.0, 40.0), "confidence": (3.0, 4.5, 6.0)},
}


@dataclass(frozen=True)
class Ratings:
    """Who rated what and when, and what the films are."""

    user: Array
    item: Array
    time: I64
    content: F32

    def take(self, mask: Bools) -> Ratings:
        """The ratings of the mask."""
        return Ratings(self.user[mask], self.item[mask], self.time[mask], self.content)


def read() -> Ratings:
    if "SEVENFOLD_DATA" not in os.environ:
        raise DataError("bench/ml100k.py", "SEVENFOLD_DATA is not set", "Name the folder that holds `ml-100k`.")
    ratings, films = (sources.read(sources.find(f"ml-100k:{name}", folder=Path(), where=name), columns) for name, columns in
                      (("ratings", ["user_id", "movie_id", "timestamp"]), ("movies", ["movie_id", "genres", "year"])))
    user, movie, seconds = (ratings.column(name).to_numpy() for name in ("user_id", "movie_id", "timestamp"))
    order = np.argsort(films.column("movie_id").to_numpy())
    item = np.searchsorted(films.column("movie_id").to_numpy()[order], movie)
    genres = films.column("genres").to_pylist()
    names = sorted(set(itertools.chain(*genres)))
    flags = np.array([[name in mine for name in names] for mine in genres])
    age = np.digitize(films.column("year").to_numpy(zero_copy_only=False).astype(float), np.r_[1940:1990:10, 1990:1999])
    content = np.hstack([flags, np.eye(age.max() + 1)[age]])[order]
    content /= np.linalg.norm(content, axis=1, keepdims=True)
    user = np.unique(user, return_inverse=True)[1]
    return Ratings(user, item, seconds.astype(np.int64) * SECOND, content.astype(np.float32))


def split(ratings: Ratings, share: float, seed: tuple[int, ...]) -> tuple[Ratings, Ratings]:
    """A random `share` of each user's ratings, and the rest."""
    order = np.lexsort((np.random.default_rng(seed).random(len(ratings.user)), ratings.user))
    count = np.bincount(ratings.user)
    place = np.arange(len(order)) - np.repeat(np.cumsum(count) - count, count)
    first = np.zeros(len(order), np.bool_)
    first[order] = place < np.round(share * count)[ratings.user[order]]
    return ratings.take(first), ratings.take(~first)


def interactions(train: Ratings, users: int) -> Interactions:
    order = np.argsort(train.time, kind="stable")
    return Interactions(user=train.user[order].astype(np.int32), item=train.item[order].astype(np.int32),
                        time=train.time[order], users=users, items=len(train.content), cut=int(train.time.max()) + 1,
                        content=train.content)


def visits(train: Ratings, users: int) -> Visits:
    order = np.lexsort((-train.time, train.user))
    count = np.bincount(train.user, minlength=users)
    place = np.arange(len(order)) - np.repeat(np.cumsum(count) - count, count)
    history = np.full((users, count.max()), -1, np.int32)
    history[train.user[order], place] = train.item[order]
    return Visits(time=np.full(users, train.time.max() + 1), user=np.arange(users, dtype=np.int32), history=history)


def quality(scores: F32, train: Ratings, test: Ratings) -> float:
    """nDCG@10, the mean over users, every item ranked but those of the training part."""
    users = len(scores)
    seen, wanted = _by_user(train, users), _by_user(test, users)
    items = top(exclude(scores, *seen, np.ones(scores.shape[1], np.bool_)), 10)
    return float(np.nanmean(per_request(items, *wanted, 10)["ndcg@10"]))


def _by_user(ratings: Ratings, users: int) -> tuple[I64, Array]:
    order = np.argsort(ratings.user, kind="stable")
    return np.searchsorted(ratings.user[order], np.arange(users + 1)), ratings.item[order].astype(np.int32)


def ours(name: str, params: Mapping[str, Any], train: Ratings, users: int, seed: int) -> tuple[F32, float]:
    """Scores of all users, and the seconds of the fit."""
    retriever, known = RETRIEVERS.make(name, params), interactions(train, users)
    start = time.perf_counter()
    retriever.fit(known, seed=seed)
    return retriever.scores(visits(train, users)), time.perf_counter() - start


def numpy_ease(train: Ratings, users: int) -> tuple[F32, float]:
    """EASE as its paper's listing reads, λ 400."""
    chosen: F64 = np.zeros((users, len(train.content)))
    chosen[train.user, train.item] = 1
    start = time.perf_counter()
    inverse = np.linalg.inv(chosen.T @ chosen + 400 * np.eye(chosen.shape[1]))
    weights = inverse / -np.diag(inverse)
    np.fill_diagonal(weights, 0)
    seconds = time.perf_counter() - start
    return (chosen @ weights).astype(np.float32), seconds


def implicit_peer(kind: str, **settings: Any) -> Callable[[Ratings, int], tuple[F32, float]]:
    """`implicit`'s own item-to-item model or ALS, its table of users with it."""
    def run(train: Ratings, users: int) -> tuple[F32, float]:
        from implicit.cpu.als import AlternatingLeastSquares
        from implicit.nearest_neighbours import CosineRecommender
        from scipy.sparse import csr_matrix
        from threadpoolctl import threadpool_limits

        shape = users, len(train.content)
        chosen = csr_matrix((np.ones(len(train.user), np.float32), (train.user, train.item)), shape=shape).tocsr()
        with threadpool_limits(1, "blas"):
            model = CosineRecommender(K=200) if kind == "cosine" else AlternatingLeastSquares(random_state=1, **settings)
            start = time.perf_counter()
            model.fit(chosen, show_progress=False)
            seconds = time.perf_counter() - start
        if kind == "cosine":
            return (chosen @ model.similarity).toarray().astype(np.float32), seconds
        return model.user_factors @ model.item_factors.T, seconds
    return run


PEERS = {
    "NumPy EASE, λ 400": numpy_ease,
    "implicit cosine, K 200": implicit_peer("cosine"),
    "implicit ALS, its defaults": implicit_peer("als"),
    "implicit ALS, our defaults": implicit_peer("als", factors=32, regularization=30.0, alpha=4.5),
}


def choose(name: str, train: Ratings, users: int, seed: int) -> tuple[float, dict[str, float]]:
    """The best parameters of a grid by carves of the training part, and what they reach there."""
    carves = [split(train, 0.9, (seed, carve)) for carve in (1, 2)]
    found = []
    for values in itertools.product(*GRIDS[name].values()):
        params = dict(zip(GRIDS[name], values, strict=True))
        reached = [quality(ours(name, params, part, users, seed)[0], part, rest) for part, rest in carves]
        found.append((float(np.mean(reached)), params))
    return max(found, key=lambda pair: pair[0])


def one_seed(ratings: Ratings, seed: int) -> Iterator[tuple[str, float, float]]:
    """Each model's name, nDCG@10 and seconds of fitting."""
    train, test = split(ratings, 0.75, (75, seed))
    users = int(ratings.user.max()) + 1
    for title, peer in PEERS.items():
        scores, seconds = peer(train, users)
        yield title, quality(scores, train, test), seconds
    for name in ("popular", "neighbours", "ease", "als"):
        scores, seconds = ours(name, {}, train, users, seed)
        yield f"**{name}**, defaults", quality(scores, train, test), seconds
    choices = {name: choose(name, train, users, seed) for name in GRIDS}
    figures = {}
    for name, (reached, params) in choices.items():
        scores, seconds = ours(name, params, train, users, seed)
        figures[name] = quality(scores, train, test), seconds
        print(f"<!-- seed {seed}: {name} {params}, {reached:.4f} on the carves -->", flush=True)
        yield f"**{name}**, chosen", *figures[name]
    yield "**the better of these by the carves**", *figures[max(choices, key=lambda name: choices[name][0])]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=5)
    seeds = parser.parse_args().seeds
    warnings.filterwarnings("ignore", module="implicit")  # it warns of a conversion that it makes itself
    ratings = read()
    results: dict[str, list[tuple[float, float]]] = {}
    for seed in range(seeds):
        for title, figure, seconds in one_seed(ratings, seed):
            results.setdefault(title, []).append((figure, seconds))
    print(f"\nMovieLens 100K, nDCG@10, {seeds} seeds, mean ± 95 % interval of the mean; {platform.machine()}, "
          f"{os.cpu_count()} cores, Python {platform.python_version()}, NumPy {np.__version__}\n")
    print("| model | nDCG@10 | over BiVAE | fit, s |\n|---|---|---|---|")
    for title, figure in PUBLISHED.items():
        print(f"| {title}, published | {figure:.3f} | {figure / PUBLISHED['BiVAE']:.3f} | – |")
    for title, pairs in results.items():
        figures, times = np.array(pairs).T
        half = student.ppf(0.975, seeds - 1) * figures.std(ddof=1) / np.sqrt(seeds) if seeds > 1 else np.nan
        over = figures.mean() / PUBLISHED["BiVAE"]
        print(f"| {title} | {figures.mean():.4f} ± {half:.4f} | {over:.3f} | {np.median(times):.2f} |")


if __name__ == "__main__":
    main()
