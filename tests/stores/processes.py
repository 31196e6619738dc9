"""Real servers and writers, as processes of their own."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sevenfold import stores

DURABLE = {"appendonly": "yes", "appendfsync": "always"}


class Server:
    """A real Redis server in a folder of its own."""

    def __init__(self, folder: Path, **settings: str) -> None:
        if shutil.which("redis-server") is None:
            pytest.skip("needs a Redis server: apt-get install redis-server")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        options = {"port": str(self.port), "dir": str(folder), "unixsocket": str(folder / "socket"), "save": "",
                   **(settings or DURABLE)}
        self.command = ["redis-server"]
        for name, value in options.items():
            self.command += [f"--{name}", *(value.split() or [""])]
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.socket = folder / "socket"
        self.start()

    def start(self) -> None:
        self.process = subprocess.Popen(self.command, stdout=subprocess.DEVNULL)
        while not self.answers():
            assert self.process.poll() is None, "the server did not start"
            time.sleep(0.01)

    def answers(self) -> bool:
        with socket.socket() as client:
            if client.connect_ex(("127.0.0.1", self.port)):
                return False
            client.sendall(b"PING\r\n")
            return client.recv(100).startswith(b"+PONG")

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


COUNT = """
import sys
from sevenfold import stores

def count(old):
    number = int(old[0] or 0) + 1
    return stores.Change({b"count": b"%d" % number}, [b"%s %d" % (sys.argv[2].encode(), number)])

with stores.open(sys.argv[1]) as store:
    for _ in range(int(sys.argv[3])):
        print(store.change([b"count"], count), flush=True)
"""


def counting(url: str, name: str, times: int) -> subprocess.Popen[str]:
    """A process that raises one counter and logs it, and prints the offset of each change that returned."""
    return subprocess.Popen([sys.executable, "-c", COUNT, url, name, str(times)], stdout=subprocess.PIPE, text=True)


def agree(url: str, acknowledged: list[int]) -> None:
    """Nothing acknowledged is lost, the counter counts the events, and none is there twice."""
    with stores.open(url) as store:
        events = list(store.events())
        assert [offset for offset, _ in events] == list(range(len(store)))
        assert [int(event.split()[1]) for _, event in events] == list(range(1, len(events) + 1))
        assert int(store.get([b"count"])[0] or 0) == len(events) > max(acknowledged, default=-1)
