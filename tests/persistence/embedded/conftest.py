"""The data folder of an embedded Postgres."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """A folder that every account can reach; pytest's own are closed to others."""
    with tempfile.TemporaryDirectory(prefix="parlour-test-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder) / "data"
