"""The simulated world of spam: messages from two distributions of words, so that the chance of spam is known.

A message's words are drawn one by one: all from what everybody writes, but spam uses some words far more. Its senders
spell many of those so that a filter misses them, and send a text many times, with another number at its end. A rule of
keywords labels every message, weakly; people have looked at a part.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from sevenfold.data.worlds.pieces import shares, vocabulary
from sevenfold.nouns import F64, Array

WORDS, LOUD = 2000, 60  # all, and those that spam uses more
KEYWORDS = 10  # of the loud ones, known to the rule
LONGEST = 24
SPAM = 0.13
HAND = 0.4  # share of the messages that somebody has looked at
DIGITS = str.maketrans("aeio", "4310")


def make(*, rows: int = 8_000, seed: int = 0) -> dict[str, pa.Table]:
    """The files of a world with that many messages; the truth is what is known of a text before it is misspelt."""
    rng = np.random.default_rng(seed)
    spam = rng.random(rows) < SPAM
    chances = _chances(rng)
    length = rng.integers(6, LONGEST + 1, rows)
    word = np.where(spam[:, None], *(rng.choice(WORDS, (rows, LONGEST), p=chances[kind]) for kind in (1, 0)))
    there = np.arange(LONGEST) < length[:, None]
    misspelt = (word < LOUD) & there & (rng.random(word.shape) < 0.7) & (spam & (rng.random(rows) < 0.5))[:, None]
    source = _sources(rng, spam)
    word, there, misspelt = word[source], there[source], misspelt[source]
    odds = np.log(SPAM / (1 - SPAM)) + np.where(there, np.log(chances[1] / chances[0])[word], 0).sum(axis=1)
    weak = (there & (word < KEYWORDS) & ~misspelt).any(axis=1)
    label, hand = np.where(spam, "spam", "ham"), rng.random(rows) < HAND
    number = np.arange(1, rows + 1)
    return {
        "messages.tsv": pa.table({"id": number, "label": pa.array(label, mask=~hand), "weak": np.where(weak, "spam", "ham"),
                                  "message": _texts(rng, word, there, misspelt)}),
        "truth.parquet": pa.table({"id": number, "label": label, "probability": 1 / (1 + np.exp(-odds)),
                                   "copy_of": source + 1, "misspelt": misspelt.sum(axis=1)}),
    }


def _chances(rng: np.random.Generator) -> F64:
    """[2, WORDS] how likely each word is, in ham and in spam; the loud ones stand first, the most telling before the others."""
    usual = (np.arange(WORDS) + 5.0) ** -0.9
    told = usual * np.exp(rng.normal(0, 0.3, WORDS))
    told[:LOUD] = usual[LOUD] * rng.uniform(1, 4, LOUD)
    usual[:LOUD] = usual[LOUD] * np.linspace(0.002, 0.3, LOUD)
    return np.stack([shares(usual), shares(told)])


def _sources(rng: np.random.Generator, spam: Array) -> Array:
    """[rows] the message that each one repeats, of its own kind and not after it; mostly itself."""
    source = np.arange(len(spam))
    for kind, share, texts in ((True, 0.5, 10), (False, 0.03, 4)):
        rows = np.flatnonzero(spam == kind)
        first = rows[:max(len(rows) // texts, 1)]
        again = rows[len(first):]
        copies = rng.random(len(again)) < share
        source[again[copies]] = rng.choice(first, int(copies.sum()))
    return source


def _texts(rng: np.random.Generator, word: Array, there: Array, misspelt: Array) -> list[str]:
    """[rows] the words, and a number that differs between copies."""
    plain = vocabulary(rng, WORDS)
    sly = np.array([_misspelt(text, way) for text, way in zip(plain[:LOUD], rng.integers(3, size=LOUD))])
    spelt = np.where(misspelt, sly[np.minimum(word, LOUD - 1)], plain[word])
    numbers = rng.integers(10_000, 100_000, len(word))
    return [f"{' '.join(row[shown])} {number}" for row, shown, number in zip(spelt, there, numbers)]


def _misspelt(word: str, way: int) -> str:
    """Digits for vowels, a dot inside, or the last letter three times."""
    return (word.translate(DIGITS), f"{word[:2]}.{word[2:]}", word + 2 * word[-1])[way]
