"""What is counted and timed, for Prometheus; of several workers together where they share a folder."""

from __future__ import annotations

import os
from functools import cache
from typing import Any

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
    multiprocess,
)

SHARED = "PROMETHEUS_MULTIPROC_DIR"  # set before this file is imported where there are several workers
KIND = CONTENT_TYPE_LATEST
EDGES = (.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1.0, 2.5)  # s

REQUESTS = Counter("sevenfold_requests_total", "Requests, by what was asked and how it ended.", ("asked", "status"))
SECONDS = Histogram("sevenfold_request_seconds", "Seconds from a request's head to its answer.", ("asked",), buckets=EDGES)
DEGRADED = Counter("sevenfold_degraded_total", "Answers that a stage had no part in.", ("stage",))
MODEL_SERVER = Counter("sevenfold_model_server_total", "Calls of the model server, by how they ended.", ("outcome",))
EVENTS = Counter("sevenfold_events_total", "Events, by what became of them.", ("outcome",))
UNKEPT = Counter("sevenfold_impressions_lost_total", "Answers that were not kept, though they should have been.")
WAITING = Gauge("sevenfold_waiting", "What waits to be answered or to be written.", ("what",), multiprocess_mode="livesum")
READ = Gauge("sevenfold_log_offset", "Events of the store's log that the items' state has taken.", multiprocess_mode="livemin")


@cache
def of(meter: Any, *labels: object) -> Any:
    """The part of a meter with these labels: there are few, and to find one anew takes longer than to count."""
    return meter.labels(*labels)


def written() -> bytes:
    """Everything, in the text format."""
    if SHARED not in os.environ:
        return generate_latest(REGISTRY)
    together = CollectorRegistry()
    multiprocess.MultiProcessCollector(together)  # type: ignore[no-untyped-call]
    return generate_latest(together)
