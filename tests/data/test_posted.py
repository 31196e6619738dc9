"""What was posted to a store is read beside the files: each event once, the latest attributes, nothing of who was deleted."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sevenfold import data, stores
from sevenfold.data.posted import Later, Posted, joined, name_of
from sevenfold.errors import DataError
from sevenfold.nouns import Data
from sevenfold.stores import Change
from sevenfold.stores.keys import GONE, hashed, packed

LOG = {"time": [10, 20, 30], "user": [1, 1, 2], "item": ["a", "b", "a"], "rating": [5, 4, 1]}
ITEMS = {"id": ["a", "b", "d"], "size": [1.5, 2.5, None], "tags": ["x|y", "y", "x"], "since": [5, 6, 7]}


def event(time: int, user: int | None, item: str, rating: int = 5) -> dict[str, Any]:
    micros = time * 1_000_000
    return {"id": f"{time}", "time": micros, "available": micros,
            "row": {"time": time, "user": user, "item": item, "rating": rating}}


def told(of: str, name: str, time: int = 40, **values: Any) -> dict[str, Any]:
    return {"of": of, "id": name, "time": time * 1_000_000, "values": values}


def posted(folder: Path, *entries: dict[str, Any], gone: str = "", at: int = 0) -> Posted:
    url = f"lmdb://{folder / 'store'}"
    with stores.open(url) as store:
        puts = {GONE: packed(1), GONE + b":" + hashed(gone): packed(at, 1)} if gone else {}
        store.change([], lambda _: Change(puts, [json.dumps(one).encode() for one in entries]))
    return Posted(url)


def seen(loaded: Data) -> list[tuple[int, Any, Any]]:
    log = loaded.log
    return list(zip((log.time // 1_000_000).tolist(), loaded.users.ids[log.user].tolist(), loaded.items.ids[log.item].tolist(),
                    strict=True))


def test_events_of_the_store_stand_in_the_log_each_once(design, tmp_path: Path) -> None:
    twice = event(20, 1, "b", 4)  # the files hold it too
    loaded = data.load(design(LOG), posted(tmp_path, event(25, 3, "c"), twice, event(30, 2, "b"), {"gone": "00"}))
    assert seen(loaded) == [(10, 1, "a"), (20, 1, "b"), (25, 3, "c"), (30, 2, "a"), (30, 2, "b")]
    assert loaded.log.positive.tolist() == [True, True, True, False, True]
    assert loaded.fingerprint != data.load(design(LOG)).fingerprint


@given(files=st.lists(st.integers(1, 3), min_size=1, max_size=6), later=st.lists(st.integers(1, 3), max_size=6))
def test_of_twins_as_many_are_kept_as_the_one_who_has_more(files: list[int], later: list[int]) -> None:
    def table(times: list[int]) -> pa.Table:
        return pa.table({"time": pa.array(times, pa.int64())})

    both = Later(table=table(later), time=np.array(later, np.int64), available=np.array(later, np.int64), users={}, items={},
                 gone=frozenset())
    found, time, _ = joined(table(files), np.array(files), np.array(files), both, [])
    assert Counter(time.tolist()) == Counter(files) | Counter(later)
    assert found["time"].to_pylist() == time.tolist()


def test_attributes_are_the_latest_and_who_is_new_stands_in_the_table(design, tmp_path: Path) -> None:
    later = posted(tmp_path, event(35, 1, "e"), told("items", "a", size=9.0), told("items", "a", 41, tags=["z"]),
                   told("items", "e", size=3.0), told("items", "f", since=50), told("users", "2"))
    items = data.load(design(LOG, items=ITEMS, born="since"), later).items
    assert items.ids.tolist() == ["a", "b", "d", "e", "f"]
    assert items.table["size"].to_pylist() == [9.0, 2.5, None, 3.0, None]
    assert items.table["tags"].to_pylist() == [["z"], ["y"], ["x"], None, None]
    assert items.born is not None
    assert (items.born // 1_000_000).tolist() == [5, 6, 7, 34, 50]  # before its first event, whatever was said


def test_nothing_is_read_of_who_was_deleted_until_they_come_back(design, tmp_path: Path) -> None:
    users = {"id": [1, 2], "age": [30, 40]}
    entries = [event(31, 1, "b"), told("users", "1", age=31), {"gone": "x"}, event(50, 1, "a"), event(51, None, "a")]
    loaded = data.load(design(LOG, users=users), posted(tmp_path, *entries, gone="1", at=3))
    assert seen(loaded) == [(30, 2, "a"), (50, 1, "a")]
    assert loaded.users.table["age"].to_pylist() == [None, 40]


def test_what_no_longer_fits_is_said(design, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="an event does not fit the columns of the files"):
        data.load(design({**LOG, "item": [1, 2, 1]}), posted(tmp_path, event(50, 1, "a")))
    with pytest.raises(DataError, match="what was told later does not fit its table"):
        data.load(design(LOG, items=ITEMS), posted(tmp_path / "other", told("items", "a", size="big")))


@pytest.mark.parametrize(("one", "name"), [(2.0, "2"), (2, "2"), ("2.0", "2.0"), (0.5, "0.5")])
def test_a_whole_number_is_one_id_however_it_is_written(one: Any, name: str) -> None:
    assert name_of(one) == name
