"""What a text is about: `{embed: title, dimensions: 16}`."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

import numpy as np
import pyarrow as pa

from sevenfold.errors import DataError
from sevenfold.features.past import Fitted, Past, State
from sevenfold.features.present import Present, Reader
from sevenfold.nouns import F64, Array, Entities

WORD = re.compile(r"[^\W_]+")
MOST = 20_000  # words


class Embed:
    """Latent semantic analysis of a text column: TF-IDF, then a truncated singular value decomposition.

    Deerwester et al. (JASIS 41, 1990). Words, weights and axes are fitted on what existed at the cut and frozen; the
    sign of an axis is chosen so that its largest weight is positive. A text without a known word is the zero vector.
    """

    def __init__(self, *, embed: str, dimensions: int = 16) -> None:
        self.embed = embed
        self.dimensions = dimensions

    def fit(self, past: Past) -> Fitted:
        """Words, their inverse document frequencies, and the axes [words, dimensions]."""
        return Fitted(analysis(past, past.entities, self.embed, self.dimensions), tuple(f".{i}" for i in range(self.dimensions)))

    def reader(self, group: str, state: State, present: Present) -> Reader:
        """[m, dimensions]"""
        entities = present.data.users if group == "user" else present.data.items
        return present.lookup(group, vectors(entities.table[self.embed], state).astype(np.float32), 0)


def analysis(past: Past, entities: Entities, name: str, dimensions: int) -> dict[str, Array]:
    """What turns a text column into vectors: its words, their weights, and the axes [words, dimensions]."""
    from sklearn.utils.extmath import randomized_svd

    column = past.column(name, entities.table)
    if not pa.types.is_string(column.type):
        raise DataError(past.where, f"expected a column of texts, got {column.type}", "Name a column of texts.")
    existing = past.existing(entities)
    texts = [set(_words(text)) for text in column.filter(pa.array(existing)).to_pylist()]
    found = Counter(word for text in texts for word in text)
    ranked = sorted((word for word in found if found[word] > 1), key=lambda word: (-found[word], word))[:MOST]
    vocabulary = np.array(sorted(ranked), dtype=np.str_)
    counts = np.array([found[word] for word in vocabulary.tolist()], dtype=np.float64)
    state = {"words": vocabulary, "idf": np.log((1 + len(texts)) / (1 + counts)) + 1}
    axes = np.zeros((len(vocabulary), dimensions))
    rank = min(dimensions, len(vocabulary), len(texts))
    if rank:
        weights = _weights(column.to_pylist(), state)[np.flatnonzero(existing)]
        axes[:, :rank] = randomized_svd(weights, rank, n_iter=7, random_state=0)[2].T
    peaks = axes[np.abs(axes).argmax(axis=0), np.arange(dimensions)] if rank else np.ones(dimensions)
    return state | {"axes": axes * np.where(peaks < 0, -1.0, 1.0)}


def vectors(column: pa.ChunkedArray, state: State) -> F64:
    """[n, dimensions] of length 1 at most."""
    return np.asarray(_weights(column.to_pylist(), state) @ state["axes"])


def _words(text: str | None) -> list[str]:
    return WORD.findall(text.lower()) if text else []


def _weights(texts: list[str | None], state: State) -> Any:
    """[texts, words] TF-IDF with rows of length 1, sparse (its product with the axes goes row by row, without BLAS)."""
    from scipy.sparse import csr_matrix

    position = {word: i for i, word in enumerate(state["words"].tolist())}
    counts = [Counter(position[word] for word in _words(text) if word in position) for text in texts]
    ends = np.cumsum([0, *(len(count) for count in counts)])
    columns = np.array([i for count in counts for i in sorted(count)], dtype=np.int64)
    values = np.array([count[i] for count in counts for i in sorted(count)], dtype=np.float64) * state["idf"][columns]
    rows = np.repeat(np.arange(len(texts)), np.diff(ends))
    values /= np.sqrt(np.bincount(rows, values**2, len(texts)))[rows]
    return csr_matrix((values, columns, ends), shape=(len(texts), len(position)))
