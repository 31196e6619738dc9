from __future__ import annotations

import numpy as np
import pytest

from sevenfold.errors import ModelError
from sevenfold.funnel import histories


def test_flat_keeps_each_known_item_once_at_its_newest_place():
    row, item, place = histories.flat(np.array([[3, 1, 3, -1], [-1, -1, -1, -1], [9, 0, -1, -1]], np.int32), 9)
    assert row.tolist() == [0, 0, 2]
    assert item.tolist() == [1, 3, 0]
    assert place.tolist() == [1, 0, 1]


def test_what_is_saved_loads_and_what_is_damaged_says_so(tmp_path):
    histories.save(tmp_path / "part", {"a": 1.5, "b": None}, {"x": np.arange(3)})
    params, arrays = histories.load(tmp_path / "part")
    assert params == {"a": 1.5, "b": None}
    assert arrays["x"].tolist() == [0, 1, 2]
    (tmp_path / "part" / "x.npy").write_bytes(b"no array")
    with pytest.raises(ModelError, match=r"cannot be read: .*\n    hint: Build the bundle again with `sevenfold run`\."):
        histories.load(tmp_path / "part")


def test_a_parameter_must_be_above_zero():
    histories.above_zero("als", iterations=3, within=None)
    with pytest.raises(ModelError, match=r"als\.iterations: got 0, expected a number above 0\n    hint: Leave iterations out"):
        histories.above_zero("als", iterations=0)


def test_an_array_beyond_memory_is_refused():
    with pytest.raises(ModelError, match=r"als: needs 1000000000000000 bytes of memory, \d+ are free"):
        histories.room("als", 10**15)
