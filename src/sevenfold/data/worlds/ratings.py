"""The simulated world of ratings: mild and stern judges, good and bad films, tastes that nobody named.

A rating is rounded from a judge's mildness, a film's quality, the match of two hidden vectors and a mood. People rate what
they chose to watch: popular films, and those that they will like. What is expected of each rating is known.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from sevenfold.data.formats import lists
from sevenfold.data.worlds.pieces import START, dot, moments
from sevenfold.nouns import DAY, F64, SECOND, Array

GENRES = ("Action", "Animation", "Comedy", "Crime", "Drama", "Horror", "Romance", "Western")
MEAN, MOOD = 3.5, 0.8
DAYS = 720


def make(*, rows: int = 100_000, seed: int = 0) -> dict[str, pa.Table]:
    """The files of a world with that many ratings over two years."""
    rng = np.random.default_rng(seed)
    people, films = max(rows // 60, 30), min(max(rows // 60, 60), 4000)
    tastes, mild = rng.normal(0, 0.3, (people, len(GENRES))), rng.normal(0, 0.35, people)
    flags = rng.random((films, len(GENRES))) < 0.2
    traits, good = 1.2 * flags + rng.normal(0, 0.6, (films, len(GENRES))), rng.normal(0, 0.45, films)
    user, film = _watched(rng, rows, tastes, traits, good)
    mean = MEAN + mild[user] + good[film] + dot(tastes[user], traits[film])
    rating = np.clip(np.rint(mean + rng.normal(0, MOOD, rows)), 1, 5).astype(np.int64)
    time = _moments(rng, user, people)
    order = np.argsort(time, kind="stable")
    title = np.char.add("Film ", np.char.mod("%d", np.arange(1, films + 1)))
    return {
        "ratings.parquet": pa.table({"event_id": np.arange(rows), "user_id": user[order] + 1, "movie_id": film[order] + 1,
                                     "rating": rating[order], "timestamp": moments(time[order])}),
        "movies.parquet": pa.table({"movie_id": np.arange(1, films + 1), "title": title, "genres": lists(flags, GENRES),
                                    "year": rng.integers(1960, 2026, films)}),
        "truth.parquet": pa.table({"event_id": np.arange(rows), "expected": _expected(mean)[order]}),
    }


def _watched(rng: np.random.Generator, rows: int, tastes: F64, traits: F64, good: F64) -> tuple[Array, Array]:
    """Different pairs of person and film, in no order: drawn without replacement, by the largest of noisy scores."""
    people, films = len(tastes), len(traits)
    score = rng.gumbel(size=(people, films)) + rng.normal(0, 0.9, (people, 1)) + rng.normal(0, 1.2, films) + 0.5 * good
    score += 0.5 * np.einsum("ud,id->ui", tastes, traits, optimize=False)
    chosen = np.argpartition(score.ravel(), -rows)[-rows:]
    return np.divmod(np.sort(chosen), films)


def _moments(rng: np.random.Generator, user: Array, people: int) -> Array:
    """[rows] each person joins at some time and rates in sittings, in no order of the films; `user` rises."""
    joined = START - DAYS * DAY + rng.uniform(0, 0.9 * DAYS, people) * DAY
    pause = np.where(rng.random(len(user)) < 0.1, rng.exponential(8 * DAY, len(user)), rng.exponential(60 * SECOND, len(user)))
    passed = np.cumsum(pause)
    first = np.searchsorted(user, user)
    time = joined[user] + passed - passed[first]
    return np.asarray(time[np.lexsort((rng.random(len(user)), user))]).astype(np.int64)


def _expected(mean: F64) -> F64:
    """The mean of a rating that is rounded to 1..5."""
    from scipy.special import ndtr

    return np.asarray(1 + sum(ndtr((mean - half) / MOOD) for half in (1.5, 2.5, 3.5, 4.5)))
