"""MovieLens 100K, random 75/25 per user, nDCG@10 over all items: our retrievers beside published figures and peers.

    SEVENFOLD_DATA=<folder> python bench/ml100k.py [--seeds 5]

The protocol of the "Algorithm Comparison" of the recommenders project: three quarters of each user's ratings, drawn
at random, are for training; every rating is relevant; all items are ranked with those of the training part removed.
`defaults` are our models as a document names them, without a parameter. `tuned` ones, ours and peers', take theirs from a
grid, anew for each seed, by a tenth of the training part. The test parts are not wholly fresh: our defaults and the grids
were settled on tenths of training parts of these same ratings. Peers do not read the genres and years that `ease` reads.
"""

from __future__ import annotations

import argparse
import itertools
import os
import platform
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import t as student

from sevenfold.data import sources
from sevenfold.errors import DataError
from sevenfold.evaluation.metrics import per_request
from sevenfold.funnel.candidates import Allowed, merged, places, top
from sevenfold.funnel.pipeline import best, fuse
from sevenfold.nouns import F32, I32, I64, SECOND, Array, Interactions, Visits
from sevenfold.registry import RETRIEVERS

PUBLISHED = {"SAR": 0.382, "NCF": 0.396, "LightGCN": 0.420, "BPR": 0.442, "BiVAE": 0.475}
KEEP = 500  # candidates of a funnel, as a document has them by default


@dataclass(frozen=True)
class Ratings:
    """Who rated what and when, and what the films are."""

    user: Array
    item: Array
    time: I64
    content: F32

    def take(self, rows: Array) -> Ratings:
        """The ratings at the rows, or of the mask."""
        return replace(self, user=self.user[rows], item=self.item[rows], time=self.time[rows])


def folder(name: str) -> Path:
    if "SEVENFOLD_DATA" not in os.environ:
        raise DataError(f"bench/{name.replace('-', '')}.py", "SEVENFOLD_DATA is not set", f"Name the folder that holds `{name}`.")
    return Path(os.environ["SEVENFOLD_DATA"]) / name


def read() -> Ratings:
    folder("ml-100k")
    ratings, films = (sources.read(sources.find(f"ml-100k:{name}", folder=Path(), where=name), columns) for name, columns in
                      (("ratings", ["user_id", "movie_id", "timestamp"]), ("movies", ["movie_id", "genres", "year"])))
    user, movie, seconds = (ratings.column(name).to_numpy() for name in ("user_id", "movie_id", "timestamp"))
    every = np.sort(films.column("movie_id").to_numpy())
    return Ratings(np.unique(user, return_inverse=True)[1], np.searchsorted(every, movie), seconds.astype(np.int64) * SECOND,
                   content(films, every))


def content(films: Any, wanted: Array) -> F32:
    """Genres and decades (single years from 1990 on) of the wanted films [n, width], of length 1."""
    movie, genres = films.column("movie_id").to_numpy(), films.column("genres").to_pylist()
    names = sorted(set(itertools.chain(*genres)))
    flags = np.array([[name in mine for name in names] for mine in genres])
    age = np.digitize(films.column("year").to_numpy(zero_copy_only=False).astype(float), np.r_[1940:1990:10, 1990:2000])
    order = np.argsort(movie)
    both = np.hstack([flags, np.eye(age.max() + 1)[age]])[order[np.searchsorted(movie[order], wanted)]]
    return (both / np.linalg.norm(both, axis=1, keepdims=True)).astype(np.float32)


def split(ratings: Ratings, share: float, seed: tuple[int, ...]) -> tuple[Ratings, Ratings]:
    """A random `share` of each user's ratings, and the rest."""
    count, place = drawn(ratings, seed)
    first = place < np.round(share * count)[ratings.user]
    return ratings.take(first), ratings.take(~first)


