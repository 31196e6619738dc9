"""What retrievers of texts share: each item's terms, those of the queries that found it among them."""

from __future__ import annotations

from collections import Counter

from sevenfold.errors import ModelError
from sevenfold.features.terms import terms
from sevenfold.nouns import Interactions


def counted(where: str, interactions: Interactions, language: str) -> list[Counter[str]]:
    """[items] how often each term stands in the fields of an item; `ModelError` where items have no text."""
    if not interactions.documents:
        raise ModelError(where, "items have no text to search", "Name their columns: data.items.text: [title, body].")
    fields = zip(*(field.tolist() for field in interactions.documents.values()), strict=True)
    return [Counter(terms(" ".join(texts), language)) for texts in fields]


def asked(interactions: Interactions, language: str) -> list[Counter[str]]:
    """[items] how often each term stands in the queries to which an item proved relevant; nothing where there are no queries."""
    found: list[Counter[str]] = [Counter() for _ in range(interactions.items)]
    if interactions.queries is not None:
        said = [terms(text, language) for text in interactions.queries.tolist()]
        for query, item in sorted(set(zip(interactions.user.tolist(), interactions.item.tolist(), strict=True))):
            found[item].update(said[query])
    return found
