"""Vectors of items, and those whose inner product with a query is largest: exactly, and by an index where they are many.

Up to `LARGE` items every product is taken. Beyond, faiss reads the lists of vectors nearest to the query, 8 bits a number, and
what it finds is scored again exactly. Items that came after the index was built are searched exactly beside it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from sevenfold.errors import ModelError
from sevenfold.funnel.candidates import Ranked, top
from sevenfold.nouns import F32, I32, I64, Array, Bools

LARGE = 50_000  # items from which on an index is built
FILE = "items.faiss"
LISTS = 4  # times the root of the number of items: how many lists the index has
PROBES = 16  # lists that a query reads at least
SPARE = 2  # times as many as wanted are scored again


class Nearest:
    """Item vectors [items, d], all zero where an item is never found; a query of zeros finds nothing."""

    def __init__(self, vectors: Array) -> None:
        self.vectors: F32 = np.ascontiguousarray(vectors, dtype=np.float32)
        self.there: Bools = np.any(self.vectors, axis=1)
        self.built = len(self.vectors)  # items that the index knows

    def scores(self, queries: F32) -> F32:
        """[B, items] the products; -inf where either side is zero."""
        out = np.full((len(queries), len(self.vectors)), -np.inf, dtype=np.float32)
        for row in np.flatnonzero(np.any(queries, axis=1)).tolist():
            out[row] = np.where(self.there, np.vecdot(self.vectors, queries[row]), -np.inf)
        return out

    def of(self, queries: F32, item: I32) -> F32:
        """[n] the products of queries [n, d] and an item each, to the last bit those of `scores`."""
        found = np.vecdot(self.vectors[item], queries)
        return np.where(self.there[item] & np.any(queries, axis=1), found, np.float32(-np.inf))

    def best(self, queries: F32, n: int) -> Ranked:
        """The n best items of each query [B, d]; with an index those of them that it finds."""
        if self.built <= LARGE:
            scores = self.scores(queries)
            items = top(scores, n)
            return Ranked(items=items, scores=np.take_along_axis(scores, items, axis=1))
        import faiss

        effort: Any = faiss.SearchParametersIVF
        wanted = min(SPARE * n, self.index.ntotal)
        probes = min(PROBES + wanted * self.index.nlist // self.built, self.index.nlist)
        found = self.index.search(queries, wanted, params=effort(nprobe=probes))[1]
        fresh = np.broadcast_to(np.arange(self.built, len(self.vectors)), (len(queries), len(self.vectors) - self.built))
        items = np.concatenate([found, fresh], axis=1).astype(np.int32)
        exact = self.of(np.repeat(queries, items.shape[1], axis=0), items.ravel()).reshape(items.shape)
        scores = np.where(items >= 0, exact, np.float32(-np.inf))
        order = np.lexsort((items, -scores), axis=1)[:, :n]
        return Ranked(items=np.take_along_axis(items, order, axis=1), scores=np.take_along_axis(scores, order, axis=1))

    @cached_property
    def index(self) -> Any:
        """Lists about 4 · √items centres, over the items that can be found; built when it is first asked for."""
        import faiss
        from threadpoolctl import threadpool_limits

        codes = np.flatnonzero(self.there[:self.built])
        lists = max(int(LISTS * np.sqrt(len(codes))), 1)
        index: Any = faiss.index_factory(self.vectors.shape[1], f"IVF{lists},SQ8", faiss.METRIC_INNER_PRODUCT)
        index.cp.max_points_per_centroid, index.cp.niter = 50, 8
        with threadpool_limits(1):  # a sum's last bits depend on the number of threads
            index.train(self.vectors[np.random.default_rng(1).permutation(codes)[:50 * lists]])
            index.add_with_ids(self.vectors[codes], codes)
        return index

    def grow(self, rows: I64) -> Nearest:
        """Of a catalogue whose item j is a copy of item `rows[j]`."""
        return Nearest(self.vectors[rows])

    def opinion(self, queries: F32) -> Near:
        """What queries [B, d] think of the items."""
        return Near(nearest=self, queries=queries)

    def extended(self, vectors: Array) -> Nearest:
        """The same with further items [n, d] behind the others, which the index does not know."""
        longer = Nearest(np.concatenate([self.vectors, vectors]))
        longer.built = self.built
        if "index" in self.__dict__:
            longer.__dict__["index"] = self.index
        return longer

    def save(self, folder: Path) -> None:
        """Write the index beside the vectors, where there is one."""
        if self.built > LARGE:
            import faiss

            faiss.write_index(self.index, str(folder / FILE))

    def load(self, folder: Path) -> Nearest:
        """Read what `save` wrote; `ModelError` where it is of other vectors."""
        if (folder / FILE).exists():
            self.__dict__["index"] = _read(folder / FILE, int(self.there.sum()), self.vectors.shape[1])
        return self


def _read(path: Path, vectors: int, numbers: int) -> Any:
    import faiss

    hint = "Build the bundle again with `sevenfold run`."
    try:
        index = faiss.read_index(str(path))
    except RuntimeError as error:
        raise ModelError(str(path), f"cannot be read: {str(error).splitlines()[0]}", hint) from error
    if (index.ntotal, index.d) != (vectors, numbers):
        raise ModelError(str(path), f"holds {index.ntotal} vectors of {index.d} numbers, expected {vectors} of {numbers}", hint)
    return index


@dataclass(frozen=True, kw_only=True)
class Near:
    """The opinion of queries [B, d] about items."""

    nearest: Nearest
    queries: F32

    @property
    def items(self) -> int:
        """How many there are."""
        return len(self.nearest.vectors)

    def best(self, n: int) -> Ranked:
        """The n best of each query."""
        return self.nearest.best(self.queries, n)

    def of(self, request: I32, item: I32) -> F32:
        """[n] products."""
        return self.nearest.of(self.queries[request], item)
