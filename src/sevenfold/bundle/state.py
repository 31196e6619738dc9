"""The log and the entities that a pipeline reads while it answers, as `.npy` and Parquet."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from sevenfold.nouns import Data, Entities, Log

FACTS = ("label_wait", "impressions", "phases", "fingerprint")
COLUMNS = ("time", "available", "user", "item", "positive")


def save(data: Data, folder: Path) -> None:
    """Write `data` into an empty folder."""
    folder.mkdir(parents=True)
    np.savez(folder / "log.npz", **{name: getattr(data.log, name) for name in COLUMNS})
    pq.write_table(data.log.table, folder / "log.parquet", compression="zstd")
    for name, entities in (("users", data.users), ("items", data.items)):
        pq.write_table(entities.table, folder / f"{name}.parquet", compression="zstd")
        np.save(folder / f"{name}.ids.npy", entities.ids, allow_pickle=False)
        if entities.born is not None:
            np.save(folder / f"{name}.born.npy", entities.born, allow_pickle=False)
    about = {name: getattr(data, name) for name in FACTS}
    (folder / "data.json").write_text(json.dumps(about), encoding="utf-8")


def load(folder: Path) -> Data:
    """What `save` wrote."""
    with np.load(folder / "log.npz", allow_pickle=False) as columns:
        log = Log(**{name: columns[name] for name in COLUMNS}, table=pq.read_table(folder / "log.parquet"))
    about = json.loads((folder / "data.json").read_text(encoding="utf-8"))
    about["phases"] = about["phases"] and tuple(about["phases"])
    return Data(log=log, users=_entities(folder, "users"), items=_entities(folder, "items"), **about)


def _entities(folder: Path, name: str) -> Entities:
    born = folder / f"{name}.born.npy"
    return Entities(ids=np.load(folder / f"{name}.ids.npy", allow_pickle=False),
                    table=pq.read_table(folder / f"{name}.parquet"),
                    born=np.load(born, allow_pickle=False) if born.exists() else None)
