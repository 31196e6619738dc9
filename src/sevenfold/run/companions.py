"""Other processes that fit and evaluate beside the one that runs.

All go through the same list and take what nobody has claimed; what is done lies in the folder of finished steps, where
everyone finds it. The results are those of one process alone: a step depends on its inputs, not on who makes it.
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sevenfold import design as documents
from sevenfold.data.posted import Posted
from sevenfold.errors import SevenfoldError
from sevenfold.run.job import Job
from sevenfold.run.steps import Steps

WORTH = 50_000  # events from which another process earns what it takes to start
MOST = 4  # processes that work by default: each holds the data


@contextmanager
def companions(job: Job, processes: int | None) -> Iterator[None]:
    """So many processes at work on a job for the length of a block, this one counted; by default one for each core."""
    others = [_start(job) for _ in range((processes or _default(job)) - 1)]
    try:
        yield
        for one in others:
            if one.poll():
                logging.getLogger(__name__).warning("a process beside this one ended with %s; its work was done here", one.poll())
    finally:
        for one in others:
            one.kill()
            one.communicate()


def _default(job: Job) -> int:
    if not job.design.source or len(job.data.log) < WORTH or job.done():
        return 1
    return min(len(os.sched_getaffinity(0)), MOST)


def _start(job: Job) -> subprocess.Popen[bytes]:
    words = [job.design.source, documents.hash_of(job.design), job.data.fingerprint, job.steps.folder,
             "" if job.posted is None else job.posted.url]
    begin = f"import sys; from {__name__} import main; main(*sys.argv[1:])"
    return subprocess.Popen([sys.executable, "-c", begin, *map(str, words)], stdin=subprocess.PIPE)


def main(*words: str) -> None:
    """Work as one of them; an error is that of whoever started this too, who meets it and tells it."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        _work(*words)
    except SevenfoldError:
        sys.exit(1)


def _work(source: str, design_hash: str, fingerprint: str, steps: str, store: str) -> None:
    """Until nothing is left; not at all where the design or the data are no longer those of the run."""
    design = documents.load(Path(source))
    job = Job(design=design, folder=Path(steps), steps=Steps(Path(steps)), posted=Posted(store) if store else None)
    if (documents.hash_of(design), job.data.fingerprint) == (design_hash, fingerprint):
        job.share()


def _end_with_parent() -> None:
    sys.stdin.buffer.read()  # ends when whoever started this is gone
    os._exit(1)
