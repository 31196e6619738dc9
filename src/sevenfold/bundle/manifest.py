"""A bundle's manifest: every file with its hash; the bundle's name is the hash of the manifest."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sevenfold.errors import BundleError

FORMAT = 1
MANIFEST = "manifest.json"
BUNDLES, LIVE = "bundles", "live"
STORE = "store"  # of which store the bundle's log holds how many entries: {"name", "entries"}


def seal(folder: Path, about: Mapping[str, Any]) -> str:
    """Write the manifest of what lies in `folder`; returns the bundle's name, 64 hex digits."""
    files = {path.relative_to(folder).as_posix(): file_hash(path)
             for path in sorted(folder.rglob("*")) if path.is_file() and path.name != MANIFEST}
    text = json.dumps({"format": FORMAT, **about, "files": files}, indent=1, sort_keys=True)
    (folder / MANIFEST).write_text(text, encoding="utf-8")
    return hashlib.sha256(text.encode()).hexdigest()


def verify(folder: Path) -> dict[str, Any]:
    """The manifest of a bundle whose files are all there and unchanged; BundleError otherwise."""
    path = folder / MANIFEST
    if not path.is_file():
        raise BundleError(str(folder), "is no bundle: it holds no manifest.json", "Name the folder of a finished run.")
    manifest: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    if manifest.get("format") != FORMAT:
        raise BundleError(str(path), f"has format {manifest.get('format')!r}, this version reads {FORMAT}",
                          "Run the design again with this version.")
    for name, expected in manifest["files"].items():
        _verify_file(folder, name, expected)
    return manifest


def _verify_file(folder: Path, name: str, expected: str) -> None:
    path = (folder / name).resolve()
    if not path.is_relative_to(folder.resolve()):
        raise BundleError(str(folder), f"names the file '{name}' outside itself", "Do not use this bundle.")
    if not path.is_file():
        raise BundleError(str(folder), f"the file '{name}' is missing", "Run the design again.")
    if file_hash(path) != expected:
        raise BundleError(str(path), "was changed after it was written", "Run the design again.")


def file_hash(path: Path) -> str:
    """SHA-256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def size(folder: Path) -> int:
    """Bytes of all files in a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def publish(bundle: Path, run: Path, name: str) -> Path:
    """Copy a sealed bundle into a run's folder under its own name, and swap the pointer `live` to it at once."""
    target = run / BUNDLES / name[:16]
    if not target.exists():
        work = target.with_name(f".{target.name}.{os.getpid()}")
        shutil.copytree(bundle, work)
        os.replace(work, target)
    pointer = run / f".{LIVE}.{os.getpid()}"
    pointer.write_text(target.name, encoding="utf-8")
    os.replace(pointer, run / LIVE)
    return target


def live(run: Path) -> Path:
    """The bundle that a run's pointer names; BundleError where nothing was shipped."""
    pointer = run / LIVE
    if not pointer.is_file():
        raise BundleError(str(run), "holds no live bundle: no solution was admissible, or the run is not finished",
                          "Read the decision in report.md; loosen a limit or mend the losers, and run again.")
    return run / BUNDLES / pointer.read_text(encoding="utf-8").strip()
