"""The features of every event of a log larger than memory: parted by entity, each part read by the same view.

A window is of one entity, so the events of some users, or of some items, are a small log of their own.

scatter   one pass over the log writes each event to a file of its user's part and to one of its item's
compute   each part is indexed and read as a whole log is, `WORKERS` at a time; pairs and context go with the user
gather    the parts' values go back into the order of the log, chunk by chunk

In memory lie the entities, one chunk of the log and `WORKERS` parts with their indices. A part holds about 1 / `parts` of
the events, but never less than the busiest of its users or items has.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO

import numpy as np
import pyarrow as pa
from pyarrow import ipc
from pyarrow import parquet as pq

from sevenfold.errors import DataError, nearest
from sevenfold.features.fitting import Features
from sevenfold.features.present import Present
from sevenfold.features.view import View
from sevenfold.features.window import Waits
from sevenfold.nouns import F32, Array, Candidates, Data, Log, Requests

FIXED = {"time": pa.int64(), "available": pa.int64(), "user": pa.int32(), "item": pa.int32(), "positive": pa.bool_()}
SIDES = {"user": ("user", "pair", "context"), "item": ("item",)}  # whose parts tell which groups of features
ORDERS = "orders"  # the file of each chunk's rows, part after part
CHUNK = 1 << 20  # events
WORKERS = 2


@dataclass(frozen=True, kw_only=True)
class Side:
    """A log parted by one entity: of each part a file of events and one of values."""

    key: str  # user or item
    view: View  # of the features that these parts tell, bound to the entities
    folder: Path
    counts: list[list[int]] = field(default_factory=list)  # [chunks][parts] events


def read(files: Iterable[Path]) -> Iterator[Log]:
    """A log from Parquet files in order of time, in chunks: columns named as in `Log`, all others are its table."""
    for file in files:
        with pq.ParquetFile(file, pre_buffer=False) as source:  # else all that was read stays in memory
            names = source.schema_arrow.names
            for name in FIXED:
                if name not in names:
                    raise DataError(str(file), f"there is no column '{name}'", nearest(name, names))
            columns = [*FIXED, *(name for name in names if name not in FIXED)]
            for batch in source.iter_batches(CHUNK):
                yield _log(pa.Table.from_batches([batch]).select(columns))


def write(features: Features, data: Data, log: Iterable[Log], to: Path, *, parts: int) -> None:
    """Write what the features were strictly before each event: a Parquet file with a row for each, in order of the log.

    The log comes in chunks in order of time, each with the columns of `data.log.table`; of `data` the entities are read
    and not the log, which may be the sample that the features were fitted on. What features name of an event is its
    request's context. Beside `to` there must be room for two copies of the columns read and one of the values.
    """
    if linked := [feature.path for feature in features.features if getattr(feature.kind, "of_links", False)]:
        raise DataError(f"data.features.{linked[0]}", "reads the links of other users, and a part holds those of its own",
                        "Read the whole log at once, or leave the feature out.")
    empty = replace(data, log=data.log.take(np.empty(0, dtype=np.int64)))
    with TemporaryDirectory(dir=to.parent) as folder:
        sides = [_side(key, features, empty, Path(folder)) for key in SIDES]
        _scatter(log, sides, _schema(features, data.log.table), parts)
        with ThreadPoolExecutor(WORKERS) as pool:
            for side in sides:
                list(pool.map(partial(_compute, side, features.waits(data)), range(parts)))
        _gather(sides, features.names, to, parts)


def _side(key: str, features: Features, empty: Data, folder: Path) -> Side:
    told = tuple(feature for feature in features.features if feature.group in SIDES[key])
    (folder / key).mkdir()
    return Side(key=key, view=View(told, Present(empty, features.waits(empty)), history=0), folder=folder / key)


def _schema(features: Features, table: pa.Table) -> pa.Schema:
    """Of an event what every feature reads, and those columns of the log that the definitions name."""
    values = [value for feature in features.features for value in feature.part.params.values()]
    named = {word for value in values for word in (value if isinstance(value, list | tuple) else [value])}
    return pa.schema([*FIXED.items(), *(column for column in table.schema if column.name in named)])


def _scatter(log: Iterable[Log], sides: list[Side], schema: pa.Schema, parts: int) -> None:
    with ExitStack() as opened:
        files = [([opened.enter_context(ipc.new_file(side.folder / f"{part}.arrow", schema)) for part in range(parts)],
                  opened.enter_context((side.folder / ORDERS).open("wb"))) for side in sides]
        for chunk in log:
            columns = [chunk.table[name].combine_chunks() for name in schema.names[len(FIXED):]]
            batch = pa.record_batch([*(pa.array(getattr(chunk, name)) for name in FIXED), *columns], schema=schema)
            for side, (writers, orders) in zip(sides, files, strict=True):
                part = (getattr(chunk, side.key) % parts).astype(np.uint16)  # sorted in one step a byte
                side.counts.append(np.bincount(part, minlength=parts).tolist())
                order = np.argsort(part, kind="stable").astype(np.int32)
                order.tofile(orders)
                _deal(batch.take(pa.array(order)), side.counts[-1], writers)


def _deal(batch: pa.RecordBatch, counts: list[int], writers: list[ipc.RecordBatchFileWriter]) -> None:
    """Write the rows of a batch, which stand part after part."""
    start = 0
    for writer, count in zip(writers, counts, strict=True):
        writer.write_batch(batch.slice(start, count))
        start += count


def _compute(side: Side, waits: Waits, part: int) -> None:
    """Write the values of a part's events, in their order: [events, columns] as bytes."""
    with pa.memory_map(str(side.folder / f"{part}.arrow")) as file:
        log = _log(ipc.open_file(file).read_all())
    view = side.view.of(Present(replace(side.view.data, log=log), waits))
    context = {name: column.to_numpy() for name, column in zip(log.table.column_names, log.table.columns)}
    requests = Requests(time=log.time, user=log.user, context=context)
    own = Candidates(request=np.arange(len(log), dtype=np.int32), item=log.item, sources={}, ranks={})
    view.rows(requests, own).values.tofile(side.folder / f"{part}.values")


