"""The simulated world of a feed: posts by friends, and eight things that a reader may do with each.

A reader follows some authors, each as closely as it may be; a page is ten recent posts, mostly theirs. What a reader does
needs a look, rarer further down, and an interest: closeness, a taste for the hashtags, the post's quality. Disputed posts
draw comments, and are hidden. The chance of every action is known.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from sevenfold.data.formats import lists
from sevenfold.data.worlds.pieces import DEVICES, START, chance, dot, moments, visits, vocabulary, who
from sevenfold.nouns import DAY, F64, Array

HASHTAGS = ("art", "cats", "family", "food", "music", "news", "sports", "travel")
FORMATS = np.array(["text", "picture", "video"])
DAYS = 30
PAGE = 10
WINDOW = 120  # posts young enough to be shown
LOOK: F64 = np.arange(1, PAGE + 1, dtype=np.float64) ** np.float64(-0.4)
# log odds of each action, once looked at: of an indifferent reader, for each unit of interest, of a disputed post
ACTIONS = {"clicked": (-1.6, 1.0, 0.3), "lingered": (-1.0, 0.8, 0.2), "skipped": (0.0, -1.0, 0.0), "liked": (-2.5, 1.0, -0.5),
           "commented": (-4.0, 0.9, 1.5), "shared": (-4.5, 1.0, 0.8), "hidden": (-4.5, -0.8, 1.2), "blocked": (-6.0, -0.8, 1.2)}


def make(*, rows: int = 100_000, seed: int = 0) -> dict[str, pa.Table]:
    """The files of a world in which that many posts are shown over 30 days."""
    rng = np.random.default_rng(seed)
    pages, readers = -(-rows // PAGE), max(rows // 80, 20)
    posts = _posts(rng, max(rows // 20, 2 * WINDOW), min(max(rows // 300, 30), 1000))
    close = _closeness(rng, readers, int(posts["author"].max()) + 1)
    tastes = rng.normal(0, 0.6, (readers, len(HASHTAGS)))
    reader, time = who(rng, readers, pages), visits(rng, pages, DAYS)
    post = _shown(rng, np.searchsorted(posts["born"], time, side="right"), close[reader], posts["author"]).ravel()[:rows]
    page = np.repeat(np.arange(pages), PAGE)[:rows]
    who_reads, place = reader[page], np.tile(np.arange(PAGE), pages)[:rows]
    interest = close[who_reads, posts["author"][post]] + dot(tastes[who_reads], posts["hashtags"][post]) + posts["quality"][post]
    true, done = _done(rng, interest, posts["disputed"][post], LOOK[place])
    shown = {"event_id": np.arange(rows), "shown_at": moments(time[page]), "request_id": page, "reader": who_reads + 1,
             "post": post + 1, "position": place + 1, "device": DEVICES[rng.choice(3, pages, p=[0.2, 0.7, 0.1])[page]]}
    return {"shown.parquet": pa.table(shown | {name: each.astype(np.int64) for name, each in done.items()}),
            "readers.parquet": pa.table({"reader": np.arange(1, readers + 1), "age": rng.integers(16, 81, readers)}),
            "posts.parquet": _table(rng, posts),
            "truth.parquet": pa.table({"event_id": np.arange(rows), **true})}


def _posts(rng: np.random.Generator, count: int, authors: int) -> dict[str, Array]:
    """Posts in order of birth, as many as fill a feed before the first day; a few authors write most."""
    born = np.append(rng.uniform(-3, 0, WINDOW), rng.uniform(0, DAYS, count - WINDOW))
    favourite = rng.integers(len(HASHTAGS), size=authors)
    author = who(rng, authors, count)
    hashtags = rng.random((count, len(HASHTAGS))) < 0.12
    hashtags[np.arange(count), favourite[author]] |= rng.random(count) < 0.7
    return {"author": author, "born": START + (np.sort(born) * DAY).astype(np.int64), "hashtags": hashtags,
            "quality": rng.normal(0, 0.5, count), "disputed": rng.random(count) < 0.05, "format": rng.integers(3, size=count)}


def _closeness(rng: np.random.Generator, readers: int, authors: int) -> F64:
    """[readers, authors] above 0 for whom a reader follows, below for everybody else."""
    follows = rng.random((readers, authors)) < np.minimum(12 / authors, 0.5)
    return np.where(follows, rng.gamma(2, 0.7, follows.shape), -0.5)


def _shown(rng: np.random.Generator, alive: Array, close: F64, author: Array) -> Array:
    """[pages, PAGE] different posts of the youngest that are alive, drawn by closeness and youth."""
    post = alive[:, None] - 1 - np.arange(WINDOW)
    score = np.take_along_axis(close, author[post], axis=1) + rng.gumbel(size=post.shape) - np.arange(WINDOW) / 40
    best = np.argsort(-score, axis=1, kind="stable")[:, :PAGE]
    return np.take_along_axis(post, rng.permuted(best, axis=1), axis=1)


def _done(rng: np.random.Generator, interest: F64, disputed: Array, look: F64) -> tuple[dict[str, F64], dict[str, Array]]:
    """The chance of each action, and whether it was done; who clicked did not skip."""
    looked = rng.random(len(look)) < look
    once = {name: chance(base + slope * interest + extra * disputed) for name, (base, slope, extra) in ACTIONS.items()}
    once["lingered"], once["skipped"] = once["clicked"] * once["lingered"], (1 - once["clicked"]) * once["skipped"]
    drawn = {name: rng.random(len(look)) for name in once}
    # one draw decides whether to click, and on either side of it how the visit went on
    drawn["lingered"], drawn["skipped"] = drawn["clicked"], 1 - drawn["clicked"]
    return {name: look * each for name, each in once.items()}, {name: looked & (drawn[name] < once[name]) for name in once}


def _table(rng: np.random.Generator, posts: dict[str, Array]) -> pa.Table:
    words, count = vocabulary(rng, 40 * len(HASHTAGS)).reshape(len(HASHTAGS), 40), len(posts["born"])
    subject = np.argmax(posts["hashtags"] * rng.random(posts["hashtags"].shape), axis=1)
    text = words[subject[:, None], rng.integers(40, size=(count, 12))]
    author = np.char.add("author ", (posts["author"] + 1).astype(str))
    return pa.table({"post": np.arange(1, count + 1), "author": author, "posted": moments(posts["born"]),
                     "format": FORMATS[posts["format"]], "hashtags": lists(posts["hashtags"], HASHTAGS),
                     "body": [" ".join(row) for row in text], "disputed": posts["disputed"]})
