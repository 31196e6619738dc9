"""The soak of `bench/`, for a while: events, answers, a new bundle and a store that is killed and started again."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SOAK = Path(__file__).parents[2] / "bench" / "soak.py"


def test_nothing_is_lost_while_a_bundle_is_swapped_and_the_store_restarts(finished: Path) -> None:
    if shutil.which("redis-server") is None:
        pytest.skip("needs a Redis server: apt-get install redis-server")
    done = subprocess.run([sys.executable, SOAK, finished, "--seconds", "60", "--redis"], capture_output=True, text=True,
                          check=False)
    assert done.returncode == 0, done.stderr + done.stdout
    assert ", 0 twice" in done.stdout
