"""A bundle's log and what came after it, as one log."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa

from sevenfold.nouns import Data
from sevenfold.serving.memory import Memory


def whole(memory: Memory) -> Data:
    """The bundle's data and what the store has taken, as a later run would load them."""
    log = memory.base.log
    for more, *_ in memory.since():
        item = np.where(more.item < len(memory.base.items), more.item, -1).astype(np.int32)
        columns = {name: np.concatenate([getattr(log, name), getattr(more, name)])
                   for name in ("time", "available", "user", "positive")}
        log = replace(log, **columns, item=np.concatenate([log.item, item]), table=pa.concat_tables([log.table, more.table]))
    return replace(memory.base, log=log.take(np.argsort(log.time, kind="stable")))