def drawn(ratings: Ratings, seed: tuple[int, ...]) -> tuple[I64, I64]:
    """How many ratings each user has, and each one's place among its user's in a random order."""
    order = np.lexsort((np.random.default_rng(seed).random(len(ratings.user)), ratings.user))
    count, place = np.bincount(ratings.user), np.empty(len(order), np.int64)
    place[order] = np.arange(len(order)) - np.repeat(np.cumsum(count) - count, count)
    return count, place


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


def quality(seen: Ratings, test: Ratings, *scores: F32) -> float:
    """nDCG@10, the mean over users, of one source or of several fused, every item ranked but the seen ones."""
    users = len(scores[0])
    offsets, items = _by_user(seen, users)
    allowed = Allowed(offsets=offsets, seen=items, time=np.zeros(users, np.int64), born=None, items=len(seen.content))
    left = [allowed.only(one) for one in scores]
    items = top(left[0], 10) if len(left) == 1 else _fused(left)
    return float(np.nanmean(per_request(items, *_by_user(test, users), 10)["ndcg@10"]))


def _fused(scores: list[F32]) -> I32:
    """The ten best [users, 10] of what a funnel of these sources, without a ranker, proposes."""
    candidates = merged({str(source): one for source, one in enumerate(scores)}, KEEP)
    kept = best(candidates, fuse(candidates), 10)
    items = np.full((len(scores[0]), 10), -1, np.int32)
    items[candidates.request[kept], places(candidates.request[kept])] = candidates.item[kept]
    return items


def _by_user(ratings: Ratings, users: int) -> tuple[I64, I32]:
    order = np.argsort(ratings.user, kind="stable")
    return np.searchsorted(ratings.user[order], np.arange(users + 1)), ratings.item[order].astype(np.int32)


def ours(name: str, train: Ratings, users: int, seed: int, **params: Any) -> tuple[F32, float]:
    """Scores of all users, and the seconds of the fit."""
    retriever, known = RETRIEVERS.make(name, params), interactions(train, users)
    start = time.perf_counter()
    retriever.fit(known, seed=seed)
    seconds = time.perf_counter() - start
    return retriever.scores(visits(train, users)), seconds


def numpy_ease(train: Ratings, users: int, seed: int, *, regularisation: float) -> tuple[F32, float]:
    """EASE as its paper's listing reads."""
    chosen = _matrix(train, users)
    start = time.perf_counter()
    inverse = np.linalg.inv((chosen.T @ chosen).toarray().astype(np.float64) + regularisation * np.eye(chosen.shape[1]))
    weights = inverse / -np.diag(inverse)
    np.fill_diagonal(weights, 0)
    seconds = time.perf_counter() - start
    return chosen @ weights.astype(np.float32), seconds


def implicit_als(train: Ratings, users: int, seed: int, **settings: Any) -> tuple[F32, float]:
    """`implicit`'s ALS, its table of users with it."""
    from implicit.cpu.als import AlternatingLeastSquares

    model, _, seconds = _implicit(AlternatingLeastSquares(random_state=seed, **settings), train, users)
    return model.user_factors @ model.item_factors.T, seconds


def implicit_cosine(train: Ratings, users: int, seed: int, **settings: Any) -> tuple[F32, float]:
    """`implicit`'s item-to-item model."""
    from implicit.nearest_neighbours import CosineRecommender

    model, chosen, seconds = _implicit(CosineRecommender(**settings), train, users)
    return (chosen @ model.similarity).toarray().astype(np.float32), seconds


def _implicit(model: Any, train: Ratings, users: int) -> tuple[Any, Any, float]:
    from threadpoolctl import threadpool_limits

    chosen = _matrix(train, users)
    with threadpool_limits(1, "blas"):
        start = time.perf_counter()
        model.fit(chosen, show_progress=False)
        return model, chosen, time.perf_counter() - start


def _matrix(train: Ratings, users: int) -> Any:
    from scipy.sparse import csr_matrix

    return csr_matrix((np.ones(len(train.user), np.float32), (train.user, train.item)), shape=(users, len(train.content)))


