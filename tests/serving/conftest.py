from __future__ import annotations

from pathlib import Path

import pytest

from sevenfold import design as documents
from sevenfold.run import execute
from small_run import write_design


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a finished run on a small simulated world."""
    return execute(documents.load(write_design(tmp_path_factory.mktemp("served"))))[1]
