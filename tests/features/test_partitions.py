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
from sevenfold.features import partitions
from sevenfold.nouns import Candidates, Data, Log, Requests
from toy_logs import SECOND, context, design, worlds


def with_context(data: Data) -> Data:
    """The same events, each with what its request said of itself."""
    said = context(np.random.default_rng(len(data.log)), len(data.log))
    table = pa.table({**{name: data.log.table[name] for name in data.log.table.column_names},
                      **{name: pa.array(values, pa.float64() if name == "load" else pa.string()) for name, values in said.items()}})
    return replace(data, log=replace(data.log, table=table))


def of_whole(fitted: features.Features, data: Data) -> np.ndarray:
    log = data.log
    said = {name: log.table[name].to_numpy() for name in log.table.column_names}
    every = Candidates(request=np.arange(len(log), dtype=np.int32), item=log.item, sources={}, ranks={})
    return fitted.over(data).rows(Requests(time=log.time, user=log.user, context=said), every).values


def chunks(log: Log, size: int) -> list[Log]:
    return [log.take(np.arange(start, min(start + size, len(log)))) for start in range(0, len(log), size)]


def values(file: Path) -> np.ndarray:
    table = pq.read_table(file)
    return np.column_stack([column.to_numpy() for column in table.columns])


@pytest.mark.parametrize("parts", [1, 3, 7])
@settings(max_examples=40, deadline=None)
@given(data=worlds(), cut=st.integers(0, 30), own=st.booleans(), size=st.integers(1, 50))
def test_parts_equal_the_whole_log(data: Data, cut: int, own: bool, size: int, parts: int) -> None:
    data = with_context(data)
    fitted = features.fit(design(own=own), data, cut * SECOND)
    whole = of_whole(fitted, data)
    with TemporaryDirectory() as folder:
        partitions.write(fitted, data, chunks(data.log, size), Path(folder) / "values.parquet", parts=parts)
        found = values(Path(folder) / "values.parquet")
        assert [path.name for path in Path(folder).iterdir()] == ["values.parquet"]
    assert found.shape == whole.shape
    different = np.argwhere(found.view(np.uint32) != whole.view(np.uint32))
    assert not len(different), [(fitted.names[c], whole[r, c], found[r, c]) for r, c in different[:5]]
