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


@pytest.fixture(params=["memory", "lmdb", "redis"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A new store of each kind."""
    if request.param == "redis":
        return f"{request.getfixturevalue('server').url}?name={tmp_path.name}"
    return {"memory": "memory://", "lmdb": f"lmdb://{tmp_path / 'store'}"}[request.param]


@pytest.fixture
def store(url: str) -> Iterator[stores.Store]:
    with stores.open(url) as opened:
        yield opened


@pytest.fixture
def lasting(url: str) -> str:
    """A new store that outlives this process."""
    if url == "memory://":
        pytest.skip("memory is gone with the process")
    return url
