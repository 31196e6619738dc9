from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from sevenfold.design.part import Part
from sevenfold.design.sections import Answer, DataSection, Design, Evaluation, Events, Framing, Label, Split, Table

DAY = 86_400
Make = Callable[..., Design]


@pytest.fixture
def design(tmp_path: Path) -> Make:
    """Writes tables beside a design and returns the design."""

    def make(
        events: Mapping[str, Sequence[Any]] | str,
        *,
        users: Any = None,
        items: Any = None,
        label: str = "rating >= 4",
        within: float | None = 2 * DAY,
        label_delay: float = 0.0,
        own: bool = False,
        split: Split | None = None,
        features: Mapping[str, Mapping[str, Part]] | None = None,
        **roles: Any,
    ) -> Design:
        born = roles.pop("born", None)
        named = {"time": "time", "user": "user", "item": "item", **roles}
        tables = {
            key: None
            if table is None
            else Table(path=_file(tmp_path, key, table), key="id", born=born if key == "items" else None)
            for key, table in (("users", users), ("items", items))
        }
        return Design(
            name="toy",
            source=str(tmp_path / "toy.yaml"),
            evaluation=Evaluation(metric="ndcg"),
            framing=Framing(
                task="recommend",
                answer=Answer(items=3),
                label=Label(is_=label, within=within, delay=label_delay, own=own),
            ),
            data=DataSection(
                events=Events(path=_file(tmp_path, "events", events), **named),
                split=split or Split(),
                features=features or {},
                **tables,
            ),
        )

    return make


def _file(folder: Path, name: str, table: Any) -> str:
    if isinstance(table, str):
        return table
    parquet.write_table(table if isinstance(table, pa.Table) else pa.table(dict(table)), folder / f"{name}.parquet")
    return f"{name}.parquet"
