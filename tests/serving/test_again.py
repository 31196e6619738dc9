"""A run trained again on what was posted to its store: every event counts once, in the bundle or behind it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from serving.shipped import ship
from sevenfold import stores
from sevenfold.bundle import manifest
from sevenfold.cli import main
from sevenfold.errors import StoreError
from sevenfold.nouns import SECOND, Candidates, Requests
from sevenfold.serving.asked import Event
from sevenfold.serving.intake import Intake
from sevenfold.serving.live import Live
from sevenfold.stores.keys import name_of
from small_run import write_design
from stores.processes import Server as Redis


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A design, and a folder with a bundle of its first solution."""
    path = write_design(tmp_path_factory.mktemp("again"))
    ship(path, path.parent / "run")
    return path, path.parent / "run"


@pytest.fixture
def run(trained: tuple[Path, Path], tmp_path: Path) -> Path:
    return Path(shutil.copytree(trained[1], tmp_path / "run"))


@pytest.fixture
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Redis]:
    running = Redis(tmp_path_factory.mktemp("redis"))
    yield running
    running.kill()


def events(live: Live, first: int, n: int) -> list[Event]:
    last = int(live.memory.base.log.time.max()) // SECOND
    return [Event(id=f"e{first + i}", values={"timestamp": last + 1 + i, "user_id": 7 if i % 2 else 77_777,
                                              "item_id": 171 if i % 3 else 90_001, "watched": 1.0, "device": "tv"})
            for i in range(n)]


def post(live: Live, some: list[Event]) -> Any:
    intake = Intake(live.memory)
    found = intake.submit(some).result(20)
    intake.close()
    return found


def active(live: Live, user: str, moment: int) -> float:
    """How many events of the last week a user's request reads."""
    asked = Requests(time=np.array([moment]), user=np.array([live.memory.code(user)], np.int32))
    nothing = Candidates(request=np.zeros(1, np.int32), item=np.zeros(1, np.int32), sources={}, ranks={})
    rows = live._online.view(live.memory.blobs([user]), moment).rows(asked, nothing)
    return float(rows.values[0, rows.names.index("user.active")])


@pytest.mark.parametrize("kind", ["lmdb", "redis"])
def test_each_event_counts_once_in_a_bundle_or_behind_it(kind: str, trained: tuple[Path, Path], run: Path,
                                                         request: pytest.FixtureRequest) -> None:
    url = request.getfixturevalue("redis").url if kind == "redis" else f"lmdb://{run / 'store'}"
    with stores.open(url) as store:
        first = Live(run, store)
        assert post(first, events(first, 0, 30)).taken == 30
        held = first.memory.blob("7")
        name = name_of(store)
        first.catch_up()
        later = first.end + 2 * 86_400 * SECOND
        expected = active(first, "7", later)
    before = manifest.live(run).name
    bundle = ship(trained[0], run, url)
    assert bundle.name != before
    assert manifest.verify(bundle)["store"] == {"name": name, "entries": 30}
    with stores.open(url) as store:
        again = Live(run, store)
        memory = again.memory
        assert (memory.start, again.offset, len(memory.base.log)) == (30, 30, len(first.memory.base.log) + 30)
        assert len(memory.blob("7")) == len(held)
        assert memory.code("77777") >= 0
        assert memory.item("90001") >= 0
        assert active(again, "7", later) == expected >= 15
        more = events(again, 29, 11)
        assert (lambda found: (found.taken, found.known))(post(again, more)) == (10, 1)
        again.catch_up()
        assert (again.offset, memory.rebuilt()) == (40, memory.kept())
        assert len(memory.blob("7")) == len(held) + 5 * memory.layout.dtype.itemsize
    with stores.open("memory://") as other:
        assert Live(run, other).memory.start == 0


def test_a_store_that_lost_what_its_bundle_holds_is_refused(run: Path) -> None:
    with stores.open("memory://") as store:
        made = Path(shutil.copytree(manifest.live(run), run / "made"))
        about = manifest.verify(made)
        kept = {name: about[name] for name in ("design", "solution", "data")}
        manifest.publish(made, run, manifest.seal(made, {**kept, "store": {"name": name_of(store), "entries": 5}}))
        with pytest.raises(StoreError, match="its log has 0 entries, the bundle was made of its first 5"):
            Live(run, store)


def test_the_store_is_the_one_named_or_that_of_the_folder(trained: tuple[Path, Path], run: Path, tmp_path: Path,
                                                          capsys: pytest.CaptureFixture[str]) -> None:
    (run / "record.json").unlink()
    assert main(["run", str(trained[0]), "--out", str(run), "--store", "nosuch://x"]) == 1
    assert "no store is reached by 'nosuch://x'" in capsys.readouterr().err
    (run / "store").mkdir()
    (run / "store" / "other.txt").touch()
    assert main(["run", str(trained[0]), "--out", str(run)]) == 1
    assert "is no store: the folder holds 'other.txt'" in capsys.readouterr().err


def test_without_new_events_nothing_is_made_anew(trained: tuple[Path, Path], run: Path) -> None:
    url, before = f"lmdb://{run / 'store'}", manifest.live(run).name
    stores.open(url).close()
    assert ship(trained[0], run, url).name == before
