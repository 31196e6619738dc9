"""Attention over a history: windows and tokens against loops, order, strangers, and life without PyTorch."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sevenfold.errors import MissingPackage, ModelError
from sevenfold.funnel.retrievers.sequence import Sequence, _batches, _events, _tokens
from sevenfold.nouns import SECOND, Interactions, Visits
from sevenfold.testing import toy


def log(user: list[int], time: list[int]) -> Interactions:
    n = len(user)
    order = np.argsort(time, kind="stable")
    return Interactions(user=np.array(user, np.int32)[order], item=np.arange(n, dtype=np.int32),
                        time=np.array(time, np.int64)[order] * SECOND, users=9, items=n, cut=100 * SECOND,
                        content=np.zeros((n, 0), np.float32))


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 12)), min_size=1, max_size=40), st.integers(1, 6))
def test_each_event_is_learnt_once_from_what_its_user_did_strictly_before(pairs, length):
    interactions = log(*map(list, zip(*pairs, strict=True)))
    events, n = _events(interactions, None), len(pairs)
    start, end = events.windows(length)
    assert (end - start).max() <= length
    read, at, learnt = events.batch(start, end, n)
    found = {}
    for row, column in zip(*np.nonzero(learnt), strict=True):
        item = int(events.item[at[row, column]])  # an item is its own place in the log
        assert item not in found
        found[item] = read[row, :column + 1].tolist()
    for item in range(n):
        mine = [at for at in range(n) if interactions.user[at] == interactions.user[item]]
        before = [at for at in mine if at < item]
        if any(interactions.time[at] == interactions.time[item] for at in before):
            assert item not in found, "what it would read happened at the same moment"
            continue
        story = [n, *before]
        assert found[item] == story[-len(found[item]):]
        assert len(found[item]) == len(story) or len(found[item]) <= length


@given(st.lists(st.lists(st.integers(-1, 7), min_size=5, max_size=5), min_size=1, max_size=6), st.integers(1, 7))
def test_tokens_are_the_known_items_in_order_behind_the_start(rows, length):
    tokens, last = _tokens(np.array(rows, np.int32), length, 6)
    for row, history in enumerate(rows):
        known = [item for item in history[:length] if 0 <= item < 6][::-1]
        story = ([6, *known])[-length:] if len(known) == length else [6, *known]
        assert tokens[row, :last[row] + 1].tolist() == story
    assert tokens.shape == (len(rows), length)


def test_only_the_last_stretch_of_the_log_is_read_where_so_declared() -> None:
    events = _events(log([0, 0, 0, 1], [10, 50, 90, 95]), over=50.0)
    assert (events.item.tolist(), events.place.tolist()) == ([1, 2, 3], [0, 1, 0])


@given(st.lists(st.integers(1, 30), min_size=1, max_size=200), st.integers(0, 9))
def test_every_window_is_in_one_batch(sizes, seed):
    end = np.cumsum(sizes)
    found = list(_batches(end - sizes, end, np.random.default_rng(seed)))
    assert sorted(np.concatenate(found).tolist()) == list(range(len(sizes)))


def rounds(users: int = 150, items: int = 8) -> tuple[Interactions, Visits, np.ndarray]:
    """Everybody walks round a circle of items, half of them the other way: only the order tells what comes next."""
    rng = np.random.default_rng(0)
    first, way = rng.integers(0, items, users), np.where(np.arange(users) % 2, 1, -1)
    item = (first[:, None] + way[:, None] * np.arange(6)) % items
    known = Interactions(user=np.repeat(np.arange(users, dtype=np.int32), 5), item=item[:, :5].ravel().astype(np.int32),
                         time=np.tile(np.arange(5, dtype=np.int64), users) * SECOND, users=users, items=items,
                         cut=9 * SECOND, content=np.zeros((items, 0), np.float32))
    history = item[:, 4::-1].astype(np.int32)
    return known, Visits(time=np.full(users, 9 * SECOND), user=np.arange(users, dtype=np.int32), history=history), item[:, 5]


def fitted(interactions: Interactions, **params: object) -> Sequence:
    part = Sequence(**params)  # type: ignore[arg-type]
    part.fit(interactions, seed=0)
    return part


def test_what_comes_next_follows_from_the_order() -> None:
    interactions, visits, following = rounds()
    scores = fitted(interactions, dimensions=16, length=5, epochs=12, learning_rate=0.02, negatives=32).scores(visits)
    assert (scores.argmax(axis=1) == following).mean() > 0.9


def test_a_new_user_is_offered_what_others_began_with() -> None:
    interactions, visits, _ = rounds()
    begun = replace(interactions, item=np.where(interactions.time == 0, 3, interactions.item).astype(np.int32))
    nobody = replace(visits, history=np.full_like(visits.history, -1))
    assert fitted(begun, dimensions=8, epochs=10, negatives=32).scores(nobody)[0].argmax() == 3


def test_an_item_that_nobody_chose_is_not_proposed() -> None:
    interactions, visits, _ = toy()
    scores = fitted(replace(interactions, items=25, content=np.zeros((25, 0), np.float32)), epochs=1).scores(visits)
    assert np.isneginf(scores[:, 24]).all()
    assert np.isfinite(scores[:, :24]).all()


def test_an_item_of_the_held_out_events_alone_is_proposed_once_all_are_learnt() -> None:
    interactions, visits, _ = toy()
    item = interactions.item.copy()
    item[-2:] = 24
    new = replace(interactions, item=item, items=25, content=np.zeros((25, 0), np.float32))
    chosen = fitted(new, dimensions=8)
    assert np.isneginf(chosen.scores(visits)[:, 24]).all()
    assert np.isfinite(fitted(new, dimensions=8, **chosen.kept()).scores(visits)).all()


def test_given_epochs_are_kept_and_chosen_ones_repeat() -> None:
    interactions, _, _ = toy()
    assert 1 <= fitted(interactions, dimensions=8).kept()["epochs"] <= 20
    assert fitted(interactions, epochs=3).kept() == {"epochs": 3}


def test_one_item_is_not_enough() -> None:
    interactions, _, _ = toy()
    with pytest.raises(ModelError, match=r"sequence: needs positive events of at least 2 items, got 1\n.*framing\.label\.is"):
        fitted(replace(interactions, item=np.zeros_like(interactions.item)))
    with pytest.raises(ModelError, match=r"sequence\.over: got 0\.0, expected a number above 0"):
        fitted(interactions, over=0.0)


def test_without_pytorch_it_does_not_fit_but_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    interactions, visits, _ = toy()
    part = fitted(interactions, epochs=1)
    part.save(tmp_path)
    np.savez(tmp_path / "expected.npz", part.scores(visits))
    program = ("import sys, pathlib, numpy as np\n"
               "sys.modules.update(torch=None, onnx=None)\n"
               "from sevenfold.funnel.retrievers.sequence import Sequence\n"
               "from sevenfold.testing import toy\n"
               "folder = pathlib.Path(sys.argv[1])\n"
               "found = Sequence.load(folder).scores(toy()[1])\n"
               "assert np.array_equal(found, np.load(folder / 'expected.npz')['arr_0'])\n")
    subprocess.run([sys.executable, "-c", program, str(tmp_path)], check=True)
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingPackage, match="sequence: needs the package 'torch', which is not installed"):
        fitted(interactions)
