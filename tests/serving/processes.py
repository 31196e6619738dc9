"""`sevenfold serve` as processes of their own, and what they answer."""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as one:
        return int(one.getsockname()[1])


@contextmanager
def running(run: Path, port: int, *words: str) -> Iterator[subprocess.Popen[bytes]]:
    """A server, once it answers; killed with its workers at the end, unless it has ended."""
    command = [sys.executable, "-m", "sevenfold", "serve", str(run), "--port", str(port), "--clock", "log", *words]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, env={**os.environ, "OMP_NUM_THREADS": "1"})
    try:
        until = time.monotonic() + 60
        while not answers(port, "GET", "/health/ready") and time.monotonic() < until:
            assert process.poll() is None, process.stderr.read().decode()
            time.sleep(0.05)
        yield process
    finally:
        children = psutil.Process(process.pid).children(recursive=True) if process.poll() is None else []
        for one in [process, *children]:
            one.kill()
        process.wait()


def answers(port: int, verb: str, path: str, body: Any = None) -> Any:
    """What a new connection gets; None where it fails or the status is no 200."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request(verb, path, body if body is None else json.dumps(body))
        found = connection.getresponse()
        text = found.read()
        return json.loads(text) if found.status == 200 else None
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()


def workers(process: subprocess.Popen[bytes]) -> list[psutil.Process]:
    """Those that run; a process of Python's own keeps them company."""
    alive = [one for one in psutil.Process(process.pid).children() if one.status() != psutil.STATUS_ZOMBIE]
    return [one for one in alive if "spawn_main" in " ".join(one.cmdline())]
