from __future__ import annotations

import pytest

from sevenfold.design import vocabulary
from sevenfold.design.part import Named
from sevenfold.registry import LEARNERS

REGISTERED = [(kind, name) for kind, registry in vocabulary.REGISTRIES.items() for name in registry.names()]


@pytest.mark.parametrize(("kind", "name"), REGISTERED)
def test_every_maker_is_in_the_vocabulary(kind: str, name: str) -> None:
    assert name in vocabulary.VOCABULARY[kind]
    if kind != "feature":
        assert vocabulary.REGISTRIES[kind].get(name).__dict__.get("random", False) == vocabulary.entry(kind,
                                                                                                       name).random


def test_families_and_losses_are_known() -> None:
    legal = {loss for task in vocabulary.TASKS.values() for loss in task.losses}
    for kind, entries in vocabulary.VOCABULARY.items():
        for name, entry in entries.items():
            assert entry.family in vocabulary.COMPLEXITY
            assert set(vocabulary.losses(kind, name)) <= legal


def test_a_strangers_part_is_known_by_its_signature() -> None:
    class Stranger:
        def __init__(self, *, depth: int = 3) -> None:
            self.depth = depth

    LEARNERS.add("stranger", Stranger)
    try:
        assert "stranger" in vocabulary.names("learner")
        assert vocabulary.schema("learner", "stranger") == {"depth": (int, 3)}
        assert vocabulary.entry("learner", "stranger").family == "other"
    finally:
        LEARNERS.remove("stranger")


@pytest.mark.parametrize("task", vocabulary.TASKS)
def test_the_default_loss_suits_the_task(task: str) -> None:
    assert vocabulary.default_loss("learner", "boosted", task) in vocabulary.TASKS[task].losses
    assert vocabulary.default_loss("retriever", "popular", task) is None


def test_kinds_are_those_of_the_marks() -> None:
    assert Named("feature").kind in vocabulary.VOCABULARY
