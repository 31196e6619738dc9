"""Texts as terms: words in lower case, by their stems, less those that are in every text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache, lru_cache
from typing import Any

from sevenfold.errors import ModelError, nearest

WORD = re.compile(r"[^\W_]+")
STOP = {"english": frozenset((
    "a", "an", "and", "are", "as", "at", "be", "but", "by", "can", "do", "does", "for", "how", "if", "in", "into", "is", "it",
    "no", "not", "of", "on", "or", "such", "that", "the", "their", "then", "there", "these", "they", "this", "to", "was", "what",
    "when", "where", "which", "who", "why", "will", "with"))}


def terms(text: str, language: str) -> list[str]:
    """The terms of a text in their order.

    >>> terms("The fishes are swimming", "english")
    ['fish', 'swim']
    """
    return [term for term, _, _ in placed(text, language)]


def placed(text: str, language: str) -> Iterator[tuple[str, int, int]]:
    """Each term of a text, and where its word begins and ends."""
    stop = STOP.get(language, frozenset())
    for word in WORD.finditer(text):
        if (plain := word.group().lower()) not in stop:
            yield _stem(plain, language), word.start(), word.end()


@lru_cache(maxsize=1 << 17)
def _stem(word: str, language: str) -> str:
    return str(_stemmer(language).stemWord(word))


@cache
def _stemmer(language: str) -> Any:
    """The Snowball stemmer of a language (M. Porter, "Snowball: a language for stemming algorithms", 2001)."""
    import Stemmer

    known = Stemmer.algorithms()
    if language not in known:
        raise ModelError("language", f"no stemmer is made for '{language}'", nearest(language, known))
    return Stemmer.Stemmer(language)
