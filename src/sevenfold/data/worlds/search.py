"""The simulated world of search: documents and queries on the same subjects, in words that often differ.

A topic has ideas, and each idea two words for it; an author keeps to one of them, and who searches may type the other. A
document is on one aspect (some ideas) of one topic; a query asks for an aspect. Judges give 2 to documents on it, 1 to
others on its topic, and 0 to what they met elsewhere.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from sevenfold.data.worlds.pieces import shares, vocabulary
from sevenfold.nouns import Array

ASPECTS, IDEAS = 5, 6  # aspects of a topic, ideas of an aspect
USUAL = 1500  # words that are on everything
PER_TOPIC = 50  # documents
ELSEWHERE = 10  # documents of other topics that are judged for each query
BODY, TITLE, QUERY = 60, 6, 3  # words
LOYAL = 0.95  # how often an author keeps to the same word for an idea
ASKED = 0.5  # how often a query uses the word that stands first
SPLIT, PARTS = (0.7, 0.1, 0.2), np.array(["train", "dev", "test"])


def make(*, rows: int = 20_000, seed: int = 0) -> dict[str, pa.Table]:
    """The files of a world with that many judgements; `split` gives 70, 10 and 20 % of the queries."""
    rng = np.random.default_rng(seed)
    topics = max(rows // (10 * PER_TOPIC), 4)
    words = vocabulary(rng, USUAL + 2 * topics * ASPECTS * IDEAS)
    topic = np.repeat(np.arange(topics), PER_TOPIC)
    aspect, habit = rng.integers(ASPECTS, size=len(topic)), rng.random(len(topic)) < 0.7
    body, title = (_texts(rng, words, topic, aspect, habit, *kind) for kind in ((BODY, 0.12, 0.12), (TITLE, 0.3, 0.2)))
    queries = -(-rows // (PER_TOPIC + ELSEWHERE))
    subject, asked = rng.integers(topics, size=queries), rng.integers(ASPECTS, size=queries)
    text = _texts(rng, words, subject, asked, rng.random(queries) < ASKED, QUERY, 0.7, 0.1)
    split = PARTS[rng.permutation(np.searchsorted(np.cumsum(SPLIT), (np.arange(queries) + 0.5) / queries))]
    query, document = _judged(rng, subject, topics)
    query, document = query[:rows], document[:rows]
    same = subject[query] == topic[document]
    grade = np.where(same, 1 + (asked[query] == aspect[document]), 0)
    return {
        "documents.jsonl": pa.table({"id": np.arange(1, len(topic) + 1), "title": title, "body": body}),
        "queries.tsv": pa.table({"id": np.arange(1, queries + 1), "query": text, "split": split}),
        "judgements.tsv": pa.table({"query_id": query + 1, "document_id": document + 1, "grade": grade, "split": split[query]}),
        "truth.parquet": pa.table({"document_id": np.arange(1, len(topic) + 1), "topic": topic, "aspect": aspect}),
    }


def _texts(rng: np.random.Generator, words: Array, topic: Array, aspect: Array, habit: Array, length: int, own: float,
           other: float) -> list[str]:
    """[n] `length` words each: a share `own` on the aspect, `other` on any aspect of the topic, the rest on everything."""
    shape = (len(topic), length)
    kind = rng.random(shape)
    about = np.where(kind < own, aspect[:, None], rng.integers(ASPECTS, size=shape))
    idea = (topic[:, None] * ASPECTS + about) * IDEAS + rng.integers(IDEAS, size=shape)
    form = np.where(rng.random(shape) < LOYAL, habit[:, None], ~habit[:, None])
    usual = rng.choice(USUAL, shape, p=shares((np.arange(USUAL) + 3.0) ** -0.9))
    chosen = np.where(kind < own + other, USUAL + 2 * idea + form, usual)
    return [" ".join(row) for row in words[chosen]]


def _judged(rng: np.random.Generator, subject: Array, topics: int) -> tuple[Array, Array]:
    """Pairs of query and document: all of the query's topic, and some of others."""
    count = len(subject)
    mine = subject[:, None] * PER_TOPIC + np.arange(PER_TOPIC)
    apart = 1 + (np.arange(ELSEWHERE) + rng.random((count, ELSEWHERE))) * (topics - 1) * PER_TOPIC // ELSEWHERE
    others = (subject[:, None] + 1) * PER_TOPIC + apart.astype(np.int64) - 1
    found = np.concatenate([mine, others % (topics * PER_TOPIC)], axis=1)
    return np.repeat(np.arange(count), found.shape[1]), found.ravel()
