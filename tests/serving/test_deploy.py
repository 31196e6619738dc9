"""A deployment's files: they say what the record says, fit each other, and the units and the load balancer really run."""

from __future__ import annotations

import argparse
import getpass
import os
import re
import shlex
import shutil
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
import yaml

from serving.processes import answers, free_port
from sevenfold import record
from sevenfold.bundle import manifest
from sevenfold.cli import batch, serve
from sevenfold.errors import SevenfoldError
from sevenfold.serving.app import ROUTES
from sevenfold.serving.deploy import deploy

MAIN = """daemon off; user {user}; pid {folder}/pid; error_log {folder}/errors; events {{}}
http {{ access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi; include {folder}/nginx.conf; }}
"""


@pytest.fixture(scope="module")
def written(finished: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return {path.name: path for path in deploy(finished, tmp_path_factory.mktemp("deployed") / "new")}


def told(verb: Any, words: list[str]) -> argparse.Namespace:
    """A command as the command line reads it."""
    parser = argparse.ArgumentParser(exit_on_error=False)
    verb.arguments(parser)
    return parser.parse_args([str(word) for word in words])


def test_the_manifests_fit_the_record_and_each_other(written: dict[str, Path], finished: Path) -> None:
    by_kind = {(one["kind"], one["metadata"]["name"]): one for name in ("kubernetes.yaml", "kubernetes-batch.yaml")
               for one in yaml.safe_load_all(written[name].read_text())}
    measured = record.read(finished).solutions["popular"]
    deployment, scaled = by_kind["Deployment", "video"]["spec"], by_kind["HorizontalPodAutoscaler", "video"]["spec"]
    (worker,) = deployment["template"]["spec"]["containers"]
    asked = told(serve, worker["args"][1:])
    assert (asked.workers, asked.store) == (round(measured.cost.cores / measured.cost.replicas), "redis://video-redis:6379/0")
    assert worker["image"] == f"sevenfold-video:{manifest.live(finished).name}"
    assert worker["resources"]["requests"]["cpu"] == str(asked.workers)
    assert int(worker["resources"]["requests"]["memory"][:-2]) * 2**20 >= asked.workers * measured.memory_mb * 1e6
    assert scaled["minReplicas"] == measured.cost.replicas + measured.cost.spare < scaled["maxReplicas"]
    assert scaled["scaleTargetRef"]["name"] == "video"
    labels = deployment["template"]["metadata"]["labels"]
    assert labels == deployment["selector"]["matchLabels"] == by_kind["Service", "video"]["spec"]["selector"]
    assert ("Service", "video-redis") in by_kind
    probed = {worker[f"{kind}Probe"]["httpGet"]["path"] for kind in ("startup", "readiness", "liveness")}
    assert probed <= {one.path for one in ROUTES}
    (lists,) = by_kind["CronJob", "video-batch"]["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"]
    assert told(batch, lists["args"][1:]).store == asked.store
    assert by_kind["CronJob", "video-batch"]["spec"]["schedule"] == "0 3 */1 * *"
    composed = yaml.safe_load(written["compose.yaml"].read_text())["services"]
    assert told(serve, composed["worker"]["command"][1:]).workers == asked.workers
    assert {"--appendfsync", "always", "noeviction"} <= set(composed["redis"]["command"])
    assert Path(composed["worker"]["build"]["context"]) == finished
    assert (Path(composed["worker"]["build"]["additional_contexts"]["deployment"]) / "Dockerfile").is_file()
    assert "from=deployment,target=/deployment" in written["Dockerfile"].read_text()
    assert "\nstore\n" in written["Dockerfile.dockerignore"].read_text()  # what users did is no part of an image
    assert not any("$" in path.read_text().replace("$http_host", "").replace("$PACKAGE", "") for path in written.values())


def test_without_lists_there_is_nothing_that_makes_them(finished: Path, tmp_path: Path) -> None:
    run, made = Path(shutil.copytree(finished, tmp_path / "run")), tmp_path / "bundle"
    shutil.copytree(manifest.live(run), made)
    text = (made / "design.yaml").read_text()
    (made / "design.yaml").write_text(re.sub(r"\n  batch:.*(\n    .*)*", "", text))
    manifest.publish(made, run, manifest.seal(made, {"solution": "nobody knows"}))
    names = {path.name for path in deploy(run, tmp_path / "out")}
    assert not any("batch" in name for name in names)
    (horizontal,) = [one for one in yaml.safe_load_all((tmp_path / "out" / "kubernetes.yaml").read_text())
                     if one["kind"] == "HorizontalPodAutoscaler"]
    assert horizontal["spec"]["minReplicas"] == 2
    with pytest.raises(SevenfoldError, match="characters that a unit or a manifest would read otherwise"):
        deploy(run, tmp_path / 'a"b')


def test_units_are_what_systemd_reads(written: dict[str, Path], tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("needs systemd: apt-get install systemd")
    units = [Path(shutil.copy(written[name], tmp_path / name.replace("@", "@8707")))
             for name in ("video@.service", "video-batch.service", "video-batch.timer")]
    checked = subprocess.run(["systemd-analyze", "verify", *map(str, units)], capture_output=True, text=True, check=False)
    assert (checked.returncode, checked.stderr) == (0, "")


@contextmanager
def started(command: list[str]) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL, env={**os.environ, "OMP_NUM_THREADS": "1"})
    try:
        yield process
    finally:
        process.terminate()
        process.wait(30)


def ready(port: int) -> None:
    until = time.monotonic() + 60
    while not answers(port, "GET", "/health/ready"):
        assert time.monotonic() < until, f"nobody answers at {port}"
        time.sleep(0.05)


def counted(port: int) -> int:
    """How many answers a worker has given."""
    with urlopen(f"http://localhost:{port}/metrics") as told:
        found = re.search(r'sevenfold_requests_total{asked="answer",status="200"} (\d+)', told.read().decode())
    return int(found[1]) if found else 0


def test_the_load_balancer_shares_work_and_outlives_a_worker(written: dict[str, Path], tmp_path: Path) -> None:
    if shutil.which("nginx") is None:
        pytest.skip("needs nginx: apt-get install nginx")
    front, *ports = free_port(), free_port(), free_port()
    (begun,) = re.findall(r"^ExecStart=(.*)$", written["video@.service"].read_text(), re.MULTILINE)
    text = re.sub(r"(?m)^    server .*\n", "", written["nginx.conf"].read_text()).replace("listen 80;", f"listen {front};")
    servers = "".join(f"    server 127.0.0.1:{port} max_fails=1 fail_timeout=2s;\n" for port in ports)
    (tmp_path / "nginx.conf").write_text(text.replace("    keepalive", f"{servers}    keepalive"))
    (tmp_path / "main").write_text(MAIN.format(user=getpass.getuser(), folder=tmp_path))
    nginx = ["nginx", "-p", str(tmp_path), "-c", str(tmp_path / "main")]
    assert subprocess.run([*nginx, "-t"], capture_output=True, check=False).returncode == 0

    def ask(user: int) -> bool:
        return bool(answers(front, "POST", "/v1/answer", {"user": user}))

    store = ["--store", f"lmdb://{tmp_path / 'store'}"]
    with ExitStack() as stack, ThreadPoolExecutor(8) as clients:
        workers = [stack.enter_context(started([*shlex.split(begun.replace("%i", str(port))), *store])) for port in ports]
        for port in ports:
            ready(port)
        stack.enter_context(started(nginx))
        ready(front)
        assert all(clients.map(ask, range(100)))
        assert min(map(counted, ports)) > 10
        asked = clients.map(ask, range(200))
        workers[0].kill()
        assert all(asked)
        assert not answers(front, "GET", "/metrics")
        assert answers(front, "GET", "/openapi.json")
