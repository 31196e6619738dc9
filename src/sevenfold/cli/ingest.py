"""`sevenfold ingest RUN FILE|-`: append events to a run's log."""

from __future__ import annotations

import argparse
import difflib
import hashlib
import sys
from collections import Counter
from pathlib import Path

import pyarrow as pa

from sevenfold import record, stores
from sevenfold.data.arriving import Arrived, arriving, quarantine
from sevenfold.errors import DataError
from sevenfold.serving.arrivals import available_at
from sevenfold.serving.memory import Memory

HELP = "Append events to a run's log: each once, by its id; what is no event goes into a quarantine file with the reason."


def arguments(parser: argparse.ArgumentParser) -> None:
    """The words after `ingest`."""
    parser.add_argument("run", type=Path, metavar="RUN", help="the folder of a run")
    parser.add_argument("file", metavar="FILE", help="JSON lines, CSV or Parquet; - reads standard input")
    parser.add_argument("--kind", help="of standard input: jsonl, csv, tsv, parquet; default: jsonl")
    parser.add_argument("--id", metavar="COLUMN", help="the column that tells events apart; default: their content and its "
                        "turn, so that the same file twice adds nothing")
    parser.add_argument("--store", metavar="URL", help="default: lmdb://RUN/store")


def run(args: argparse.Namespace) -> int:
    """Take the events; 1 where some were refused."""
    folder = record.locate(args.run)
    source = sys.stdin.buffer if args.file == "-" else Path(args.file)
    kind = (args.kind or "jsonl") if args.file == "-" else args.kind
    new = repeated = refused = 0
    turns: Counter[bytes] = Counter()
    with stores.open(args.store or f"lmdb://{folder / 'store'}") as store:
        memory = Memory(folder, store)
        events = memory.design.data.events
        if not memory.clocked:
            raise DataError("data.events.time", "the data of this design have no clock, so an event has no moment",
                            "Name their column of time and run the design again.")
        times = [name for name in (events.time, events.available) if name]
        columns = {field.name: field.type for field in memory.schema} | ({args.id: pa.string()} if args.id else {})
        needed = [*memory.roles.values(), *([args.id] if args.id else [])]
        for chunk in arriving(source, columns=columns, needed=needed, times=times, kind=kind):
            if chunk.unknown:
                print(f"nothing reads {', '.join(_meant(chunk))}", file=sys.stderr)
            rows = chunk.table.select(memory.schema.names)
            taken = memory.take(rows, *available_at(events, chunk.times), ids(chunk, args.id, turns))
            quarantine(folder / "quarantine.jsonl", chunk.refused)
            new, repeated, refused = new + taken.new, repeated + taken.repeated, refused + len(chunk.refused)
            print(f"{new:,} taken, {repeated:,} known already, {refused:,} refused", flush=True)
    if not new + repeated + refused:
        print("0 events taken")
    if refused:
        print(f"{folder / 'quarantine.jsonl'}  says why each was refused", file=sys.stderr)
    return int(refused > 0)


def _meant(chunk: Arrived) -> list[str]:
    """The columns that nobody reads, each with the one like it that came empty."""
    empty = [name for name in chunk.table.column_names if chunk.table.column(name).null_count == len(chunk.table)]
    near = {name: difflib.get_close_matches(name, empty, 1) for name in chunk.unknown}
    return [f"{name} (did you mean '{found[0]}'?)" if found else name for name, found in near.items()]


def ids(chunk: Arrived, column: str | None, turns: Counter[bytes]) -> list[str]:
    """What tells the events apart: a column's value, else the hash of the row and how often it came before in the source."""
    if column is not None:
        return [str(one) for one in chunk.table.column(column).to_pylist()]
    told = []
    for row in chunk.table.to_pylist():
        content = hashlib.blake2b(repr(sorted(row.items(), key=lambda pair: pair[0])).encode(), digest_size=16).digest()
        told.append(f"{content.hex()}-{turns[content]}")
        turns[content] += 1
    return told
