"""The simulated world of news: visits of a few articles, and new ones born every hour.

A visit begins with what is fresh. The next article stays with the subject of the last one, most often, or is again
whatever is fresh; an article is soon old. Most readers come once. Whether each click stayed with its subject is the truth.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from sevenfold.data.worlds.pieces import START, visits, who
from sevenfold.nouns import DAY, F64, SECOND, Array

DAYS = 16
HOUR = DAY // 24
SUBJECTS = 25
EACH_HOUR = 8  # articles born
STAYS = 0.7  # how often a reader stays with a subject
FRESH = 20.0  # articles, newest first, over which attention falls to a third
LONGEST = 8  # clicks of a visit


def make(*, rows: int = 150_000, seed: int = 0) -> dict[str, pa.Table]:
    """The files of a world with that many clicks over 16 days, columns called as in the published log."""
    rng = np.random.default_rng(seed)
    born, subject = _articles(rng, max(EACH_HOUR, rows // 6000))
    length = 1 + np.minimum(rng.geometric(0.5, rows // 2 + 1), LONGEST - 1)  # two clicks at least
    count = int(np.searchsorted(np.cumsum(length), rows)) + 1
    start, user, length = visits(rng, count, DAYS), who(rng, max(rows // 8, 20), count), length[:count]
    article, stayed, time = _visited(rng, start, born, subject)
    there = np.arange(LONGEST) < length[:, None]
    visit = np.nonzero(there)[0]
    order = np.argsort(time[there], kind="stable")[:rows]
    device, source = (rng.choice(kinds, count, p=chances)[visit][order] for kinds, chances in (
        ([1, 3, 4], [0.55, 0.35, 0.1]), ([1, 2, 5], [0.3, 0.5, 0.2])))
    visit = visit[order]
    clicks = {"user_id": user[visit] + 1, "session_id": visit + 1, "session_start": start[visit] // 1000,
              "session_size": length[visit], "click_article_id": article[there][order] + 1,
              "click_timestamp": time[there][order] // 1000, "click_deviceGroup": device, "click_referrer_type": source}
    articles = {"article_id": np.arange(1, len(born) + 1), "category_id": subject + 1, "created_at_ts": born // 1000,
                "words_count": rng.integers(80, 600, len(born))}
    truth = {"session_id": visit + 1, "click_article_id": clicks["click_article_id"], "stayed": stayed[there][order]}
    return {"clicks.parquet": pa.table(clicks), "articles_metadata.csv": pa.table(articles), "truth.parquet": pa.table(truth)}


def _articles(rng: np.random.Generator, each: int) -> tuple[Array, Array]:
    """When each article is born and on what it is, in order of birth; a hundred for each subject are there before the log."""
    before = SUBJECTS * 100
    hours = np.append(-1 - np.arange(before) // each, np.repeat(np.arange(24 * DAYS), each))
    born = START + np.sort(hours * HOUR + rng.integers(HOUR, size=len(hours)))
    return born, rng.integers(SUBJECTS, size=len(born))


def _visited(rng: np.random.Generator, start: Array, born: Array, subject: Array) -> tuple[Array, Array, Array]:
    """[visits, LONGEST] the articles of each visit, whether each stayed with the last one's subject, and when."""
    by_subject = np.lexsort((born, subject))  # the articles of each subject, oldest first
    edges = np.searchsorted(subject[by_subject], np.arange(SUBJECTS))
    time = start[:, None] + np.cumsum(rng.exponential(120 * SECOND, (len(start), LONGEST)), axis=1).astype(np.int64)
    article, stayed = np.empty_like(time), np.zeros(time.shape, dtype=bool)
    key = subject[by_subject] * (DAYS * DAY * 100) + (born[by_subject] - START)
    for turn in range(LONGEST):
        now = time[:, turn]
        article[:, turn] = np.searchsorted(born, now, side="right") - 1 - _age(rng, len(now), FRESH)
        if turn:
            last = subject[article[:, turn - 1]]
            alive = np.searchsorted(key, last * (DAYS * DAY * 100) + (now - START), side="right")
            near = by_subject[np.maximum(alive - 1 - _age(rng, len(now), FRESH / 4), edges[last])]
            stayed[:, turn] = rng.random(len(now)) < STAYS
            article[:, turn] = np.where(stayed[:, turn], near, article[:, turn])
    return article, stayed, time


def _age(rng: np.random.Generator, count: int, mean: float) -> Array:
    """[count] how many articles back, the newest most often."""
    ages: F64 = rng.exponential(mean, count)
    return ages.astype(np.int64)
