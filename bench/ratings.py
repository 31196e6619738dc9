"""MovieLens 100K and 1M, ratings predicted: our learners beside Surprise, 5-fold at random and the published split u1.

    SEVENFOLD_DATA=<folder> python bench/ratings.py [--data ml-100k|ml-1m] [--seeds 1] [--peer]

Each seed draws five folds of all ratings; a figure is the mean of its folds' RMSE or MAE on ratings that were left out. A tenth
of the training part, drawn at random, tells `factors` when to stop and which of a grid of parameters to take (for the first
fold of each seed, and for u1); with these it is fitted on all of the training part. `defaults` are as a document names
them. The defaults were settled while looking at fold 0 of seed 0; seeds here begin at 1. `--peer` needs scikit-surprise.
"""

from __future__ import annotations

import argparse
import itertools
import os
import platform
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from sevenfold.data import sources
from sevenfold.errors import DataError
from sevenfold.nouns import F32, Array, Rows
from sevenfold.registry import LEARNERS

PUBLISHED = {"ml-100k": {"Surprise, biases": 0.944, "Surprise, SVD": 0.934, "Surprise, SVD++": 0.919},
             "ml-1m": {"Surprise, SVD": 0.873, "Surprise, SVD++": 0.862}}
U1 = {"GLocal-K": 0.8889}
GRID = {"dimensions": (8, 16), "implicit": (1.0, 2.0, 5.0)}
Predict = Callable[["Ratings", "Ratings"], F32]  # learnt from one, asked about the other


@dataclass(frozen=True)
class Ratings:
    """Who rated what how."""

    user: Array
    item: Array
    rating: Array

    def take(self, rows: Array) -> Ratings:
        """Some of them."""
        return Ratings(self.user[rows], self.item[rows], self.rating[rows])

    def rows(self) -> Rows:
        """As a learner reads them."""
        n = len(self.user)
        return Rows(values=np.zeros((n, 0), np.float32), names=(), request=np.zeros(n, np.int32), user=self.user, item=self.item,
                    history=np.full((1, 1), -1, np.int32), items=10_000, label=self.rating)


def read(table: str) -> Ratings:
    if "SEVENFOLD_DATA" not in os.environ:
        raise DataError("bench/ratings.py", "SEVENFOLD_DATA is not set", "Name the folder that holds `ml-100k` and `ml-1m`.")
    found = sources.read(sources.find(table, folder=Path(), where=table), ["user_id", "movie_id", "rating"])
    user, item, rating = (found[name].to_numpy() for name in ("user_id", "movie_id", "rating"))
    return Ratings(user.astype(np.int32), item.astype(np.int32), rating.astype(np.float32))


def ours(name: str, **params: Any) -> Predict:
    """A learner with these parameters; what it chooses on held-out rows it chooses on a tenth of the training part."""
    def predict(train: Ratings, test: Ratings) -> F32:
        learner = LEARNERS.make(name, params)
        if LEARNERS.get(name).random:
            stopped = tried(train, name, params)[1]
            learner = LEARNERS.make(name, params | stopped.kept())
        learner.fit(train.rows(), train.rows(), seed=0)
        scores: F32 = learner.scores(test.rows())
        return scores
    return predict


def tried(train: Ratings, name: str, params: dict[str, Any]) -> tuple[float, Any]:
    """RMSE on a tenth of the training part of a learner fitted on the rest, and the learner."""
    held_out = np.random.default_rng(7).random(len(train.user)) < 0.1
    rest, some = train.take(~held_out), train.take(held_out)
    learner = LEARNERS.make(name, params)
    learner.fit(rest.rows(), some.rows(), seed=0)
    return rmse(learner.scores(some.rows()), some), learner


def chosen(train: Ratings) -> dict[str, Any]:
    """The parameters of the grid that err least on a tenth of the training part."""
    grid = [dict(zip(GRID, values, strict=True)) for values in itertools.product(*GRID.values())]
    return min(grid, key=lambda params: tried(train, "factors", params)[0])


