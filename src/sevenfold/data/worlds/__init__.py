"""Simulated worlds: for each shipped system data of which everything is known.

A world is tables by the names of their files, those that the system's design reads and `truth.parquet`, which no design
may read: the chances behind what was drawn. The same name, rows and seed give the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pyarrow as pa

from sevenfold.data.worlds import ads, feed, friends, ratings, search, similar, spam, video
from sevenfold.data.worlds.pieces import write
from sevenfold.errors import DataError, nearest

__all__ = ["LEAST", "WORLDS", "simulate", "write"]

WORLDS: Mapping[str, Callable[..., dict[str, pa.Table]]] = {
    "video": video.make, "ads": ads.make, "ratings": ratings.make, "friends": friends.make, "spam": spam.make,
    "search": search.make, "feed": feed.make, "similar": similar.make}
LEAST = 500  # rows below which a world has nothing to learn from


def simulate(name: str, *, rows: int | None = None, seed: int = 0) -> Mapping[str, pa.Table]:
    """The files of a world with that many rows of events, or as many as are usual."""
    if name not in WORLDS:
        raise DataError("data simulate", f"no world is called '{name}'", nearest(name, WORLDS))
    if rows is not None and rows < LEAST:
        raise DataError("data simulate --rows", f"expected at least {LEAST}, got {rows}",
                        "A smaller world has too little to learn from.")
    return WORLDS[name](seed=seed) if rows is None else WORLDS[name](rows=rows, seed=seed)
