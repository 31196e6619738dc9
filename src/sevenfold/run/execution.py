"""The run itself: clarify → frame → data → solutions → evaluation → decision → bundle and report."""

from __future__ import annotations

import importlib.util
import os
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from sevenfold import design as documents
from sevenfold import record as records
from sevenfold import report
from sevenfold.data.posted import Posted
from sevenfold.design.sections import Design
from sevenfold.errors import DesignError, MissingPackage
from sevenfold.run.assemble import record as assemble
from sevenfold.run.companions import companions
from sevenfold.run.examination import measured
from sevenfold.run.job import Job, makers
from sevenfold.run.steps import Progress, Silent, Steps


def execute(design: Design, out: Path | None = None, progress: Progress | None = None,
            store: str | None = None, processes: int | None = 1) -> tuple[records.Record, Path]:
    """Execute a design; returns its record and the folder that holds record, report and bundle.

    What was posted to the `store`, by default that of the folder where there is one, is read beside the document's files.
    So many `processes` fit and evaluate, by default this one; None is one for each core where the data are worth it.

    Raises DesignError before anything is read when the document has errors, DataError and LeakError from the data.
    """
    findings = admit(design)
    out = None if out is None else own_folder(Path(out), design)
    base = Path(design.source).parent / "runs" if design.source else Path("runs")
    folder = out or base / f"{design.name}-{documents.hash_of(design)[:8]}"
    if store is None and (folder / "store").is_dir():
        store = f"lmdb://{folder / 'store'}"
    job = Job(design=design, folder=folder, steps=Steps((out or base) / "steps", progress or Silent()),
              posted=None if store is None else Posted(store))
    job.rehearse()
    leaks = job.probe()
    findings += measured(job.case)
    with companions(job, processes):
        job.share()
    solutions = {name: job.measure(name) for name in design.solutions}
    judged = assemble(design, job.data, job.cuts, job.truth, solutions, requests=job.requests,
                      findings=[records.Finding(**asdict(one)) for one in findings], leaks=[*leaks, job.replay()],
                      timings=job.steps.seconds)
    if judged.winner:
        job.ship(judged.winner)
        judged = replace(judged, stale=job.age(judged.winner))
    report.write(folder, design, judged)
    (folder / "design.yaml").write_text(documents.show(design), encoding="utf-8")
    records.write(judged, folder)  # last: its presence says that the run is whole
    if out is None:
        _point(base / "latest", folder.name)
    return judged, folder


def own_folder(out: Path, design: Design) -> Path:
    """`out`, unless it is a file or holds the run of another design."""
    if out.exists() and not out.is_dir():
        raise DesignError(str(out), "is a file, expected a folder for the run", "Name another folder with --out.")
    if (out / records.FILE).is_file():
        name = records.read(out).name
        if name != design.name:
            raise DesignError(str(out), f"holds a run of the design '{name}', which would be lost", "Name another with --out.")
    return out


def admit(design: Design) -> list[Any]:
    """The findings of a document that may run; DesignError with all of them for one that may not."""
    findings = [*documents.check(design), *documents.unbuilt(design)]
    errors = [one for one in findings if one.severity == "error"]
    if errors:
        count = f"{len(errors)} error{'s' * (len(errors) > 1)}"
        raise DesignError(design.source or design.name, f"the design has {count}, so nothing was run", "Mend these first.",
                          tuple(errors))
    for name, solution in design.solutions.items():
        for maker in makers(solution):
            package = getattr(maker, "trained_by", None)
            if package and importlib.util.find_spec(package) is None:
                raise MissingPackage(f"solutions.{name}", package, "deep")
    return findings


def _point(link: Path, target: str) -> None:
    """Swap a symbolic link at once."""
    fresh = link.with_name(f".{link.name}.{os.getpid()}")
    fresh.symlink_to(target)
    os.replace(fresh, link)
