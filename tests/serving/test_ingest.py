"""Events that arrive after a run: once each, durable before they are acknowledged, state and log never apart."""

from __future__ import annotations

import json
import random
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from sevenfold import stores
from sevenfold.cli import main
from sevenfold.serving.memory import Memory

NEWCOMER = 70_000


@pytest.fixture
def run(finished: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(finished, tmp_path / "run"))


def events(run: Path, n: int, seed: int = 0) -> list[dict[str, object]]:
    """New events of users and items known and unknown, some of one moment, some out of order."""
    rng = np.random.default_rng(seed)
    with stores.open("memory://") as store:
        memory = Memory(run, store)
    last = int(memory.base.log.time.max()) // 1_000_000
    row = memory.base.log.table.slice(0, 1).to_pylist()[0]
    users, items = memory.base.users.ids.tolist(), memory.base.items.ids.tolist()
    event = memory.design.data.events
    return [{**row, "event_id": f"e{seed}-{i}", event.time: int(last + rng.integers(0, 500)),
             event.user: NEWCOMER if rng.random() < 0.1 else int(rng.choice(users[:20])),
             event.item: int(90_000 + rng.integers(3)) if rng.random() < 0.1 else int(rng.choice(items)),
             "watched": float(rng.random())} for i in range(n)]


def write(path: Path, rows: list[dict[str, object]]) -> Path:
    path.write_text("".join(json.dumps(row, default=str) + "\n" for row in rows))
    return path


def remembered(run: Path, store: str | None = None) -> Memory:
    return Memory(run, stores.open(store or f"lmdb://{run / 'store'}"))


def test_events_are_taken_once_and_state_is_what_the_log_says(run: Path, tmp_path: Path, capsys) -> None:
    rows = events(run, 300)
    file = write(tmp_path / "new.jsonl", rows)
    assert main(["ingest", str(run), str(file), "--id", "event_id"]) == 0
    assert "300 taken, 0 known already, 0 refused" in capsys.readouterr().out
    assert main(["ingest", str(run), str(file), "--id", "event_id"]) == 0
    assert "0 taken, 300 known already" in capsys.readouterr().out
    memory = remembered(run)
    assert len(memory.store) == 300
    assert memory.rebuilt() == memory.kept()
    came = [row for row in rows if row[str(memory.design.data.events.user)] == NEWCOMER]
    assert len(memory.blob(str(NEWCOMER))) == len(came) * memory.layout.dtype.itemsize > 0
    memory.store.close()


def test_a_store_that_another_version_wrote_is_refused(run: Path, tmp_path: Path, capsys) -> None:
    file = write(tmp_path / "new.jsonl", events(run, 3))
    assert main(["ingest", str(run), str(file), "--id", "event_id"]) == 0
    with stores.open(f"lmdb://{run / 'store'}") as store:
        store.change([], lambda _: stores.Change({b"n": None}))
    assert main(["ingest", str(run), str(write(tmp_path / "more.jsonl", events(run, 1, seed=5))), "--id", "event_id"]) == 1
    assert "its state has seen 3 entries, its log has 0" in capsys.readouterr().err


def test_the_same_file_without_ids_adds_nothing_and_its_twins_count(run: Path, tmp_path: Path, capsys) -> None:
    rows = [{key: value for key, value in row.items() if key != "event_id"} for row in events(run, 20)]
    file = write(tmp_path / "new.jsonl", [*rows, rows[0]])
    assert main(["ingest", str(run), str(file)]) == 0
    assert "21 taken, 0 known already" in capsys.readouterr().out
    assert main(["ingest", str(run), str(file)]) == 0
    assert "0 taken, 21 known already" in capsys.readouterr().out


def test_what_is_no_event_is_put_aside_with_its_reason(run: Path, tmp_path: Path, capsys) -> None:
    good, bad = events(run, 3), events(run, 2, seed=1)
    del bad[0]["user_id"]
    bad[1]["watched"] = "much"
    file = write(tmp_path / "new.jsonl", [good[0], bad[0], good[1], bad[1], good[2]])
    assert main(["ingest", str(run), str(file), "--id", "event_id"]) == 1
    assert "3 taken, 0 known already, 2 refused" in capsys.readouterr().out
    told = [json.loads(line) for line in (run / "quarantine.jsonl").read_text().splitlines()]
    assert [one["row"] for one in told] == [2, 4]
    assert "user_id" in told[0]["reason"]
    assert "watched" in told[1]["reason"]


def test_a_time_of_the_future_and_a_misspelt_column_are_told(run: Path, tmp_path: Path, capsys) -> None:
    good, late = events(run, 2)
    late["timestamp"] = 8_000_000_000
    for row in (good, late):
        row["watchd"] = row.pop("watched")
        row["zzz"] = 1
    assert main(["ingest", str(run), str(write(tmp_path / "new.jsonl", [good, late]))]) == 1
    told = capsys.readouterr()
    assert "1 taken, 0 known already, 1 refused" in told.out
    assert "watchd (did you mean 'watched'?)" in told.err
    assert "zzz (did" not in told.err
    (put_aside,) = map(json.loads, (run / "quarantine.jsonl").read_text().splitlines())
    assert put_aside["reason"] == "column 'timestamp': '8000000000' reads as 2223-07-06T14:13:20, more than a day from now"
    assert put_aside["hint"].startswith("Times here are seconds since 1970")


def test_nothing_to_take_is_said(run: Path, tmp_path: Path, capsys) -> None:
    assert main(["ingest", str(run), str(write(tmp_path / "none.jsonl", []))]) == 0
    assert capsys.readouterr().out == "0 events taken\n"


def test_nothing_acknowledged_is_lost_when_the_process_is_killed(run: Path, tmp_path: Path) -> None:
    rows = events(run, 40_000)
    file = write(tmp_path / "many.jsonl", rows)
    rng, acknowledged = random.Random(0), 0
    for _ in range(20):
        started = subprocess.Popen([sys.executable, "-u", "-m", "sevenfold", "ingest", str(run), str(file), "--id", "event_id"],
                                   stdout=subprocess.PIPE, text=True)
        first = started.stdout.readline()
        time.sleep(rng.random() * 0.5)
        started.kill()
        told = re.findall(r"([\d,]+) taken, ([\d,]+) known", first + started.stdout.read())
        started.wait()
        if told:
            acknowledged = max(acknowledged, sum(int(one.replace(",", "")) for one in told[-1]))
        memory = remembered(run)
        assert len(memory.store) >= acknowledged
        assert memory.rebuilt() == memory.kept()
        memory.store.close()
    assert main(["ingest", str(run), str(file), "--id", "event_id"]) == 0
    memory = remembered(run)
    assert len(memory.store) == len(rows)
    assert [json.loads(event)["id"] for _, event in memory.store.events()] == [row["event_id"] for row in rows]
    assert memory.rebuilt() == memory.kept()
    memory.store.close()
