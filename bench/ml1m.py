"""MovieLens 1M, ratings of 3 and more, random 8:1:1 per user, nDCG@10 over all items: our retrievers beside their peers.

    SEVENFOLD_DATA=<folder> python bench/ml1m.py [--seeds 3]

The protocol of RecBole-GNN's comparison: of each user's ratings a tenth, rounded down but at least one, is for tests and
as much for validation; models learn from the rest, and a test removes what lies in the other two parts. All items are
ranked. `tuned` and `defaults` as in ml100k.py: grids are searched on the validation part, and our defaults and the grids were
settled on the validation part of seed 0.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ml100k import Ratings, content, drawn, folder, one_seed, report
from sevenfold.data import sources

PUBLISHED = {"BPR": 0.240, "LightGCN": 0.254, "XSimGCL": 0.275}


def read() -> Ratings:
    """All ratings of 3 and more; the file has the times of half of them, so none is read."""
    where = folder("ml-1m")
    ratings = sources.read(sources.find("ratings_all.parquet", folder=where, where="ratings"), ["user", "movie", "rating"])
    films = sources.read(sources.find("ml-1m:movies", folder=where, where="movies"), ["movie_id", "genres", "year"])
    user, movie, rating = (ratings.column(name).to_numpy() for name in ("user", "movie", "rating"))
    liked, item = np.unique(movie[rating >= 3], return_inverse=True)
    user = np.unique(user[rating >= 3], return_inverse=True)[1]
    return Ratings(user, item, np.zeros(len(user), np.int64), content(films, liked))


def main() -> None:
    ratings = read()

    def one(seed: int) -> Iterator[tuple[str, float, float]]:
        count, place = drawn(ratings, (81, seed))
        tenth = place // np.maximum(count // 10, 1)[ratings.user]  # 0: test, 1: validation
        train, validate, test = (ratings.take(mask) for mask in (tenth > 1, tenth == 1, tenth == 0))
        return one_seed(train, (train, validate), ratings.take(tenth > 0), test, seed)
    report("MovieLens 1M, ratings of 3 and more, random 8:1:1", PUBLISHED, one, 3)


if __name__ == "__main__":
    main()