def _gather(sides: list[Side], names: tuple[str, ...], to: Path, parts: int) -> None:
    schema = pa.schema([(name, pa.float32()) for name in names])
    with ExitStack() as opened:
        files = [[opened.enter_context((side.folder / name).open("rb"))
                  for name in (ORDERS, *(f"{part}.values" for part in range(parts)))] for side in sides]
        writer = opened.enter_context(pq.ParquetWriter(to, schema, use_dictionary=False))
        for counts in zip(*(side.counts for side in sides), strict=True):
            found: dict[str, Array] = {}
            for side, count, (orders, *values) in zip(sides, counts, files, strict=True):
                found |= zip(side.view.names, _placed(count, len(side.view.names), orders, values).T)
            writer.write_table(pa.table({name: found[name] for name in names}, schema=schema))


def _placed(counts: list[int], width: int, orders: BinaryIO, values: Iterable[BinaryIO]) -> F32:
    """[events, columns] of a chunk of the log, in its order."""
    placed = np.empty((sum(counts), width), dtype=np.float32)
    found = np.concatenate([np.fromfile(file, np.float32, count * width) for count, file in zip(counts, values, strict=True)])
    placed[np.fromfile(orders, np.int32, len(placed))] = found.reshape(placed.shape)
    return placed


def _log(table: pa.Table) -> Log:
    """Events from columns as in `FIXED`, followed by those of their own table."""
    fixed: dict[str, Array] = {name: column.to_numpy() for name, column in zip(FIXED, table.columns)}
    return Log(**fixed, table=table.select(list(range(len(FIXED), table.num_columns))))
