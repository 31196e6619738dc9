"""A new bundle goes live under load: no request fails, no event is lost, a damaged one is refused, a rollback is a swap back."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from sevenfold.bundle import manifest
from sevenfold.serving.asked import Ask, Event
from sevenfold.serving.server import Server


@pytest.fixture
def two(finished: Path, trees: Path, tmp_path: Path) -> tuple[Path, str, str]:
    """A run with two bundles, the first of which is live."""
    run = Path(shutil.copytree(finished, tmp_path / "run"))
    second = manifest.live(trees)
    shutil.copytree(second, run / manifest.BUNDLES / second.name)
    return run, manifest.live(run).name, second.name


def point(run: Path, name: str) -> None:
    manifest.publish(run / manifest.BUNDLES / name, run, name)


def test_a_swap_under_load_and_back_loses_nothing(two: tuple[Path, str, str], serving: Callable[..., Server]) -> None:
    run, first, second = two
    server, seen, sent = serving(run), [], 0
    row = {"timestamp": 1_772_406_000, "user_id": 7, "item_id": 171, "watched": 1.0}

    async def load() -> None:
        nonlocal sent
        while True:
            sent += 1
            event = Event(id=f"e{sent}", values=row if sent % 7 else {**row, "item_id": 90_000 + sent, "user_id": 80_000})
            taken, answers = await asyncio.gather(asyncio.wrap_future(server.intake.submit([event])),
                                                  server.answer([Ask(user=7), Ask(user=80_000)]))
            assert taken.taken == 1
            assert [len(one.items) for one in answers] == [10, 10]
            seen.append(answers[0].version)

    async def swaps() -> None:
        server.within = 60.0
        tasks = [asyncio.create_task(server.watch(0.05)), *(asyncio.create_task(load()) for _ in range(3))]
        for name in (second, first, second):
            point(run, name)
            for _ in range(400):
                await asyncio.sleep(0.05)
                server.within = 60.0
                if seen and seen[-1] == name:
                    break
            assert seen[-1] == name
            assert not any(task.done() for task in tasks)
        for task in tasks[1:]:
            task.cancel()
        await asyncio.gather(*tasks[1:], return_exceptions=True)
        tasks[0].cancel()

    asyncio.run(swaps())
    memory = server.live.memory
    assert list(dict.fromkeys(seen)) == [first, second]
    assert len(memory.store) >= len(seen)
    memory.follow()
    assert memory.rebuilt() == memory.kept()


def test_a_damaged_bundle_is_refused_and_the_old_one_goes_on(two: tuple[Path, str, str], serving: Callable[..., Server],
                                                             caplog: pytest.LogCaptureFixture) -> None:
    run, first, second = two
    server = serving(run)
    (run / manifest.BUNDLES / second / "design.yaml").write_text("name: other")

    async def swap() -> None:
        watching = asyncio.create_task(server.watch(0.02))
        point(run, second)
        await asyncio.sleep(0.5)
        assert not watching.done()
        watching.cancel()

    asyncio.run(swap())
    assert server.version == first
    assert caplog.text.count("was changed after it was written") == 1
    assert asyncio.run(server.answer([Ask(user=7)]))[0].version == first
