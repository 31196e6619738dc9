"""The checks catch every fault that their pages list, and say nothing of sound designs, however these are written."""

from __future__ import annotations

from random import Random

import pytest

from design.mutants import false_findings, moved, rewritten, rows, sound, written
from sevenfold import design
from sevenfold.cli import new
from sevenfold.design.document import parse


def test_every_mutant_is_caught() -> None:
    assert [row.code for row in rows() if row.caught < row.planted] == []
    assert sum(row.planted for row in rows()) >= 3 * len(rows())


def test_nothing_is_said_of_sound_designs() -> None:
    assert false_findings(sound()) == []
    assert false_findings(rewritten(60, seed=8)) == []


def test_a_seed_rewrites_alike() -> None:
    assert list(rewritten(5)) == list(rewritten(5))
    assert dict(rewritten(5)) != dict(rewritten(5, seed=8))


@pytest.mark.parametrize("text", [pytest.param(text, id=name) for name, text in sound()])
def test_another_look_is_the_same_design(text: str) -> None:
    made, _ = design.read(text)
    for seed in range(5):
        again, findings = design.read(written(parse(text)[0], Random(seed)))
        assert findings == []
        assert design.hash_of(again) == design.hash_of(made)


def test_a_change_is_moved_only_where_it_fits() -> None:
    assert list(moved("R01")) == [True] * (len(new.cases()) - 1)
    assert len(list(moved("F04"))) < len(new.cases()) / 2  # it names a solution that few designs have
    assert list(moved("Z08")) == []
