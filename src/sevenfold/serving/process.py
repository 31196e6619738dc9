"""The processes that serve: one, or several behind one socket with a parent that replaces who dies."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
import tempfile
import time
from functools import partial
from threading import Thread
from typing import Any

import uvicorn
from starlette.types import ASGIApp
from uvicorn.config import STARTUP_FAILURE
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.supervisors import Multiprocess

from sevenfold.errors import SevenfoldError
from sevenfold.serving.app import made
from sevenfold.serving.meters import SHARED
from sevenfold.serving.server import Server, Settings

DRAIN = 30  # s that requests under way get to end


class Gathered:
    """A transport whose writes of one turn of the loop leave together: an answer's head and body as one packet."""

    def __init__(self, transport: Any) -> None:
        self._transport = transport
        self._parts: list[bytes] = []
        self._soon = asyncio.get_running_loop().call_soon

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        """Send it with what else is written in this turn."""
        if not self._parts:
            self._soon(self._leave)
        self._parts.append(data)

    def close(self) -> None:
        """Send what waits, then end."""
        self._leave()
        self._transport.close()

    def _leave(self) -> None:
        if self._parts:
            self._transport.write(b"".join(self._parts))
            self._parts.clear()


class Http(HttpToolsProtocol):
    """Uvicorn's protocol over such transports."""

    def connection_made(self, transport: Any) -> None:
        """A client has come."""
        super().connection_made(Gathered(transport))  # type: ignore[arg-type]


def serve(settings: Settings, host: str, port: int, workers: int) -> None:
    """Serve until a signal says to end; then nothing new is taken, and what is under way ends."""
    parent = os.getpid() if workers > 1 else None
    config = uvicorn.Config(partial(application, settings, parent), factory=True, host=host, port=port, workers=workers,
                            http=Http, access_log=False, log_level="warning", server_header=False, proxy_headers=False,
                            timeout_graceful_shutdown=DRAIN, timeout_worker_healthcheck=60)
    with _bound(host, port) as bound:
        if workers == 1:
            uvicorn.Server(config).run([bound])
            return
        with tempfile.TemporaryDirectory() as shared:
            os.environ[SHARED] = shared
            Multiprocess(config, [bound]).run()


def application(settings: Settings, parent: int | None) -> ASGIApp:
    """The application of one process; a worker ends where it cannot load, and with its parent."""
    if parent is None:
        return made(Server(settings), settings.hosts, settings.keys)
    Thread(target=_end_with, args=(parent,), daemon=True).start()
    try:
        return made(Server(settings), settings.hosts, settings.keys)
    except SevenfoldError as error:
        print(error, file=sys.stderr)
        sys.exit(STARTUP_FAILURE)


def _end_with(parent: int) -> None:
    """A worker without a parent would keep the port from the next one."""
    while os.getppid() == parent:
        time.sleep(0.5)
    os.kill(os.getpid(), signal.SIGTERM)


def _bound(host: str, port: int) -> socket.socket:
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET, backlog=2048)
    except OSError as error:
        raise SevenfoldError("--port", f"cannot listen at {host}:{port}: {error.strerror}",
                             "Name another: --port 8708.") from error
