"""Lists made ahead: whole versions only, begun ones finished, old ones dropped, late ones said to be late."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from sevenfold import record, stores
from sevenfold.errors import StoreError
from sevenfold.serving import lists
from sevenfold.serving.asked import Ask
from sevenfold.serving.intake import Busy
from sevenfold.serving.lists import Lists, make
from sevenfold.serving.server import Server


@pytest.fixture
def url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(lists, "SHARD", 90)  # 400 users: five shards
    return f"lmdb://{tmp_path / 'store'}"


def stopped(shards: Iterable[int], done: int, total: int) -> Iterable[int]:
    """Interrupted after two shards."""
    for number in shards:
        yield number
        if number == 1:
            raise KeyboardInterrupt


def read(url: str, user: str = "7", lifetime: float = 60.0) -> list | None:
    with stores.open(url) as store:
        return Lists(store, lifetime).of([Ask(user=user, k=4)], 10)


def test_what_was_interrupted_is_finished_and_nobody_sees_half_of_it(finished: Path, url: str) -> None:
    with pytest.raises(KeyboardInterrupt):
        make(finished, url, url, of_clock="log", progress=stopped)
    assert read(url) is None
    told = []
    version = make(finished, url, url, of_clock="log",
                   progress=lambda shards, done, total: told.append((list(shards), done, total)) or ())
    assert told == [([2, 3, 4], 2, 5)]
    ((answer,)) = read(url)
    assert (answer.version, len(answer.items), answer.degraded) == (version.name, 4, [])
    ((stranger,)) = read(url, "nobody")
    assert len(stranger.items) == 4
    again = make(finished, url, url, of_clock="log")
    last = make(finished, url, url, of_clock="log")
    assert (again.before, last.before) == (version.name, again.name)
    with stores.open(url) as store:
        kept = {key.split(b":")[1].partition(b"#")[0].decode() for key, _ in store.scan(b"lists:")}
    assert kept == {"live", last.name, again.name}


def test_several_processes_make_the_same_lists(finished: Path, tmp_path: Path, url: str) -> None:
    alone, together = make(finished, url, url, of_clock="log"), f"lmdb://{tmp_path / 'two'}"
    with stores.open(together) as store:
        store.change([], lambda _: stores.Change({lists.MAKING: lists.msgspec.json.encode(alone)}))
    make(finished, together, together, workers=2)
    with stores.open(url) as one, stores.open(together) as two:
        prefix = f"lists:{alone.name}:".encode()
        assert dict(one.scan(prefix)) == dict(two.scan(prefix))
        assert len(dict(one.scan(prefix))) == 401
    with pytest.raises(StoreError, match="one process only"):
        make(finished, "memory://", together, workers=2)


def test_lists_that_outlived_their_time_say_so(finished: Path, url: str) -> None:
    make(finished, url, url, of_clock="log")
    assert read(url, lifetime=-1.0)[0].degraded == ["lists"]


def test_lists_stand_behind_a_store_that_is_lost_and_too_many_questions(finished: Path, url: str,
                                                                        serving: Callable[..., Server]) -> None:
    version = make(finished, url, url, of_clock="log")
    server = serving(lists=url)

    def lost(*_: object) -> None:
        raise StoreError("store", "is gone")
    server.live.memory.store.get = lost
    (answer,) = asyncio.run(server.answer([Ask(user=7)]))
    assert (answer.version, answer.degraded) == (version.name, ["state"])
    server.answering._waiting = 10_000
    (answer,) = asyncio.run(server.answer([Ask(user=7)]))
    assert answer.degraded == ["online"]
    server.answering._waiting, server._only_lists = 0, True
    (answer,) = asyncio.run(server.answer([Ask(user=7)]))
    assert (answer.version, answer.degraded) == (version.name, [])


def test_without_lists_the_bundle_answers_alone(serving: Callable[..., Server]) -> None:
    server = serving()
    expected = asyncio.run(server.answer([Ask(user=7)]))[0].items

    def lost(*_: object) -> None:
        raise StoreError("store", "is gone")
    server.live.memory.store.get = lost
    (answer,) = asyncio.run(server.answer([Ask(user=7)]))
    assert (answer.items, answer.degraded) == (expected, ["state"])
    server.within = 0.0
    (answer,) = asyncio.run(server.answer([Ask(user=7, k=3)]))
    assert (len(answer.items), answer.degraded) == (3, ["online"])
    server._only_lists = True
    with pytest.raises(Busy, match="none can be read"):
        asyncio.run(server.answer([Ask(user=7)]))


def test_a_run_tells_what_the_age_of_its_lists_costs(finished: Path) -> None:
    found = record.read(finished)
    assert [one.age for one in found.stale] == [3600.0, 21_600.0, 86_400.0]
    for one in found.stale:
        assert one.lost.low is not None
        assert one.lost.high is not None
        assert one.lost.low <= one.lost.value <= one.lost.high
        assert one.lost.requests == one.quality.requests <= 300
    told = (finished / "report.md").read_text(encoding="utf-8")
    section = told[told.index("What older lists cost"):]
    assert [line.split("|")[1].strip() for line in section.splitlines() if line.startswith("|")][2:5] == ["1 h", "6 h", "24 h"]
