"""Every leak of the bench is found under its code on a small world, and the world itself raises no alarm."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[2] / "bench"))
import leaks as bench


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[bench.Planted]:
    with bench.broken_kind():
        yield bench.clean(tmp_path_factory.mktemp("leaks"), users=300, items=150, events=12_000)


def test_there_are_many_kinds() -> None:
    assert len({(leak.name, leak.where) for leak in bench.LEAKS}) == len(bench.LEAKS) >= 15
    assert {leak.code for leak in bench.LEAKS} == {"X01", "X04", "X05", "X12", "X13", "S02", "S06"}


@pytest.mark.parametrize("leak", bench.LEAKS, ids=lambda leak: f"{leak.name}, {leak.where}")
def test_a_planted_leak_is_found_under_its_code(leak: bench.Leak, base: bench.Planted) -> None:
    assert {code for code, _ in leak.plant(base)} == {leak.code}


@pytest.mark.parametrize("seed", range(3))
def test_a_clean_world_raises_no_alarm(seed: int, tmp_path: Path) -> None:
    assert bench.found(*bench.clean(tmp_path, seed, users=300, items=150, events=12_000)) == []
