"""A plugin of pytest that writes the failures of a run to the file that `--planted-report` names.

Each line is a phase (`setup`, `call` or `teardown`), a space, and the id of a test that failed
there. The run refuses to begin if the code that it imports is not that of its own folder.
"""

from pathlib import Path

import pytest

import hub
import persistence
import protocol

OPTION = "--planted-report"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(OPTION, type=Path)


def pytest_configure(config: pytest.Config) -> None:
    """Refuse to test another copy of the source."""
    for package in (hub, persistence, protocol):
        if not Path(str(package.__file__)).is_relative_to(config.rootpath):
            raise pytest.UsageError(f"{package.__file__} is not below {config.rootpath}")
    config.pluginmanager.register(_Report(config.getoption(OPTION)))


class _Report:
    def __init__(self, path: Path) -> None:
        self._path = path

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            with self._path.open("a") as file:
                file.write(f"{report.when} {report.nodeid}\n")
