"""What a deployment needs, written for one run: the templates lie in `deployment/`, the numbers come from document and record."""

from __future__ import annotations

import math
import re
import sys
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Any

from sevenfold import record
from sevenfold.bundle import manifest
from sevenfold.design import load
from sevenfold.design.sections import Design
from sevenfold.errors import SevenfoldError
from sevenfold.serving.process import DRAIN

FIRST = 8707  # the port of the first worker
WITHIN = 15  # s: an explanation has 10, and a store that hangs is given up after 5
HOUR, DAY = 3600, 86_400  # s
PLAIN = re.compile(r"[\w./@+-][\w./@+ -]*")  # a path that stands in all these files for itself
WRITTEN = {"Dockerfile": "Dockerfile", "Dockerfile.dockerignore": "dockerignore", "compose.yaml": "compose.yaml",
           "nginx-compose.conf": "nginx.conf", "nginx.conf": "nginx.conf", "kubernetes.yaml": "kubernetes.yaml",
           "{name}@.service": "worker.service"}
OF_LISTS = {"{name}-batch.service": "batch.service", "{name}-batch.timer": "batch.timer",
            "kubernetes-batch.yaml": "kubernetes-batch.yaml"}


def deploy(run: Path, folder: Path) -> list[Path]:
    """Write the files of a deployment of a run's live bundle into a folder; those of lists where the design has some."""
    run, folder = record.locate(run), folder.resolve()
    for path in (run, folder, Path(sys.executable)):
        if not PLAIN.fullmatch(str(path)):
            raise SevenfoldError("--deploy", f"the path '{path}' has characters that a unit or a manifest would read otherwise",
                                 "Move it to a path of letters, digits and ./@+-_.")
    design = load(manifest.live(run) / "design.yaml")
    known = _known(run, design)
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, template in {**WRITTEN, **(OF_LISTS if design.serving.batch else {})}.items():
        workers = ["worker:8707"] if name == "nginx-compose.conf" else [
            f"127.0.0.1:{FIRST + number}" for number in range(known["cores"])]
        servers = "\n".join(f"    server {one} max_fails=1 fail_timeout=2s;" for one in workers)
        text = Template(files(__package__).joinpath("deployment", template).read_text(encoding="utf-8"))
        written.append(folder / name.format(name=known["name"]))
        written[-1].write_text(text.substitute(known, folder=folder, servers=servers), encoding="utf-8")
    return written


def _known(run: Path, design: Design) -> dict[str, Any]:
    """What templates name; memory in MiB."""
    bundle = manifest.live(run)
    measured = record.read(run).solutions.get(manifest.verify(bundle).get("solution", ""), record.Solution(order=0))
    cost, limits = measured.cost or record.Cost(), design.requirements.limits
    cores = round(cost.cores / cost.replicas) if cost.replicas else 2
    replicas = cost.replicas + cost.spare if cost.replicas else 1 + (design.serving.replicas or 1)
    memory = math.ceil((measured.memory_mb or 512) * 1e6 / 2**20)
    each = max(math.ceil(limits.memory / 2**20) if limits.memory else 2 * memory, memory)  # state grows with the log
    every = round(design.serving.batch.every) if design.serving.batch else DAY
    return {"name": design.name.lower().replace("_", "-"), "run": run, "version": bundle.name, "package": version("sevenfold"),
            "python": "{}.{}".format(*sys.version_info), "program": f"{sys.executable} -m sevenfold", "user": run.owner(),
            "cores": cores, "replicas": replicas, "most": 2 * replicas, "memory": cores * memory, "limit": cores * each,
            "each": each, "within": WITHIN, "grace": DRAIN + 15, "every": every, "schedule": _schedule(every)}


def _schedule(every: int) -> str:
    """The nearest of cron's that is no rarer: every few minutes, hours or days."""
    minutes, hours, days = max(every // 60, 1), every // HOUR, every // DAY
    return f"0 3 */{days} * *" if days else f"0 */{hours} * * *" if hours else f"*/{minutes} * * * *"