TUNED: Mapping[str, tuple[Callable[..., tuple[F32, float]], Mapping[str, tuple[float, ...]]]] = {
    "NumPy EASE": (numpy_ease, {"regularisation": (200.0, 400.0, 600.0, 1000.0)}),
    "implicit ALS": (implicit_als, {"factors": (32, 64), "regularization": (30.0, 60.0), "alpha": (4.5,)}),
    "implicit cosine": (implicit_cosine, {"K": (50, 200)}),
    "**als**": (partial(ours, "als"), {"dimensions": (32, 64)}),
    "**ease**": (partial(ours, "ease"), {"regularisation": (200.0, 400.0), "dropout": (0.5, 0.7), "popularity": (0.0, 0.1)}),
}


def tune(title: str, learn: Ratings, find: Ratings, users: int, seed: int) -> dict[str, float]:
    """The parameters of a model that, fitted on `learn`, find most of `find`."""
    run, grid = TUNED[title]
    made = [dict(zip(grid, values, strict=True)) for values in itertools.product(*grid.values())]
    found = [quality(learn, find, run(learn, users, seed, **params)[0]) for params in made]
    print(f"<!-- seed {seed}: {title} {made[int(np.argmax(found))]} {max(found):.4f} -->", flush=True)
    return made[int(np.argmax(found))]


def one_seed(train: Ratings, carve: tuple[Ratings, Ratings], seen: Ratings, test: Ratings,
             seed: int) -> Iterator[tuple[str, float, float]]:
    """Each model's name, nDCG@10 and seconds of fitting; tuned ones take their parameters from the carve."""
    users = int(test.user.max()) + 1
    made = {f"{title}, tuned": run(train, users, seed, **tune(title, *carve, users, seed)) for title, (run, _) in TUNED.items()}
    made |= {f"**{name}**, defaults": ours(name, train, users, seed) for name in ("popular", "neighbours", "als", "ease")}
    for title, (scores, seconds) in made.items():
        yield title, quality(seen, test, scores), seconds
    for way in ("tuned", "defaults"):
        scores = [made[f"**{name}**, {way}"][0] for name in ("ease", "als")]
        yield f"**ease** and **als** fused, {way}", quality(seen, test, *scores), np.nan


def report(title: str, published: Mapping[str, float], one: Callable[[int], Iterator[tuple[str, float, float]]],
           seeds: int) -> None:
    """What each seed gives, as a Markdown table beside the published figures."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=seeds)
    seeds = parser.parse_args().seeds
    warnings.filterwarnings("ignore", module="implicit")  # it warns of a conversion that it makes itself
    results: dict[str, list[tuple[float, float]]] = {}
    for name, figure, seconds in itertools.chain.from_iterable(map(one, range(seeds))):
        print(f"<!-- {name} {figure:.4f} -->", flush=True)
        results.setdefault(name, []).append((figure, seconds))
    print(f"\n{title}, nDCG@10, {seeds} seeds, mean ± 95 % interval of the mean; {platform.machine()}, {os.cpu_count()} cores, "
          f"Python {platform.python_version()}, NumPy {np.__version__}\n\n| model | nDCG@10 | fit, s |\n|---|---|---|")
    for name, figure in published.items():
        print(f"| {name}, published | {figure:.3f} | – |")
    for name, pairs in results.items():
        figures, times = np.array(pairs).T
        half = student.ppf(0.975, seeds - 1) * figures.std(ddof=1) / np.sqrt(seeds) if seeds > 1 else np.nan
        print(f"| {name} | {figures.mean():.4f} ± {half:.4f} | {np.median(times):.2f} |")


def main() -> None:
    ratings = read()

    def one(seed: int) -> Iterator[tuple[str, float, float]]:
        train, test = split(ratings, 0.75, (75, seed))
        return one_seed(train, split(train, 0.9, (seed, 1)), train, test, seed)
    report("MovieLens 100K, random 75/25", PUBLISHED, one, 5)


if __name__ == "__main__":
    main()
