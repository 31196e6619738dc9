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
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO

import numpy as np
import pyarrow as pa
from pyarrow import ipc
from pyarrow import parquet as pq

from sevenfold.features.fitting import Features
from sevenfold.features.present import Present
from sevenfold.features.view import View
from sevenfold.nouns import F32, Array, Candidates, Data, Log, Requests

FIXED = {"time": pa.int64(), "available": pa.int64(), "user": pa.int32(), "item": pa.int32(), "positive": pa.bool_()}
SIDES = {"user": ("user", "pair", "context"), "item": ("item",)}  # whose parts tell which groups of features
CHUNK = 1 << 20  # events
WORKERS = 2


@dataclass(frozen=True, kw_only=True)
class Side:
    """A log parted by one entity: a file of events and a file of values for each part, and what went where."""

    key: str  # user or item
    view: View  # of the features that these parts tell, bound to the entities
    folder: Path
    counts: list[list[int]] = field(default_factory=list)  # [chunks][parts] events


def read(files: Iterable[Path]) -> Iterator[Log]:
    """A log from Parquet files in order of time, in chunks: columns named as in `Log`, all others are its table."""
    for file in files:
        with pq.ParquetFile(file, pre_buffer=False) as source:  # or all that was read would stay in memory
            for batch in source.iter_batches(CHUNK):
                others = [name for name in batch.schema.names if name not in FIXED]
                yield _log(pa.Table.from_batches([batch]).select([*FIXED, *others]))


def write(features: Features, data: Data, log: Iterable[Log], to: Path, *, parts: int) -> None:
    """Write what the features were strictly before each event: a Parquet file with a row for each, in order of the log.

    The log comes in chunks in order of time, each with the columns of `data.log.table`; of `data` the entities are read
    and not the log, which may be the sample that the features were fitted on. The columns of an event that features name
    are its request's context. Files to work with lie beside `to`, about twice as large as the columns read.
    """
    empty = replace(data, log=data.log.take(np.empty(0, dtype=np.int64)))
    with TemporaryDirectory(dir=to.parent) as folder:
        sides = []
        for key, groups in SIDES.items():
            told = tuple(feature for feature in features.features if feature.group in groups)
            view = View(told, Present(empty, features.label_is_own), history=0)
            (Path(folder) / key).mkdir()
            sides.append(Side(key=key, view=view, folder=Path(folder) / key))
        _scatter(log, sides, _columns(features, data.log.table), parts)
        tasks = [(side, part) for side in sides for part in range(parts)]
        with ThreadPoolExecutor(WORKERS) as pool:
            list(pool.map(lambda task: _compute(*task, features.label_is_own), tasks))
        _gather(sides, features.names, to, parts)


def _columns(features: Features, table: pa.Table) -> pa.Schema:
    """The columns of the log that the definitions of the features name."""
    values = [value for feature in features.features for value in feature.part.params.values()]
    named = {word for value in values for word in (value if isinstance(value, list | tuple) else [value])}
    return pa.schema([column for column in table.schema if column.name in named])


def _scatter(log: Iterable[Log], sides: list[Side], columns: pa.Schema, parts: int) -> None:
    schema = pa.schema([*FIXED.items(), *columns])
    with ExitStack() as opened:
        writers = {side.key: [opened.enter_context(ipc.new_file(side.folder / f"{part}.arrow", schema)) for part in range(parts)]
                   for side in sides}
        orders = {side.key: opened.enter_context((side.folder / "orders").open("wb")) for side in sides}
        for chunk in log:
            table = chunk.table.select(columns.names).combine_chunks()
            arrays = [pa.array(getattr(chunk, name)) for name in FIXED] + [column.combine_chunks() for column in table.columns]
            batch = pa.record_batch(arrays, schema=schema)
            for side in sides:
                part = getattr(chunk, side.key) % parts
                order = np.argsort(part.astype(np.uint16), kind="stable").astype(np.int32)
                order.tofile(orders[side.key])
                counts = np.bincount(part, minlength=parts).tolist()
                side.counts.append(counts)
                sorted_, start = batch.take(pa.array(order)), 0
                for writer, count in zip(writers[side.key], counts, strict=True):
                    writer.write_batch(sorted_.slice(start, count))
                    start += count


def _compute(side: Side, part: int, label_is_own: bool) -> None:
    """[events, columns] of a part, in order of the log, as the bytes of its floats."""
    with pa.memory_map(str(side.folder / f"{part}.arrow")) as file:
        log = _log(ipc.open_file(file).read_all())
    view = side.view.of(Present(replace(side.view.data, log=log), label_is_own))
    context = {name: column.to_numpy() for name, column in zip(log.table.column_names, log.table.columns)}
    requests = Requests(time=log.time, user=log.user, context=context)
    every = Candidates(request=np.arange(len(log), dtype=np.int32), item=log.item, sources={}, ranks={})
    view.rows(requests, every).values.tofile(side.folder / f"{part}.values")


def _gather(sides: list[Side], names: tuple[str, ...], to: Path, parts: int) -> None:
    schema = pa.schema([(name, pa.float32()) for name in names])
    with ExitStack() as opened:
        def files(side: Side) -> list[BinaryIO]:
            return [opened.enter_context((side.folder / name).open("rb"))
                    for name in ("orders", *(f"{part}.values" for part in range(parts)))]

        sources = [(side, *files(side)) for side in sides]
        writer = opened.enter_context(pq.ParquetWriter(to, schema, use_dictionary=False))
        for chunk in range(len(sides[0].counts)):
            found = {name: column for side, orders, *values in sources
                     for name, column in zip(side.view.names, _placed(side, chunk, orders, values).T)}
            writer.write_table(pa.table({name: found[name] for name in names}, schema=schema))


def _placed(side: Side, chunk: int, orders: BinaryIO, values: list[BinaryIO]) -> F32:
    """[events, columns] of a chunk of the log, in its order."""
    counts, width = side.counts[chunk], len(side.view.names)
    found = [np.fromfile(file, np.float32, count * width).reshape(count, width) for file, count in zip(values, counts, strict=True)]
    placed = np.empty((sum(counts), width), dtype=np.float32)
    placed[np.fromfile(orders, np.int32, sum(counts))] = np.concatenate(found)
    return placed


def _log(table: pa.Table) -> Log:
    """Events from columns as in `FIXED`, followed by those of their own table."""
    fixed: dict[str, Array] = {name: column.to_numpy() for name, column in zip(FIXED, table.columns)}
    return Log(**fixed, table=table.select(list(range(len(FIXED), table.num_columns))))
