"""Finished steps are kept: a folder each, named by what went in, renamed into place only when it is whole.

The name holds a hash of the step's inputs (its part of the document, the data's fingerprint, the seed, the steps
before it) and of Sevenfold's own source, so a step is computed again exactly when one of these has changed.
"""

from __future__ import annotations

import fcntl
import functools
import hashlib
import json
import os
import re
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

PACKAGE = Path(__file__).parents[1]
CODE = ("nouns.py", "units.py", "data", "features", "networks", "models", "funnel", "evaluation", "statistics", "bundle", "run")


class Progress(Protocol):
    """What a run tells while it works."""

    def start(self, step: str) -> None: ...  # noqa: D102
    def done(self, step: str, seconds: float, reused: bool) -> None: ...  # noqa: D102


class Silent:
    """Tells nothing."""

    def start(self, step: str) -> None:
        """Ignore it."""

    def done(self, step: str, seconds: float, reused: bool) -> None:
        """Ignore it."""


@dataclass(frozen=True)
class Steps:
    """The folder of finished steps; `seconds` tells how long each took when it was computed."""

    folder: Path
    progress: Progress = field(default_factory=Silent)
    seconds: dict[str, float] = field(default_factory=dict)

    @cached_property
    def before(self) -> frozenset[str]:
        """The steps that were finished before this run."""
        return frozenset(os.listdir(self.folder)) if self.folder.exists() else frozenset()

    def target(self, name: str, inputs: Any) -> Path:
        """Where step `name` lies when it is finished."""
        return self.folder / f"{re.sub('[^a-z0-9_]+', '-', name)}-{digest([inputs, code_hash()])[:16]}"

    def finish(self, name: str, inputs: Any, make: Callable[[Path], None]) -> Path:
        """The folder of step `name`: as kept, or made now by `make(empty folder)`."""
        target, reused = self.target(name, inputs), self.target(name, inputs).name in self.before
        if name in self.seconds and target.exists():
            return target  # this run has told of it
        self.progress.start(name)
        if not target.exists():
            self._make(target, make)
        took = json.loads((target / "took.json").read_text(encoding="utf-8"))
        self.seconds[name] = float(took)
        self.progress.done(name, self.seconds[name], reused)
        return target

    @contextmanager
    def claimed(self, step: str) -> Iterator[bool]:
        """Whether a step is this process's for the length of a block, or another's now; a process that ends lets go."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with open(self.folder / "claims", "ab") as file:
            try:
                fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, int(digest(step)[:12], 16))
            except BlockingIOError:
                yield False
            else:
                yield True

    @contextmanager
    def timed(self, name: str) -> Iterator[None]:
        """A step that is quick enough to be done every time."""
        self.progress.start(name)
        start = time.perf_counter()
        yield
        self.seconds[name] = time.perf_counter() - start
        self.progress.done(name, self.seconds[name], reused=False)

    def _make(self, target: Path, make: Callable[[Path], None]) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(prefix="unfinished-", dir=self.folder))
        start = time.perf_counter()
        try:
            make(work)
            (work / "took.json").write_text(json.dumps(time.perf_counter() - start), encoding="utf-8")
            os.replace(work, target)
        finally:
            shutil.rmtree(work, ignore_errors=True)


def digest(value: Any) -> str:
    """SHA-256 of a JSON value, in hex."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()


@functools.cache
def code_hash() -> str:
    """A hash of the source that computes steps: a new version computes them again."""
    total = hashlib.sha256()
    for part in CODE:
        root = PACKAGE / part
        for path in sorted(root.rglob("*.py")) if root.is_dir() else [root]:
            total.update(path.read_bytes())
    return total.hexdigest()
