"""Programs in Node with packages from npm, for tests with the clients that frontends use."""

import fcntl
import json
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import trio
from attrs import define

FOLDER = Path(__file__).parents[2] / "node"
LINE_SECONDS = 60.0


def require_node() -> None:
    """Install what package.json pins, once, however many test processes ask for it; skip the test
    where there is no Node.
    """
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("Node is not installed, so the JavaScript clients cannot run")
    manifest = FOLDER / "package.json"
    wanted = json.loads(manifest.read_text())["dependencies"]
    with manifest.open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if {name: _installed(name) for name in wanted} != wanted:
            command = ["npm", "install", "--no-package-lock", "--no-audit", "--no-fund", "--silent"]
            subprocess.run(command, cwd=FOLDER, check=True, timeout=300)


def _installed(name: str) -> str | None:
    package = FOLDER / "node_modules" / name / "package.json"
    version: str | None = json.loads(package.read_text())["version"] if package.exists() else None
    return version


@define
class NodeProgram:
    """A running program that prints a line of JSON for each thing that happens."""

    process: trio.Process
    _received: bytes = b""

    async def happened(self) -> Any:
        """The next thing that it prints."""
        assert self.process.stdout is not None
        with trio.fail_after(LINE_SECONDS):
            while b"\n" not in self._received:
                data = await self.process.stdout.receive_some()
                assert data, "the program ended"
                self._received += data
        line, _, self._received = self._received.partition(b"\n")
        return json.loads(line)

    async def frame(self) -> Any:
        """The next thing, which must be a frame that it received."""
        return (await self.happened())["frame"]

    async def tell(self, line: str) -> None:
        """A line on its standard input."""
        assert self.process.stdin is not None
        await self.process.stdin.send_all(line.encode() + b"\n")

    async def end(self) -> int:
        """Its exit code, once it has nothing left to do. Nothing that it prints may be unread."""
        assert self.process.stdout is not None
        with trio.fail_after(LINE_SECONDS):
            async for data in self.process.stdout:
                self._received += data
            code = await self.process.wait()
        assert not self._received, f"nobody read {self._received!r}"
        return code


@asynccontextmanager
async def run_node(script: str, *arguments: str) -> AsyncIterator[NodeProgram]:
    """Run a script of tests/node; it is killed when the block ends."""
    process = await trio.lowlevel.open_process(
        ["node", str(FOLDER / script), *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        yield NodeProgram(process)
    finally:
        process.kill()
        with trio.move_on_after(5, shield=True):
            await process.wait()
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                await trio.aclose_forcefully(stream)
