"""The feature of what is typed against a field of the item: from whoever knows the text, and never from a later document."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pyarrow as pa
import pytest

from sevenfold import features
from sevenfold.errors import DesignError
from sevenfold.features.lexical import Statistics, postings, statistics
from sevenfold.features.online import Online
from sevenfold.nouns import Candidates, Data, Entities, Log, Requests
from toy_logs import SECOND, design

TITLES = ["red house", "red red dog", None, "blue dog", "house of a whale"]
PART = {"pair": {"title": {"matching": "title", "to": "query"}}}


def searched() -> Data:
    log = Log(time=np.arange(3) * SECOND, available=np.arange(3) * SECOND, user=np.array([0, 1, 1], np.int32),
              item=np.array([0, 1, 3], np.int32), positive=np.ones(3, np.bool_), table=pa.table({"price": np.zeros(3)}))
    queries = Entities(ids=np.arange(2), table=pa.table({"query": ["a red dog", None]}))
    return Data(log=log, users=queries, items=Entities(ids=np.arange(5), table=pa.table({"title": TITLES})))


def asked(context: dict[str, np.ndarray] | None = None) -> tuple[Requests, Candidates]:
    requests = Requests(time=np.full(3, 9 * SECOND), user=np.array([0, 1, -1], np.int32), context=context or {})
    return requests, Candidates(request=np.repeat(np.arange(3), 7).astype(np.int32), sources={}, ranks={},
                                item=np.tile(np.arange(-1, 6), 3).astype(np.int32))


def expected(query: list[str]) -> np.ndarray:
    """By the words of the three documents that had been met."""
    counts = [Counter((title or "").replace("of a ", "").replace("house", "hous").split()) for title in TITLES]
    known: Statistics = statistics([counts[item] for item in (0, 1, 3)])
    return np.concatenate([[0], postings(counts, known, 1.2, 0.75).all(query), [0]]).astype(np.float32)


def test_the_text_is_the_querys_own_or_what_the_request_says() -> None:
    data = searched()
    fitted = features.fit(design(PART), data, 5 * SECOND)
    found = fitted.over(data).rows(*asked()).values[:, 0].reshape(3, 7)
    np.testing.assert_allclose(found[0], expected(["red", "dog"]), rtol=1e-6)
    assert found[0, 2] > found[0, 4] > 0, "two words beat one"
    assert (found[1:] == 0).all(), "nobody knows a text"
    said = {"query": np.array([None, "the houses", "whale"], dtype=object)}
    found = fitted.over(data).rows(*asked(said)).values[:, 0].reshape(3, 7)
    np.testing.assert_allclose(found, [expected([]), expected(["hous"]), expected([])], rtol=1e-6)  # a whale came later


def test_both_executions_agree() -> None:
    data = searched()
    fitted = features.fit(design(PART), data, 5 * SECOND)
    served = Online(fitted, data).view([None] * 3, 9 * SECOND).rows(*asked()).values
    np.testing.assert_array_equal(served, fitted.over(data).rows(*asked()).values)


def test_it_belongs_to_a_pair() -> None:
    with pytest.raises(DesignError, match="expected a feature of pair, got one of item"):
        features.fit(design({"item": PART["pair"]}), searched(), 0)
