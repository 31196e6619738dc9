from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sevenfold import stores
from stores.processes import Server


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    running = Server(tmp_path_factory.mktemp("redis"))
    yield running
    running.kill()


def new(request: pytest.FixtureRequest, folder: Path) -> str:
    if request.param == "redis":
        return f"{request.getfixturevalue('server').url}?name={folder.name}"
    return {"memory": "memory://", "lmdb": f"lmdb://{folder / 'store'}"}[request.param]


@pytest.fixture(params=["memory", "lmdb", "redis"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A new store of each kind."""
    return new(request, tmp_path)


@pytest.fixture(params=["lmdb", "redis"])
def lasting(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A new store that outlives this process."""
    return new(request, tmp_path)


@pytest.fixture
def store(url: str) -> Iterator[stores.Store]:
    with stores.open(url) as opened:
        yield opened