def surprise(kind: str) -> Predict:
    """A model of Surprise with its defaults."""
    def predict(train: Ratings, test: Ratings) -> F32:
        import pandas
        from surprise import SVD, BaselineOnly, Dataset, Reader, SVDpp

        frame = pandas.DataFrame({"user": train.user, "item": train.item, "rating": train.rating})
        known = Dataset.load_from_df(frame, Reader(rating_scale=(1, 5))).build_full_trainset()
        model = {"biases": BaselineOnly, "SVD": SVD, "SVD++": SVDpp}[kind](**{} if kind == "biases" else {"random_state": 0})
        model.fit(known)
        return np.array([model.predict(*pair).est for pair in zip(test.user, test.item, strict=True)], dtype=np.float32)
    return predict


def folds(count: int, seed: int) -> Iterator[tuple[Array, Array]]:
    fold = np.random.default_rng(seed).permutation(count) % 5
    for number in range(5):
        yield np.flatnonzero(fold != number), np.flatnonzero(fold == number)


def rmse(scores: F32, truth: Ratings) -> float:
    return float(np.sqrt(np.mean((scores.astype(np.float64) - truth.rating) ** 2)))


def mae(scores: F32, truth: Ratings) -> float:
    return float(np.abs(scores.astype(np.float64) - truth.rating).mean())


def models(peer: bool, best: dict[str, Any]) -> dict[str, Predict]:
    """Title → how it predicts."""
    peers = {f"Surprise, {kind}, its defaults, here": surprise(kind) for kind in ("biases", "SVD", "SVD++")} if peer else {}
    return peers | {"**biases**, defaults": ours("biases"), "**factors**, defaults": ours("factors"),
                    "**factors**, chosen": ours("factors", **best)}


def show(title: str, figures: list[tuple[float, float]], seconds: float) -> None:
    errors = np.array(figures)
    spread = f"± {errors[:, 0].std(ddof=1):.4f}" if len(errors) > 1 else ""
    mean = errors.mean(axis=0)
    print(f"| {title} | {mean[0]:.4f} {spread} | {mean[1]:.4f} | {seconds / len(errors):.1f} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", choices=list(PUBLISHED), default="ml-100k")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--peer", action="store_true", help="measure Surprise in the same run")
    asked = parser.parse_args()
    ratings = read("ml-100k:ratings" if asked.data == "ml-100k" else "ml-1m:all")
    machine = f"{platform.machine()}, {os.cpu_count()} cores"
    print(f"{asked.data}, 5-fold, {asked.seeds} seeds, mean over folds ± their deviation; {machine}\n")
    print("| model | RMSE | MAE | fit and answer, s |\n|---|---|---|---|")
    for title, figure in PUBLISHED[asked.data].items():
        print(f"| {title}, published | {figure:.3f} | – | – |")
    drawn = [list(folds(len(ratings.user), seed)) for seed in range(1, asked.seeds + 1)]
    best = [chosen(ratings.take(each[0][0])) for each in drawn]
    print(f"<!-- chosen: {best} -->")
    for title in models(asked.peer, {}):
        start, figures = time.perf_counter(), []
        for each, params in zip(drawn, best, strict=True):
            for train, test in each:
                scores = models(asked.peer, params)[title](ratings.take(train), ratings.take(test))
                figures.append((rmse(scores, ratings.take(test)), mae(scores, ratings.take(test))))
        show(title, figures, time.perf_counter() - start)
    if asked.data == "ml-100k":
        split(asked.peer)


def split(peer: bool) -> None:
    """The published split u1."""
    train, test = read("ml-100k:u1_base"), read("ml-100k:u1_test")
    print("\n| model, on u1 | RMSE | MAE | fit and answer, s |\n|---|---|---|---|")
    for title, figure in U1.items():
        print(f"| {title}, published | {figure:.4f} | – | – |")
    for title, predict in models(peer, chosen(train)).items():
        start = time.perf_counter()
        scores = predict(train, test)
        show(title, [(rmse(scores, test), mae(scores, test))], time.perf_counter() - start)


if __name__ == "__main__":
    main()
