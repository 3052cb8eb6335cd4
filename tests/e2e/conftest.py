"""A longer time limit for tests that start a hub, its Postgres and other programs."""

from pathlib import Path

import pytest

SECONDS = 300.0


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give every test of this folder, and of no other, a longer limit."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.timeout(SECONDS))
