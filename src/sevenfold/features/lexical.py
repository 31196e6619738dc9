"""An inverted index whose postings hold BM25 weights, so that a score is a sum of postings.

S. Robertson and H. Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond" (2009), equation 3.12, with the inverse
document frequency log(1 + (n - df + ½) / (df + ½)), which is never negative.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from sevenfold.nouns import F64, I32, I64, Array

Counts = Mapping[str, float]  # term → how often it stands in a text


@dataclass(frozen=True, kw_only=True)
class Statistics:
    """What is known of a collection of texts."""

    words: Array  # [W] sorted terms
    idf: F64  # [W]
    length: float  # terms of a text, on average


@dataclass(frozen=True, kw_only=True)
class Postings:
    """The items of each term: those of term w are `item[ends[w]:ends[w + 1]]`, rising."""

    words: Array  # [W]
    ends: I64  # [W + 1]
    item: I32  # [n]
    weight: F64  # [n]
    items: int

    @cached_property
    def _number(self) -> dict[str, int]:
        return {word: number for number, word in enumerate(self.words.tolist())}

    def all(self, terms: Iterable[str]) -> F64:
        """[items] the score of every item; 0 where it holds none of the terms."""
        lists = [slice(*self.ends[number:number + 2]) for number in self._known(terms)]
        item, weight = (np.concatenate([values[:0], *(values[one] for one in lists)]) for values in (self.item, self.weight))
        return np.asarray(np.bincount(item, weight, self.items), dtype=np.float64)

    def of(self, terms: Iterable[str], items: Array) -> F64:
        """[m] the score of these items alone; 0 of one that is not known."""
        total = np.zeros(len(items))
        for number in self._known(terms):
            one = slice(*self.ends[number:number + 2])
            at = np.minimum(np.searchsorted(self.item[one], items), one.stop - one.start - 1)
            total += np.where(self.item[one][at] == items, self.weight[one][at], 0.0)
        return total

    def _known(self, terms: Iterable[str]) -> list[int]:
        found = (self._number.get(term, -1) for term in terms)
        return [number for number in found if number >= 0 and self.ends[number] < self.ends[number + 1]]

    def grown(self, rows: I64) -> Postings:
        """The same where item j is a copy of item `rows[j]`."""
        from scipy.sparse import csc_array, csr_array

        table = csc_array(csr_array((self.weight, self.item, self.ends), shape=(len(self.words), self.items)))
        wide = csr_array(table[:, rows])
        wide.sort_indices()
        return Postings(words=self.words, ends=wide.indptr.astype(np.int64), item=wide.indices.astype(np.int32),
                        weight=wide.data, items=len(rows))


def statistics(texts: Sequence[Counts]) -> Statistics:
    """The terms of all texts, how rare each is, and how long a text is on average."""
    found = Counter(term for text in texts for term in text)
    words = np.array(sorted(found), dtype=np.str_)
    df = np.array([found[word] for word in words.tolist()], dtype=np.float64)
    return Statistics(words=words, idf=np.log1p((len(texts) - df + 0.5) / (df + 0.5)),
                      length=sum(sum(text.values()) for text in texts) / max(len(texts), 1))


def postings(texts: Sequence[Counts], known: Statistics, k1: float, b: float) -> Postings:
    """The index of texts, item by item; terms that are not `known` are left out."""
    number = {word: at for at, word in enumerate(known.words.tolist())}
    entries = [(number[term], item, count) for item, text in enumerate(texts) for term, count in text.items() if term in number]
    word, item, count = np.array(entries, dtype=np.float64).reshape(-1, 3).T
    order = np.lexsort((item, word))
    term, owner, count = word[order].astype(np.int64), item[order].astype(np.int32), count[order]
    length = np.array([sum(text.values()) for text in texts])[owner] / (known.length or 1.0)
    weight = known.idf[term] * count * (k1 + 1) / (count + k1 * (1 - b + b * length))
    return Postings(words=known.words, ends=np.searchsorted(term, np.arange(len(known.words) + 1)), item=owner, weight=weight,
                    items=len(texts))
