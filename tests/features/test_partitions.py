"""A log in parts against the whole log, bit for bit."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sevenfold import features
from sevenfold.errors import DataError
from sevenfold.features import partitions, view
from sevenfold.nouns import Candidates, Data, Entities, Log, Requests
from toy_logs import DEFINITIONS, SECOND, context, design, worlds

CLOCKED = DEFINITIONS | {"context": DEFINITIONS["context"] | {"hour": {"hour": "time"}}}


def with_context(data: Data) -> Data:
    """The same events, each with what its request said of itself, in columns one of which is called as one of our own."""
    said = context(np.random.default_rng(len(data.log)), len(data.log))
    columns = {name: pa.array(values, pa.float64() if name == "load" else pa.string()) for name, values in said.items()}
    columns |= {"time": data.log.time // SECOND, **dict(zip(data.log.table.column_names, data.log.table.columns))}
    return replace(data, log=replace(data.log, table=pa.table(columns)))


def of_whole(fitted: features.Features, data: Data) -> np.ndarray:
    log = data.log
    said = {name: log.table[name].to_numpy() for name in log.table.column_names}
    own = Candidates(request=np.arange(len(log), dtype=np.int32), item=log.item, sources={}, ranks={})
    return fitted.over(data).rows(Requests(time=log.time, user=log.user, context=said), own).values


def chunks(log: Log, size: int) -> list[Log]:
    return [log.take(np.arange(start, min(start + size, len(log)))) for start in range(0, len(log), size)]


def assert_same(file: Path, names: tuple[str, ...], whole: np.ndarray) -> None:
    table = pq.read_table(file)
    assert tuple(table.column_names) == names
    found = np.column_stack([column.to_numpy() for column in table.columns])
    different = np.argwhere(found.view(np.uint32) != whole.view(np.uint32))
    assert not len(different), [(names[c], whole[r, c], found[r, c]) for r, c in different[:5]]


@pytest.mark.parametrize("parts", [1, 3, 7])
@settings(max_examples=15, deadline=None)
@given(data=worlds(), cut=st.integers(0, 30), own=st.booleans(), size=st.integers(1, 50))
def test_parts_equal_the_whole_log(data: Data, cut: int, own: bool, size: int, parts: int) -> None:
    data = with_context(data)
    fitted = features.fit(design(CLOCKED, own=own), data, cut * SECOND)
    with TemporaryDirectory() as folder:
        file = Path(folder) / "values.parquet"
        partitions.write(fitted, data, chunks(data.log, size), file, parts=parts)
        assert_same(file, fitted.names, of_whole(fitted, data))
        assert list(Path(folder).iterdir()) == [file]


def test_a_log_in_files_after_a_fit_on_its_first_chunk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rng, n = np.random.default_rng(3), 5000
    time = np.sort(rng.integers(0, 900, n)) * SECOND
    table = pa.table({"time": time, "available": time + rng.integers(0, 3, n) * SECOND, "row": np.arange(n),
                      "user": rng.integers(-1, 50, n).astype(np.int32), "item": rng.integers(-1, 20, n).astype(np.int32),
                      "positive": rng.random(n) < 0.5, "price": rng.integers(0, 99, n) / 10})
    for name, rows in (("a", table.slice(0, 2000)), ("b", table.slice(2000))):
        pq.write_table(rows, tmp_path / f"{name}.parquet", row_group_size=700)
    monkeypatch.setattr(partitions, "CHUNK", 450)
    monkeypatch.setattr(view, "BLOCK", 100)
    files = [tmp_path / "a.parquet", tmp_path / "b.parquet"]
    logs = list(partitions.read(files))
    assert max(map(len, logs)) == 450
    assert logs[0].table.column_names == ["row", "price"]
    assert np.concatenate([log.table["row"].to_numpy() for log in logs]).tolist() == list(range(n))
    people, things = (Entities(ids=np.arange(count), table=pa.table({})) for count in (50, 20))
    sample = Data(log=logs[0], users=people, items=things, label_wait=SECOND)
    declared = {"item": {"price": {"mean": "price", "over": 90.0, "prior": 5.0}}, "pair": {"met": {"count": "events"}},
                "user": {"liked": {"mean": "label", "half_life": 60.0}, "last": {"last": "item", "n": 4}}}
    fitted = features.fit(design(declared), sample, 50 * SECOND)
    partitions.write(fitted, sample, partitions.read(files), tmp_path / "values.parquet", parts=5)
    whole = Log(**{name: table[name].to_numpy() for name in partitions.FIXED}, table=table.select(["price"]))
    assert_same(tmp_path / "values.parquet", fitted.names, of_whole(fitted, replace(sample, log=whole)))


def test_a_file_that_is_no_log(tmp_path: Path) -> None:
    pq.write_table(pa.table({name: [1] for name in ("time", "available", "user", "items", "positive")}), tmp_path / "a.parquet")
    with pytest.raises(DataError, match=r"there is no column 'item'(.|\n)*'items'"):
        next(partitions.read([tmp_path / "a.parquet"]))
