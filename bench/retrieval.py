"""Recall@100 and time of one query over vectors: our matrix path, and indices of faiss and hnswlib, one thread each.

    python bench/retrieval.py [--items 10000 100000 1000000]      (pip install hnswlib)

Vectors [items, 64] of length 1 lie about random centres, a thousand to each million and at least a hundred; queries are drawn
as they are, and asked one by one, as a request asks. The time is CPU time, which other work on the machine moves least; recall
is of the exact hundred best by inner product. An approximate index has the smallest effort that reaches a recall of .95.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator

import numpy as np

from sevenfold.funnel.candidates import top
from sevenfold.funnel.nearest import LARGE, PROBES, Nearest
from sevenfold.nouns import F32, F64, I64

K, DIMENSIONS, QUERIES, ENOUGH = 100, 64, 200, 0.95
EFFORTS = (4, 8, 16, 32, 64, 128, 256, 512)
Search = Callable[[F32], I64]


def vectors(count: int, items: int, seed: int) -> F32:
    """[count, 64] of the world of so many items."""
    centres = np.random.default_rng(0).normal(size=(max(items // 1000, 100), DIMENSIONS))
    random = np.random.default_rng(seed)
    found = centres[random.integers(0, len(centres), count)] + random.normal(size=(count, DIMENSIONS))
    return np.ascontiguousarray(found / np.linalg.norm(found, axis=1, keepdims=True), np.float32)


def matrix(items: F32) -> Iterator[tuple[int, Search]]:
    """Scores of all items and their hundred best, as a funnel's retrievers and `top` make them."""
    yield 0, lambda query: top(query @ items.T, K)


def ours(items: F32) -> Iterator[tuple[int, Search]]:
    """What a funnel's retrievers ask: all products of few items, of many an index whose finds are scored again."""
    nearest = Nearest(items)
    nearest.best(items[:1], K)  # builds the index
    yield PROBES if len(items) > LARGE else 0, lambda query: nearest.best(query, K).items


def flat(items: F32) -> Iterator[tuple[int, Search]]:
    import faiss

    index = faiss.IndexFlatIP(DIMENSIONS)
    index.add(items)
    yield 0, lambda query: index.search(query, K)[1]


def inverted(items: F32) -> Iterator[tuple[int, Search]]:
    """Lists about √items × 4 centres, 8 bits a number; the effort is how many lists are read."""
    import faiss

    lists = int(4 * np.sqrt(len(items)))
    index = faiss.index_factory(DIMENSIONS, f"IVF{lists},SQ8", faiss.METRIC_INNER_PRODUCT)
    index.cp.max_points_per_centroid, index.cp.niter = 50, 8
    index.train(items[np.random.default_rng(1).permutation(len(items))[:50 * lists]])
    index.add(items)
    for index.nprobe in EFFORTS:
        yield index.nprobe, lambda query: index.search(query, K)[1]


def graph(items: F32) -> Iterator[tuple[int, Search]]:
    """HNSW of 16 links; the effort is the length of the list of candidates."""
    import hnswlib

    index = hnswlib.Index("ip", DIMENSIONS)
    index.init_index(len(items), M=16, ef_construction=100, random_seed=1)
    index.set_num_threads(2)
    index.add_items(items)
    index.set_num_threads(1)
    for effort in (e for e in EFFORTS if e >= K):
        index.set_ef(effort)
        yield effort, lambda query: index.knn_query(query, K)[0]


KINDS: dict[str, Callable[[F32], Iterator[tuple[int, Search]]]] = {
    "our matrix, `top`": matrix, "**`Nearest`**": ours, "faiss flat": flat, "faiss IVF, 8 bits": inverted, "hnswlib": graph}


def asked(search: Search, queries: F32) -> tuple[I64, F64]:
    """What is found [queries, 100], and the CPU µs of each query."""
    found, spent = [], []
    for query in queries:
        start = time.process_time_ns()
        found.append(search(query[None])[0])
        spent.append((time.process_time_ns() - start) / 1000)
    return np.array(found), np.array(spent)


def recall(found: I64, exact: I64) -> float:
    return float(np.mean([len(np.intersect1d(one, other)) / K for one, other in zip(found, exact, strict=True)]))


def measure(kind: str, items: F32, queries: F32, exact: I64) -> str:
    """A row: the first effort whose recall is enough, else the last."""
    start, efforts = time.process_time(), KINDS[kind](items)
    effort, search = next(efforts)
    built = time.process_time() - start
    found, spent = asked(search, queries)
    while recall(found, exact) < ENOUGH and (further := next(efforts, None)):
        effort, search = further
        found, spent = asked(search, queries)
    middle, worst = np.percentile(spent, [50, 99])
    reached = recall(found, exact)
    return f"| {len(items)} | {kind} | {effort or '–'} | {reached:.3f} | {middle:.0f} | {worst:.0f} | {built:.1f} |"


def main() -> None:
    import faiss
    from threadpoolctl import threadpool_limits

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--items", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    print("| items | index | effort | recall@100 | µs p50 | µs p99 | built, CPU s |\n|---|---|---|---|---|---|---|")
    for count in parser.parse_args().items:
        items, queries = vectors(count, count, 1), vectors(QUERIES, count, 2)
        faiss.omp_set_num_threads(1)
        with threadpool_limits(1, "blas"):
            exact = np.concatenate([top(query[None] @ items.T, K) for query in queries])
            for kind in KINDS:
                print(measure(kind, items, queries, exact), flush=True)


if __name__ == "__main__":
    main()
