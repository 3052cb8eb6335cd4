"""One hub for the flows of a module, each of which has people of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.programs.hub_process import HubProcess, open_folder, run_hub
from tests.support.programs.node import require_node

CHROMIUM = Path("/usr/bin/chromium")


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    if not CHROMIUM.exists():
        pytest.skip("Chromium is not installed, so the page cannot be opened")
    require_node()
    with open_folder() as folder:
        yield folder


@pytest.fixture(scope="module")
def hub(folder: Path) -> Iterator[HubProcess]:
    rates = ("--user-messages-per-second", "100000", "--login-attempts-per-address", "1000")
    flags = ("--demo", *rates, "--presence-grace", "1")
    with run_hub(folder / "shared", *flags) as hub:
        yield hub
