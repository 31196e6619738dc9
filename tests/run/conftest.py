"""A small world and its finished run, made once for all tests of `run`."""

from __future__ import annotations

from pathlib import Path

import pytest

from sevenfold import design as documents
from sevenfold import record as records
from sevenfold.run import execute
from small_run import write_design


@pytest.fixture(scope="session")
def design(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_design(tmp_path_factory.mktemp("small"))


@pytest.fixture(scope="session")
def finished(design: Path) -> tuple[records.Record, Path]:
    return execute(documents.load(design))
