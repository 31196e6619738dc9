"""Seconds to fit: our item-to-item model, ALS and EASE beside `implicit` and NumPy, on MovieLens 1M, the same work in turn.

    SEVENFOLD_DATA=<folder> python bench/training.py [--rounds 5] [--threads 2]

Each pair has the same matrix, threads, factors, rounds of alternation and regularisation; ours starts from events, as a run
does, its peer from the finished matrix. The ratio is the median over the rounds of a round's two times, so that a machine
that is slow for a while is so for both.
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix
from threadpoolctl import threadpool_limits

import ml1m
from ml100k import interactions
from sevenfold.funnel.retrievers import als
from sevenfold.nouns import F64
from sevenfold.registry import RETRIEVERS


def numpy_ease(chosen: Any) -> F64:
    """EASE as its paper's listing reads."""
    inverse = np.linalg.inv((chosen.T @ chosen).toarray().astype(np.float64) + 300.0 * np.eye(chosen.shape[1]))
    weights = inverse / -np.diag(inverse)
    np.fill_diagonal(weights, 0)
    return weights


def implicit_als(chosen: Any, regularisation: float) -> None:
    from implicit.cpu.als import AlternatingLeastSquares

    model = AlternatingLeastSquares(factors=64, regularization=regularisation, alpha=4.5, iterations=15, random_state=0,
                                    num_threads=als.THREADS)
    with threadpool_limits(1, "blas"):
        model.fit(chosen, show_progress=False)


def implicit_cosine(chosen: Any) -> None:
    from implicit.nearest_neighbours import CosineRecommender

    CosineRecommender(K=200, num_threads=als.THREADS).fit(chosen, show_progress=False)


def seconds(work: Callable[[], Any]) -> tuple[float, float]:
    """On the wall, and of all cores together."""
    wall, cores = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - cores


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=als.THREADS)
    given = parser.parse_args()
    als.THREADS = given.threads
    warnings.filterwarnings("ignore", module="implicit")  # it warns of a conversion that it makes itself
    ratings = ml1m.read()
    users = int(ratings.user.max()) + 1
    known = interactions(ratings, users)
    chosen = csr_matrix((np.ones(len(known.user), np.float32), (known.user, known.item)), (users, known.items))
    peers = {"neighbours": ("implicit cosine", partial(implicit_cosine, chosen)),
             "als": ("implicit ALS", partial(implicit_als, chosen, 0.85 * (users * known.items) ** 0.25)),
             "ease": ("NumPy EASE", partial(numpy_ease, chosen))}
    print(f"{chosen.nnz} choices, {users} users, {known.items} items, {given.threads} threads, {given.rounds} rounds\n")
    print("| fit | peer | ours, s (CPU) | peer, s (CPU) | ratio of wall | ratio of CPU |\n|---|---|---|---|---|---|")
    with threadpool_limits(given.threads, "blas"):
        for name, (title, peer) in peers.items():
            ours = partial(RETRIEVERS.make(name, {}).fit, known, seed=0)
            both = np.array([[seconds(ours), seconds(peer)] for _ in range(given.rounds)])  # [rounds, whose, clock]
            mine, theirs = np.median(both, axis=0)
            wall, cores = np.median(both[:, 0] / both[:, 1], axis=0)
            print(f"| **{name}** | {title} | {mine[0]:.2f} ({mine[1]:.2f}) | {theirs[0]:.2f} ({theirs[1]:.2f}) "
                  f"| {wall:.2f} | {cores:.2f} |", flush=True)


if __name__ == "__main__":
    main()
