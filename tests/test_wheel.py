"""What is installed holds all that it needs."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_the_wheel_holds_every_file_of_the_package(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(tmp_path), str(ROOT)]
    subprocess.run(words, check=True, capture_output=True)
    wheel = next(tmp_path.glob("*.whl"))
    inside = {name for name in zipfile.ZipFile(wheel).namelist() if name.startswith("sevenfold/")}
    source = ROOT / "src"
    expected = {path.relative_to(source).as_posix() for path in (source / "sevenfold").rglob("*")
                if path.is_file() and "__pycache__" not in path.parts}
    assert inside == expected
