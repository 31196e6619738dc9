"""The report in a real browser, wide and narrow."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from sample_record import design, sample
from sevenfold import report

CHROMIUM = shutil.which("chromium")
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars",
         "--disable-background-networking", "--disable-component-update", "--disable-sync")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs a browser: apt-get install chromium")


@pytest.mark.parametrize("width", [1200, 500])
def test_the_page_is_drawn_without_a_network(tmp_path: Path, width: int) -> None:
    page = report.write(tmp_path, design(), sample())
    picture = tmp_path / "page.png"
    words = [str(CHROMIUM), *FLAGS, f"--user-data-dir={tmp_path / 'profile'}", f"--window-size={width},3000"]
    subprocess.run([*words, f"--screenshot={picture}", f"file://{page}"], check=True, capture_output=True, timeout=120)
    assert picture.stat().st_size > 50_000, "an empty page is a few kilobytes"
    drawn = subprocess.run([*words, "--dump-dom", f"file://{page}"], check=True, capture_output=True, text=True, timeout=120)
    record = sample()
    assert record.decision is not None
    for name in record.solutions:
        assert name in drawn.stdout
    assert drawn.stdout.count("<svg") >= 3
