"""One hub for the flows of a module, each of which has its own users."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.browser.chromium import require_chromium
from tests.support.programs.hub_process import HubProcess, open_folder, run_hub


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    require_chromium()
    with open_folder() as folder:
        yield folder


@pytest.fixture(scope="module")
def hub(folder: Path) -> Iterator[HubProcess]:
    rates = ("--user-messages-per-second", "100000", "--login-attempts-per-address", "1000")
    flags = ("--demo", *rates, "--presence-grace", "1")
    with run_hub(folder / "shared", *flags) as hub:
        yield hub
