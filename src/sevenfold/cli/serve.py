"""`sevenfold serve RUN`: the winner over HTTP."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from sevenfold import record, stores
from sevenfold.bundle import manifest
from sevenfold.cli import processes
from sevenfold.errors import SevenfoldError
from sevenfold.nouns import SECOND
from sevenfold.serving.access import keys
from sevenfold.serving.process import serve
from sevenfold.serving.server import Settings

HELP = "Serve a run's live bundle over HTTP: answers, durable events, explanations, metrics."


def arguments(parser: argparse.ArgumentParser) -> None:
    """The words after `serve`."""
    parser.add_argument("run", type=Path, metavar="RUN", help="the folder of a run")
    parser.add_argument("--store", metavar="URL", help="where events and users' state lie; default: lmdb://RUN/store")
    parser.add_argument("--lists", metavar="URL", help="where `sevenfold batch` wrote lists; default: the store")
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen at (default: 127.0.0.1)")
    parser.add_argument("--port", type=int, default=8707, help="default: 8707")
    parser.add_argument("--workers", type=processes, default=1, help="processes (default: 1)")
    parser.add_argument("--allow-host", action="append", default=[], metavar="NAME",
                        help="a name under which clients ask for this host; * allows any (default: this machine's local names)")
    parser.add_argument("--key-file", type=Path, metavar="FILE",
                        help="clients need a key: one line each, its SHA-256 in hex and what it may do (answer, events, admin)")
    parser.add_argument("--clock", choices=("wall", "log"), default="wall",
                        help="what time it is: on the wall, or, for a log of the past, its end and on from there")


def run(args: argparse.Namespace) -> int:
    """Serve until a signal ends it."""
    folder = record.locate(args.run)
    bundle = manifest.live(folder)
    store = args.store or f"lmdb://{folder / 'store'}"
    if args.workers > 1 and store.startswith("memory:"):
        raise SevenfoldError("--store", "memory:// is seen by one process only", "Name another store, or one worker.")
    known = keys(args.key_file) if args.key_file else ()
    stores.open(store).close()
    hosts = ("localhost", "127.0.0.1", "[::1]", args.host, *args.allow_host)
    print(f"bundle {bundle.name} at http://{args.host}:{args.port}, store {store.rpartition('@')[2]}", file=sys.stderr)
    serve(Settings(run=folder, store=store, lists=args.lists or store, clock=args.clock, hosts=hosts, keys=known,
                   started=time.time_ns() * SECOND // 10**9), args.host, args.port, args.workers)
    return 0
