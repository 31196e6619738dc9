"""One serving process, measured: `python -m sevenfold.run.measure PARTS STATE REQUESTS CATALOGUE K`.

A fresh process loads a fitted pipeline, fills its catalogue up to `CATALOGUE` items with synthetic rows (copies of real
ones), warms up, answers the requests one by one and prints the milliseconds of each stage and its resident memory.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from sevenfold.bundle import parts, state
from sevenfold.errors import ModelError
from sevenfold.funnel.pipeline import Pipeline
from sevenfold.nouns import F64, Requests

WARM_UP = 20


def main(parts_folder: str, state_folder: str, requests: str, catalogue: str, k: str) -> None:
    """Measure and print JSON: `catalogue`, `total` [n] and `stages` {name: [n]} in ms, `memory_mb`, `too_large`."""
    data = state.load(Path(state_folder))
    pipeline = parts.load(Path(parts_folder)).over(data)
    wanted, size, too_large = max(int(catalogue), len(data.items)), len(data.items), ""
    if wanted > size:
        try:
            pipeline, size = pipeline.grow(np.arange(wanted) % size), wanted
        except ModelError as error:
            too_large = error.problem
    total, stages = clock(pipeline, load_requests(Path(requests)), int(k))
    memory = psutil.Process().memory_info().rss / 1e6
    print(json.dumps({"catalogue": size, "total": total.tolist(), "memory_mb": memory, "too_large": too_large,
                      "stages": {name: values.tolist() for name, values in stages.items()}}))


def clock(pipeline: Pipeline, requests: Requests, k: int) -> tuple[F64, dict[str, F64]]:
    """Milliseconds of each request, in all and by stage, one request at a time after a warm-up."""
    for row in range(min(WARM_UP, len(requests))):
        pipeline.answer(requests.take(np.array([row])), k)
    taken = [_timed(pipeline, requests.take(np.array([row])), k) for row in range(len(requests))]
    stages = {name: np.array([by_stage.get(name, 0.0) for _, by_stage in taken]) for name in taken[0][1]}
    return np.array([total for total, _ in taken]), stages


def _timed(pipeline: Pipeline, request: Requests, k: int, now: Callable[[], float] = time.perf_counter) \
        -> tuple[float, dict[str, float]]:
    fresh = replace(pipeline, clock={})
    start = now()
    fresh.answer(request, k)
    return (now() - start) * 1e3, {name: seconds * 1e3 for name, seconds in fresh.clock.items()}


def save_requests(requests: Requests, path: Path) -> None:
    """Write requests for `main`: text columns as text, nothing pickled."""
    context: dict[str, Any] = {f"context.{name}": column.astype(str) if column.dtype == object else column
               for name, column in requests.context.items()}
    about: dict[str, Any] = {} if requests.item is None else {"item": requests.item}
    np.savez(path, time=requests.time, user=requests.user, **about, **context)


def load_requests(path: Path) -> Requests:
    """What `save_requests` wrote."""
    with np.load(path, allow_pickle=False) as columns:
        context = {name.removeprefix("context."): columns[name] for name in columns.files if "." in name}
        return Requests(time=columns["time"], user=columns["user"], context=context,
                        item=columns["item"] if "item" in columns.files else None)


if __name__ == "__main__":
    main(*sys.argv[1:])
