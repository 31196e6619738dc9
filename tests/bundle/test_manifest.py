"""A bundle is what it was when it was sealed, or it is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sevenfold.bundle import manifest
from sevenfold.errors import BundleError


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    folder = tmp_path / "bundle"
    (folder / "parts").mkdir(parents=True)
    (folder / "parts" / "weights.json").write_text("[1, 2]")
    (folder / "design.yaml").write_text("name: video")
    return folder


def test_the_same_content_has_the_same_name(bundle: Path) -> None:
    name = manifest.seal(bundle, {"solution": "trees"})
    assert manifest.seal(bundle, {"solution": "trees"}) == name
    assert manifest.seal(bundle, {"solution": "deep"}) != name
    assert manifest.verify(bundle)["solution"] == "deep"


def test_a_changed_file_is_refused(bundle: Path) -> None:
    manifest.seal(bundle, {})
    (bundle / "parts" / "weights.json").write_text("[1, 3]")
    with pytest.raises(BundleError, match="was changed after it was written"):
        manifest.verify(bundle)


def test_a_missing_file_is_refused(bundle: Path) -> None:
    manifest.seal(bundle, {})
    (bundle / "design.yaml").unlink()
    with pytest.raises(BundleError, match=r"the file 'design.yaml' is missing"):
        manifest.verify(bundle)


def test_a_file_outside_is_refused(bundle: Path) -> None:
    manifest.seal(bundle, {})
    path = bundle / manifest.MANIFEST
    about = json.loads(path.read_text())
    (bundle.parent / "secret").write_text("x")
    about["files"]["../secret"] = manifest.file_hash(bundle.parent / "secret")
    path.write_text(json.dumps(about))
    with pytest.raises(BundleError, match="outside itself"):
        manifest.verify(bundle)


def test_another_format_is_refused(bundle: Path) -> None:
    manifest.seal(bundle, {"format": 99})
    with pytest.raises(BundleError, match="has format 99, this version reads 1"):
        manifest.verify(bundle)


def test_a_folder_without_a_manifest_is_no_bundle(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=r"is no bundle"):
        manifest.verify(tmp_path)


def test_the_pointer_names_the_last_one_published_and_swaps_back(bundle: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    first = manifest.publish(bundle, run, manifest.seal(bundle, {"solution": "trees"}))
    second = manifest.publish(bundle, run, manifest.seal(bundle, {"solution": "deep"}))
    assert manifest.live(run) == second != first
    assert manifest.verify(first)["solution"] == "trees", "an older bundle stays as it was"


def test_nothing_live_is_said(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="holds no live bundle"):
        manifest.live(tmp_path)
