"""The passage of a text that answers a query best, and where its words stand in it."""

from __future__ import annotations

from typing import NamedTuple

from sevenfold.features.terms import WORD, placed, terms


class Snippet(NamedTuple):
    """A passage as it stands in the text; `spans` are the begin and end, in the passage, of each word that was asked for."""

    text: str
    spans: tuple[tuple[int, int], ...]


def snippet(text: str, query: str, *, words: int = 30, language: str = "english") -> Snippet:
    """The passage of at most so many words that holds the most different words of the query, then the most of them, the first
    of equals.

    >>> snippet("Old news. Statins lower the risk; a statin costs little.", "statins risk", words=4)
    Snippet(text='Statins lower the risk', spans=((0, 7), (18, 22)))
    """
    edges = [(word.start(), word.end()) for word in WORD.finditer(text)]
    wanted = set(terms(query, language))
    hits = {start: (term, end) for term, start, end in placed(text, language) if term in wanted}
    best, value = (0, 0), (-1, -1)
    for first in range(max(len(edges) - words, 0) + 1):
        within = edges[first:first + words]
        found = [hits[start][0] for start, _ in within if start in hits]
        if (len(set(found)), len(found)) > value:
            value, best = (len(set(found)), len(found)), (within[0][0], within[-1][1]) if within else (0, 0)
    low, high = best
    spans = ((start - low, end - low) for start, (_, end) in sorted(hits.items()) if low <= start < high)
    return Snippet(text[low:high], tuple(spans))
