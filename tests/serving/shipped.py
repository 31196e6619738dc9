"""A bundle made in seconds: one solution of a design fitted and shipped, nothing compared."""

from __future__ import annotations

from pathlib import Path

from sevenfold import design as documents
from sevenfold import record
from sevenfold.bundle import manifest
from sevenfold.data.posted import Posted
from sevenfold.run.job import Job
from sevenfold.run.steps import Steps


def ship(path: Path, run: Path, url: str | None = None, solution: str = "popular") -> Path:
    """Fit a solution of a design on its files and a store, and make its bundle live."""
    job = Job(design=documents.load(path), folder=run, steps=Steps(run / "steps"), posted=Posted(url) if url else None)
    job.fit(solution, 0)
    job.ship(solution)
    (run / record.FILE).touch()
    return manifest.live(run)
