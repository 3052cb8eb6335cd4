"""Chromium, launched once for each process of tests. A program that uses it opens contexts of its
own, with their own cookies, storage and cache, which end with the program.
"""

import atexit
import json
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
from attrs import define

from tests.support.programs.node import FOLDER, require_node, run_node
from tests.support.programs.talking import TalkingProgram

PROGRAMS = (Path("/usr/bin/chromium-headless-shell"), Path("/usr/bin/chromium"))


def require_chromium() -> None:
    """Skip the test where there is no Chromium, or no Node."""
    if not any(program.exists() for program in PROGRAMS):
        pytest.skip("Chromium is not installed, so no page can be opened")
    require_node()


@define
class Browser:
    """A running Chromium. It ends when our end of the pipe closes, however this process ends."""

    program: "subprocess.Popen[str]"

    def address(self) -> str | None:
        """The address that programs connect to; None if the browser has ended."""
        assert self.program.stdin is not None
        assert self.program.stdout is not None
        with suppress(BrokenPipeError):
            print("where", file=self.program.stdin, flush=True)
        line = self.program.stdout.readline()
        return json.loads(line)["address"] if line else None

    def end(self) -> None:
        with suppress(BrokenPipeError):
            self.program.communicate()


@define
class Browsers:
    """At most one at a time, launched when one is wanted and none runs."""

    _running: Browser | None = None

    def address(self) -> str:
        """The address of a running one."""
        if self._running is not None and (address := self._running.address()) is not None:
            return address
        self.end()
        command = ["node", str(FOLDER / "chromium_server.mjs")]
        pipe = subprocess.PIPE
        self._running = Browser(subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True))
        launched = self._running.address()
        assert launched is not None, "Chromium does not start"
        return launched

    def end(self) -> None:
        if self._running is not None:
            self._running.end()
            self._running = None


BROWSERS = Browsers()
atexit.register(BROWSERS.end)


@asynccontextmanager
async def run_in_chromium(script: str, *arguments: str) -> AsyncIterator[TalkingProgram]:
    """Run a script of tests/node that connects to the browser; it is killed when the block ends.
    The test fails if the browser has ended by then; the next test gets a new one.
    """
    address = BROWSERS.address()
    async with run_node(script, *arguments, environment={"PARLOUR_CHROMIUM": address}) as program:
        yield program
    assert BROWSERS.address() == address, "Chromium has crashed"
