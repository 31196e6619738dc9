"""`sevenfold batch RUN`: every user's list, computed ahead."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.progress import track

from sevenfold import record
from sevenfold.cli import processes
from sevenfold.serving.lists import SHARD, make

HELP = "Compute every user's list ahead and swap them in at once; what was interrupted goes on where it was."


def arguments(parser: argparse.ArgumentParser) -> None:
    """The words after `batch`."""
    parser.add_argument("run", type=Path, metavar="RUN", help="the folder of a run")
    parser.add_argument("--store", metavar="URL", help="where events and users' state lie; default: lmdb://RUN/store")
    parser.add_argument("--lists", metavar="URL", help="where the lists go; default: the store")
    parser.add_argument("--workers", type=processes, default=1, help="processes (default: 1)")
    parser.add_argument("--clock", choices=("wall", "log"), default="wall",
                        help="as of when: now, or, for a log of the past, its end")


def run(args: argparse.Namespace) -> int:
    """Make the lists."""
    folder = record.locate(args.run)
    store = args.store or f"lmdb://{folder / 'store'}"
    version = make(folder, store, args.lists or store, of_clock=args.clock, workers=args.workers, progress=_shown)
    moment = datetime.fromtimestamp(version.moment / 1e6, UTC)
    print(f"lists {version.name} are live: {version.k} items a user, as of {moment:%Y-%m-%d %H:%M:%S} UTC")
    return 0


def _shown(shards: Iterable[int], done: int, total: int) -> Iterable[int]:
    """A bar on standard error."""
    told = f"lists, {SHARD} users a step" + (f" ({done} of {total} steps were done)" if done else "")
    return track(shards, told, total=total - done, console=Console(stderr=True))
