"""The data folder of an embedded Postgres."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.programs.hub_process import open_folder


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """A folder that every account can reach; pytest's own are closed to others."""
    with open_folder() as folder:
        yield folder / "data"
