"""Programs that print a line of JSON for each thing that happens, and read commands."""

import json
import os
import subprocess
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import trio
from attrs import define

LINE_SECONDS = 60.0


@define
class TalkingProgram:
    """A running program."""

    process: trio.Process
    _received: bytes = b""

    async def happened(self) -> Any:
        """The next object that it prints."""
        assert self.process.stdout is not None
        with trio.fail_after(LINE_SECONDS):
            while b"\n" not in self._received:
                data = await self.process.stdout.receive_some()
                assert data, "the program ended"
                self._received += data
        line, _, self._received = self._received.partition(b"\n")
        return json.loads(line)

    async def frame(self) -> Any:
        """The next object, which must be a frame that it received."""
        return (await self.happened())["frame"]

    async def tell(self, line: str) -> None:
        """Write a line to its standard input."""
        assert self.process.stdin is not None
        await self.process.stdin.send_all(line.encode() + b"\n")

    async def finish(self) -> None:
        """Close its standard input."""
        assert self.process.stdin is not None
        await self.process.stdin.aclose()

    async def end(self) -> int:
        """The exit code, once it has nothing left to do. Nothing that it prints may be unread."""
        assert self.process.stdout is not None
        with trio.fail_after(LINE_SECONDS):
            async for data in self.process.stdout:
                self._received += data
            code = await self.process.wait()
        assert not self._received, f"nobody read {self._received!r}"
        return code


@asynccontextmanager
async def run_talking(
    *command: str, environment: Mapping[str, str] | None = None
) -> AsyncIterator[TalkingProgram]:
    """Run a command, with more in its environment; it is killed when the block ends."""
    process = await trio.lowlevel.open_process(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, **(environment or {})},
    )
    try:
        yield TalkingProgram(process)
    finally:
        process.kill()
        with trio.move_on_after(5, shield=True):
            await process.wait()
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                await trio.aclose_forcefully(stream)
