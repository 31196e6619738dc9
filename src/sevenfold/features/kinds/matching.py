"""How well a request's text matches a field of the item: `{matching: title, to: query}`."""

from __future__ import annotations

from collections import Counter

import numpy as np

from sevenfold.errors import DesignError
from sevenfold.features.kernel import Moment
from sevenfold.features.lexical import Statistics, postings, statistics
from sevenfold.features.past import Fitted, Past, State
from sevenfold.features.present import Present, Reader
from sevenfold.features.terms import terms
from sevenfold.nouns import Array
from sevenfold.units import Share


class Matching:
    """BM25 of the text in a column of the request, else of its query, against a column of texts of the items.

    How rare a word is and how long a text is on average are frozen at the cut. 0 where no word is shared.
    """

    def __init__(self, *, matching: str, to: str, k1: float = 1.2, b: Share = 0.75, language: str = "english") -> None:
        self.matching = matching
        self.to = to
        self.k1 = k1
        self.b = b
        self.language = language

    def fit(self, past: Past) -> Fitted:
        """The words of the items' texts, and how rare each is."""
        if past.group != "pair":
            raise DesignError(past.where, f"expected a feature of pair, got one of {past.group}",
                              "Matching compares what is typed with an item.")
        items = past.data.items
        column = past.column(self.matching, items.table).take(np.flatnonzero(past.existing(items)))
        known = statistics([self._counted(text) for text in column.to_pylist()])
        return Fitted({"words": known.words, "idf": known.idf, "length": np.array([known.length])})

    def reader(self, group: str, state: State, present: Present) -> Reader:
        """[m] scores."""
        known = Statistics(words=state["words"], idf=state["idf"], length=float(state["length"][0]))
        texts = present.data.items.table[self.matching].to_pylist()
        index = postings([self._counted(text) for text in texts], known, self.k1, self.b)
        users = present.data.users.table
        written = np.array([*(users[self.to].to_pylist() if self.to in users.column_names else []), None], dtype=object)

        def read(at: Moment) -> Array:
            context, item, (requests, row) = at.asked.requests.context, at.entity("item"), at.requests
            user = at.asked.requests.user[requests]
            said = context[self.to][requests] if self.to in context else written[np.where(user < len(written), user, -1)]
            found = np.zeros(len(at))
            for number, text in enumerate(said):
                mine = row == number
                found[mine] = index.of(terms(text or "", self.language), item[mine])
            return found

        return read

    def _counted(self, text: str | None) -> Counter[str]:
        return Counter(terms(text or "", self.language))
