"""The features of every event of a log larger than memory: parted by entity, each part read by the same view.

A window is of one entity, so the events of some users, or of some items, are a small log of their own.

scatter   one pass over the log writes each event to a file of its user's part and to one of its item's
compute   each part is indexed and read as a log is, a few at a time; pairs and context go with the user
gather    the parts' values go back into the order of the log, chunk by chunk

In memory lie the entities, one chunk of the log and `WORKERS` parts with their indices. Of `parts` parts each holds
about an equal share of the events, but never less than its busiest user or item has.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from sevenfold.features.fitting import Features
from sevenfold.features.present import Present
from sevenfold.features.view import View
from sevenfold.nouns import F32, I32, I64, Array, Candidates, Data, Log, Requests

FIXED = ("time", "available", "user", "item", "positive")
CHUNK = 1 << 20  # events
WORKERS = 2
SIDES = {"user": ("user", "pair", "context"), "item": ("item",)}  # whose part tells which groups of features


@dataclass(frozen=True, kw_only=True)
class Side:
    """The log parted by one entity: the files of its parts, and of each chunk what went where."""

    key: str  # user or item
    view: View  # of the features that these parts tell, bound to no events
    folder: Path
    counts: list[I64] = field(default_factory=list)  # of each chunk [parts] events
    orders: list[I32] = field(default_factory=list)


def read(files: Iterable[Path], rows: int = CHUNK) -> Iterator[Log]:
    """A log in Parquet files, in order of time, as chunks: columns as in `Log`, all further ones are its table."""
    for file in files:
        with pq.ParquetFile(file) as source:
            for batch in source.iter_batches(rows):
                yield _log(pa.Table.from_batches([batch]))
