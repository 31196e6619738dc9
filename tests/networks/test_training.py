"""The frame around a training: when it stops, what it keeps, what it puts back."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from sevenfold.errors import MissingPackage, ModelError
from sevenfold.networks.training import best_epoch, pytorch


def train(losses: list[float] | None, epochs: int, patience: int = 2) -> tuple[int, int]:
    """The epoch whose state was kept, and the number it was called by."""
    done: list[int] = []
    kept, at = best_epoch(lambda: done.append(1), (lambda: losses[len(done) - 1]) if losses else None,
                          lambda: {"epoch": np.array(len(done))}, epochs=epochs, patience=patience, where="net")
    return int(kept["epoch"]), at


def test_the_best_epoch_is_kept_and_the_rest_forgotten() -> None:
    assert train([3.0, 2.0, 2.5, 2.4, 1.0], epochs=9) == (2, 2)
    assert train([3.0, 2.0, 2.5, 1.0], epochs=4) == (4, 4)


def test_without_a_held_out_loss_every_epoch_is_run() -> None:
    assert train(None, epochs=7) == (7, 7)


def test_a_loss_out_of_bounds_is_an_error() -> None:
    with pytest.raises(ModelError, match=r"net: the loss became nan in epoch 2\n    hint: Lower the learning rate\."):
        train([1.0, float("nan")], epochs=3)


def test_pytorch_is_seeded_and_its_settings_put_back() -> None:
    torch = pytest.importorskip("torch")
    before, state = torch.get_num_threads(), torch.random.get_rng_state()
    drawn = []
    for _ in range(2):
        with pytorch("net", 7) as inside:
            assert inside.get_num_threads() == 1
            drawn.append(inside.rand(3).tolist())
    assert drawn[0] == drawn[1]
    assert torch.get_num_threads() == before
    assert torch.equal(torch.random.get_rng_state(), state)


def test_without_pytorch_the_error_holds_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    message = r"net: needs the package 'torch', which is not installed\n    hint: .* pip install 'sevenfold\[deep\]'\."
    with pytest.raises(MissingPackage, match=message), pytorch("net", 0):
        pass
