"""Two towers: the contract, examples against a loop, cold users and items, and life without PyTorch."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sevenfold.errors import MissingPackage, ModelError
from sevenfold.funnel.retrievers.two_tower import TwoTower, _examples, _weigh
from sevenfold.nouns import Interactions, Visits
from sevenfold.testing import check_retriever, toy


@pytest.mark.parametrize("loss", ["sampled_softmax", "triplet"])
def test_contract(loss: str) -> None:
    check_retriever("two_tower", loss=loss)


def test_an_example_sees_what_its_user_did_strictly_before() -> None:
    rng = np.random.default_rng(0)
    n = 60
    time = np.sort(rng.integers(0, 15, n))  # many ties
    log = Interactions(user=rng.integers(3, 7, n).astype(np.int32), item=np.arange(n, dtype=np.int32), time=time,
                       users=8, items=n, cut=99, content=np.zeros((n, 0), np.float32))
    examples = _examples(log)
    past = examples.past(np.arange(n), 5)
    assert (np.diff(time[examples.item[examples.by_time]]) >= 0).all()
    for row, item in enumerate(examples.item):  # an item is its own place in the log
        before = [at for at in range(n) if log.user[at] == log.user[item] and time[at] < time[item]][::-1][:5]
        assert past[row].tolist() == before + [-1] * (5 - len(before))


def test_weights_halve_and_skip_what_is_unknown() -> None:
    index, weight, last = _weigh(np.array([[4, 7, -1], [9, 2, 3], [-1, -1, -1]], np.int32), 1.0, 8)
    np.testing.assert_allclose(weight, [[2 / 3, 1 / 3, 0], [0, 2 / 3, 1 / 3], [1, 0, 0]])
    assert index[0, :2].tolist() == [4, 7]
    assert index[2, 0] == 8
    assert last.tolist() == [4, 2, 9]


def fitted(interactions: Interactions, **params: object) -> TwoTower:
    part = TwoTower(**params)  # type: ignore[arg-type]
    part.fit(interactions, seed=0)
    return part


def nobody() -> Visits:
    return Visits(time=np.zeros(1, np.int64), user=np.array([-1], np.int32), history=np.full((1, 3), -1, np.int32))


def test_a_new_user_is_offered_what_others_began_with() -> None:
    interactions, _, _ = toy(users=400)
    scores = fitted(interactions, epochs=30, dimensions=8).scores(nobody())[0]
    first = np.bincount(interactions.item[:400], minlength=interactions.items)
    assert np.isfinite(scores).all()
    assert np.corrcoef(scores, np.log1p(first))[0, 1] > 0.5


def test_an_item_without_events_stands_where_its_content_puts_it() -> None:
    interactions, visits, _ = toy(users=200)
    content = np.vstack([interactions.content, np.eye(2, dtype=np.float32)])  # two new items, one for each club
    part = fitted(replace(interactions, items=26, content=content), epochs=20, dimensions=8)
    scores = part.scores(visits)[:200, 24:]
    club = np.arange(200) % 2
    assert (scores.argmax(axis=1) == club).mean() > 0.9


def test_given_epochs_are_kept_and_chosen_ones_repeat() -> None:
    interactions, _, _ = toy()
    chosen = fitted(interactions)
    assert 1 <= chosen.kept()["epochs"] <= 20
    assert fitted(interactions, epochs=3).kept() == {"epochs": 3}


def test_one_item_is_not_enough() -> None:
    interactions, _, _ = toy()
    with pytest.raises(ModelError, match=r"two_tower: needs positive events of at least 2 items, got 1\n.*framing\.label\.is"):
        fitted(replace(interactions, item=np.zeros_like(interactions.item)))


def test_a_catalogue_beyond_memory_is_refused_with_its_size() -> None:
    interactions, _, _ = toy()
    part = fitted(interactions, epochs=1, dimensions=8)
    with pytest.raises(ModelError, match=rf"two_tower: needs {10**14 * 8 * 8} bytes for {10**14} items"):
        part.grow(np.broadcast_to(np.int64(0), 10**14))


def test_without_pytorch_it_does_not_fit_but_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    interactions, visits, _ = toy()
    part = fitted(interactions, epochs=1)
    part.save(tmp_path)
    np.save(tmp_path / "expected.npy", part.scores(visits))
    program = ("import sys, pathlib, numpy as np\n"
               "sys.modules.update(torch=None, onnx=None)\n"
               "from sevenfold.funnel.retrievers.two_tower import TwoTower\n"
               "from sevenfold.testing import toy\n"
               "folder = pathlib.Path(sys.argv[1])\n"
               "found = TwoTower.load(folder).scores(toy()[1])\n"
               "assert np.array_equal(found, np.load(folder / 'expected.npy'))\n")
    subprocess.run([sys.executable, "-c", program, str(tmp_path)], check=True)
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingPackage, match="two_tower: needs the package 'torch', which is not installed"):
        fitted(interactions)
