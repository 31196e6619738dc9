"""`sevenfold serve` as it runs: killed, ended and started again; nothing acknowledged is lost."""

from __future__ import annotations

import http.client
import json
import random
import signal
import socket
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from serving.processes import answers, free_port, running, workers
from sevenfold import stores
from sevenfold.cli import main
from sevenfold.serving.memory import Memory

VALUES = {"timestamp": 1_772_406_000, "user_id": 7, "item_id": 171, "watched": 1.0}


def test_nothing_acknowledged_is_lost_when_workers_and_their_parent_are_killed(finished: Path, tmp_path: Path) -> None:
    port, rng, store = free_port(), random.Random(0), f"lmdb://{tmp_path / 'store'}"
    acknowledged: set[str] = set()

    def send(name: str) -> None:
        until = time.monotonic() + 120
        while time.monotonic() < until:  # again until it is acknowledged: the id makes that harmless
            if answers(port, "POST", "/v1/events", {"id": name, "values": VALUES}):
                acknowledged.add(name)
                return
            time.sleep(0.1)

    with ThreadPoolExecutor(8) as clients:
        with running(finished, port, "--store", store, "--workers", "2") as process:
            sent = [clients.submit(send, f"e{number}") for number in range(100)]
            for _ in range(2):
                time.sleep(rng.random() * 0.3)
                rng.choice(workers(process) or [process]).kill()
            time.sleep(rng.random())
            orphans = workers(process)
            process.kill()
            psutil.wait_procs(orphans, timeout=20)
            assert not any(one.is_running() for one in orphans)
        with running(finished, port, "--store", store):
            for one in sent:
                one.result()
    with stores.open(store) as opened:
        found = Counter(json.loads(event)["id"] for _, event in opened.events())
        memory = Memory(finished, opened)
        assert acknowledged <= set(found)
        assert len(acknowledged) == 100
        assert set(found.values()) == {1}
        assert memory.rebuilt() == memory.kept()


def test_what_is_under_way_ends_before_the_server_does(finished: Path, tmp_path: Path) -> None:
    port = free_port()
    body = json.dumps({"id": "slow", "values": VALUES}).encode()
    with running(finished, port, "--store", f"lmdb://{tmp_path / 'store'}") as process:
        with socket.create_connection(("127.0.0.1", port), timeout=20) as slow:
            slow.sendall(b"POST /v1/events HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % len(body) + body[:9])
            time.sleep(0.3)
            process.send_signal(signal.SIGTERM)
            time.sleep(0.3)
            slow.sendall(body[9:])
            assert slow.recv(4096).startswith(b"HTTP/1.1 200 OK")
        assert process.wait(20) in (0, -signal.SIGTERM)
    with stores.open(f"lmdb://{tmp_path / 'store'}") as store:
        assert len(store) == 1


def test_several_workers_count_and_answer_together(finished: Path, tmp_path: Path) -> None:
    port = free_port()
    with running(finished, port, "--store", f"lmdb://{tmp_path / 'store'}", "--workers", "2") as process:
        assert main(["batch", str(finished), "--store", f"lmdb://{tmp_path / 'lists'}", "--clock", "log"]) == 0
        alike = {json.dumps(answers(port, "POST", "/v1/answer", {"user": 7})["items"]) for _ in range(20)}
        assert len(alike) == 1
        connection = http.client.HTTPConnection("127.0.0.1", port)
        connection.request("GET", "/metrics")
        assert 'sevenfold_requests_total{asked="answer",status="200"} 20.0' in connection.getresponse().read().decode()
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0


@pytest.mark.parametrize(("words", "problem"), [
    (["--workers", "2", "--store", "memory://"], "one process only"), (["--store", "nothing://"], "no store is reached by"),
    (["--host", "203.0.113.1"], "cannot listen at")])
def test_what_cannot_be_served_is_told(finished: Path, tmp_path: Path, words: list[str], problem: str,
                                       capsys: pytest.CaptureFixture[str]) -> None:
    store = [] if "--store" in words else ["--store", f"lmdb://{tmp_path / 'store'}"]
    assert main(["serve", str(finished), *store, *words]) == 1
    assert problem in capsys.readouterr().err
