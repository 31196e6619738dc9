"""`sevenfold export RUN`: what other servers need of a run."""

from __future__ import annotations

import argparse
from pathlib import Path

from sevenfold import record
from sevenfold.errors import SevenfoldError
from sevenfold.serving.deploy import deploy
from sevenfold.serving.tf_serving import tf_serving
from sevenfold.serving.triton import triton

HELP = "Write the live bundle's ranker for a model server, or what a deployment needs; at least one of them."


def arguments(parser: argparse.ArgumentParser) -> None:
    """The words after `export`."""
    parser.add_argument("run", type=Path, metavar="RUN", help="the folder of a run")
    parser.add_argument("--triton", type=Path, metavar="DIR", help="a model repository of Triton Inference Server")
    parser.add_argument("--tf-serving", type=Path, metavar="DIR", help="a SavedModel below DIR for TensorFlow Serving")
    parser.add_argument("--deploy", type=Path, metavar="DIR", help="compose file, systemd unit, nginx and Kubernetes manifests")


def run(args: argparse.Namespace) -> int:
    """Write what was asked for, and print where it lies."""
    folder = record.locate(args.run)
    asked = ((triton, args.triton), (tf_serving, args.tf_serving), (deploy, args.deploy))
    wanted = [(write, where) for write, where in asked if where is not None]
    if not wanted:
        raise SevenfoldError("export", "nothing was asked for", "Add --triton DIR, --tf-serving DIR or --deploy DIR.")
    for write, where in wanted:
        if where.exists() and not where.is_dir():
            raise SevenfoldError(str(where), "is a file, expected a folder", "Name another folder.")
        for path in write(folder, where):
            print(path)
    return 0
