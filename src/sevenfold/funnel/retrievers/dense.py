"""Dense retrieval: queries and documents as vectors of latent subjects, near each other where the words differ.

S. Deerwester and others, "Indexing by Latent Semantic Analysis", JASIS 41 (1990): queries are folded in.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from sevenfold.features.terms import terms
from sevenfold.funnel import histories
from sevenfold.funnel.documents import asked, counted
from sevenfold.funnel.nearest import Near, Nearest
from sevenfold.nouns import F32, F64, I64, Array, Interactions, Visits

SHORT = 1e-9  # a vector shorter than that has no direction
FEWEST = 2  # texts that a word must be in


class Dense:
    """The cosine between query and document in the space of the first `dimensions` singular vectors of their words.

    `asked` is the weight, beside that of its own text, of the queries to which a document proved relevant: through them
    words of askers and words of authors come to lie near each other. A query without a known word gets no proposal.
    """

    random = False
    space: ClassVar = {"asked": (0.1, 2.0, "log")}

    def __init__(self, *, dimensions: int = 256, asked: float = 0.5, language: str = "english") -> None:
        self.dimensions = dimensions
        self.asked = asked
        self.language = language

    def fit(self, interactions: Interactions, *, seed: int) -> None:
        """Find the axes and place the documents; `ModelError` where items have no text."""
        from sklearn.utils.extmath import randomized_svd
        from threadpoolctl import threadpool_limits

        histories.above_zero("dense", dimensions=self.dimensions)
        texts = counted("dense", interactions, self.language)
        found = Counter(term for text in texts for term in text)
        words = sorted(word for word in found if found[word] >= FEWEST)
        self._words, self._number = np.array(words, dtype=np.str_), {word: at for at, word in enumerate(words)}
        df = np.array([found[word] for word in words], dtype=np.float64)
        self._idf: F64 = np.log((1 + len(texts)) / (1 + df)) + 1
        table = self._weights(texts) + self.asked * self._weights(asked(interactions, self.language))
        rank = min(self.dimensions, *table.shape)
        with threadpool_limits(1):  # a sum's last bits depend on the number of threads
            axes = randomized_svd(table, rank, n_iter=5, random_state=0)[2].T if rank else np.zeros((len(df), 0))
        peaks = axes[np.abs(axes).argmax(axis=0), np.arange(rank)] if rank else np.ones(0)
        self._axes: F32 = np.ascontiguousarray(axes * np.where(peaks < 0, -1.0, 1.0), dtype=np.float32)
        self._items = Nearest(_unit(table @ self._axes))  # of length 1, or 0 where nothing is known

    def scores(self, visits: Visits) -> F32:
        """Cosines [B, items]; -inf where the query or the document has no known word."""
        return self._items.scores(self._queries(visits))

    def opinion(self, visits: Visits) -> Near:
        """The same of a catalogue too large to score it whole."""
        return self._items.opinion(self._queries(visits))

    def _queries(self, visits: Visits) -> F32:
        found = np.zeros((len(visits.user), self._axes.shape[1]))
        weights = self._weights([] if visits.text is None else
                                [Counter(terms(text, self.language)) for text in visits.text.tolist()])
        for row, (low, high) in enumerate(pairwise(weights.indptr)):  # row by row: a batch answers as its singles
            found[row] = weights.data[low:high] @ self._axes[weights.indices[low:high]]
        return _unit(found).astype(np.float32)

    def grow(self, rows: I64) -> Dense:
        """The same retriever over a catalogue whose item j is a copy of item `rows[j]`."""
        histories.room("dense", len(rows) * self._axes.shape[1] * 4)
        grown = Dense(**histories.parameters(self))
        grown._words, grown._number, grown._idf, grown._axes = self._words, self._number, self._idf, self._axes
        grown._items = self._items.grow(rows)
        return grown

    def save(self, folder: Path) -> None:
        """Write parameters, words, axes and vectors into `folder`."""
        histories.save(folder, histories.parameters(self), {"words": self._words, "idf": self._idf, "axes": self._axes,
                                                "vectors": self._items.vectors})
        self._items.save(folder)

    @classmethod
    def load(cls, folder: Path) -> Dense:
        """What `save` wrote; `ModelError` when it cannot be read."""
        params, arrays = histories.load(folder)
        dense = cls(**params)
        dense._words, dense._idf, dense._axes = arrays["words"], arrays["idf"], arrays["axes"]
        dense._number = {word: at for at, word in enumerate(dense._words.tolist())}
        dense._items = Nearest(arrays["vectors"]).load(folder)
        return dense

    def _weights(self, texts: Sequence[Mapping[str, int]]) -> Any:
        """[texts, words] (1 + log count) · idf, sparse, in rows of length 1; its product with the axes needs no BLAS."""
        from scipy.sparse import csr_array

        rows = [sorted((self._number[word], count) for word, count in text.items() if word in self._number) for text in texts]
        ends = np.cumsum([0, *map(len, rows)])
        column, count = np.array([entry for row in rows for entry in row], dtype=np.float64).reshape(-1, 2).T
        owner = np.repeat(np.arange(len(rows)), np.diff(ends))
        weight = (1 + np.log(count)) * self._idf[column.astype(np.int64)]
        weight /= np.sqrt(np.bincount(owner, weight**2, len(rows)))[owner]
        return csr_array((weight, column.astype(np.int64), ends), shape=(len(rows), len(self._words)))


def _unit(vectors: Array) -> F64:
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.where(length > SHORT, vectors / np.maximum(length, SHORT), 0.0)
