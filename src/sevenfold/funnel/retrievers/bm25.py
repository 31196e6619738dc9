"""BM25: documents that hold the words of the query, the rare ones above all (see `sevenfold.features.lexical`)."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from sevenfold.features.lexical import Postings, postings, statistics
from sevenfold.features.terms import terms
from sevenfold.funnel import histories
from sevenfold.funnel.documents import asked, counted
from sevenfold.nouns import F32, I64, Interactions, Visits
from sevenfold.units import Share


class Bm25:
    """The sum of the BM25 weights of the query's words in all of a document's fields together.

    `asked` is what a word counts in the queries to which a document proved relevant, where a word of its own counts 1; at 0
    nothing is learnt from judgements. A document without a word of the query is not proposed.
    """

    random = False
    space: ClassVar = {"k1": (0.6, 2.5, "linear"), "b": (0.3, 1.0, "linear")}

    def __init__(self, *, k1: float = 1.2, b: Share = 0.75, asked: float = 0.0, language: str = "english") -> None:
        self.k1 = k1
        self.b = b
        self.asked = asked
        self.language = language

    def fit(self, interactions: Interactions, *, seed: int) -> None:
        """Index the documents; `ModelError` where items have no text."""
        histories.above_zero("bm25", k1=self.k1)
        texts: list[Any] = counted("bm25", interactions, self.language)
        if self.asked:
            for text, found in zip(texts, asked(interactions, self.language), strict=True):
                for term, count in found.items():
                    text[term] += self.asked * count
        self._postings = postings(texts, statistics(texts), self.k1, self.b)

    def scores(self, visits: Visits) -> F32:
        """The score of every item [B, items]; -inf where none of the words is in it."""
        out = np.full((len(visits.user), self._postings.items), -np.inf, np.float32)
        for row, text in enumerate([] if visits.text is None else visits.text.tolist()):
            found = self._postings.all(terms(text, self.language))
            out[row] = np.where(found > 0, found, -np.inf)
        return out

    def grow(self, rows: I64) -> Bm25:
        """The same retriever over a catalogue whose item j is a copy of item `rows[j]`."""
        histories.room("bm25", 24 * len(rows) * len(self._postings.item) // max(self._postings.items, 1))
        grown = Bm25(**histories.parameters(self))
        grown._postings = self._postings.grown(rows)
        return grown

    def save(self, folder: Path) -> None:
        """Write parameters and postings into `folder`."""
        index = self._postings
        histories.save(folder, histories.parameters(self) | {"items": index.items}, {
            "words": index.words, "ends": index.ends, "item": index.item, "weight": index.weight})

    @classmethod
    def load(cls, folder: Path) -> Bm25:
        """What `save` wrote; `ModelError` when it cannot be read."""
        params, arrays = histories.load(folder)
        items = params.pop("items")
        bm25 = cls(**params)
        bm25._postings = Postings(**arrays, items=items)
        return bm25
