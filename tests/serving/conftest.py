from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sevenfold import design as documents
from sevenfold.bundle import manifest
from sevenfold.run import execute
from sevenfold.serving.server import Server, Settings
from small_run import write_design


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a finished run on a small simulated world."""
    return execute(documents.load(write_design(tmp_path_factory.mktemp("served"))))[1]


@pytest.fixture(scope="session")
def trees(finished: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of that run whose live bundle is the largest of its solutions: four sources, trees, a re-ranker."""
    run, made = tmp_path_factory.mktemp("trees") / "run", tmp_path_factory.mktemp("made") / "bundle"
    shutil.copytree(finished, run)
    shutil.copytree(manifest.live(run), made)
    shutil.rmtree(made / "parts")
    (fitted,) = (finished.parent / "steps").glob("fit-trees-*")
    shutil.copytree(fitted / "parts", made / "parts")
    manifest.publish(made, run, manifest.seal(made, {"solution": "trees"}))
    return run


def settings(run: Path, store: str = "memory://", **changes: Any) -> Settings:
    """A server's settings: a store in memory, a log that goes on from its end."""
    told: dict[str, Any] = {"lists": store, "clock": "log", "started": 0, "hosts": ("localhost",), **changes}
    return Settings(run=run, store=store, **told)


@pytest.fixture(scope="module")
def serving(finished: Path) -> Iterator[Callable[..., Server]]:
    """Makes servers whose clock stands at the end of the bundle's log, and who have all the time they need."""
    made: list[Server] = []

    def serve(run: Path = finished, store: str = "memory://", **changes: Any) -> Server:
        server = Server(settings(run, store, **changes))
        server.within, server.answering.clock = 60.0, lambda: server.live.end
        server.answering.budgets.ends.clear()
        server.open()
        made.append(server)
        return server

    yield serve
    for server in made:
        server.close()
