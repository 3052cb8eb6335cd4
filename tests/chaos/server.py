"""The hub and its Postgres as processes, and their faults."""

import os
import signal
import sys
from contextlib import AbstractContextManager, suppress
from pathlib import Path

import trio
from attrs import define, field

from tests.support.programs.hub_process import HubProcess, RestartedHub, run_hub
from tests.support.programs.processes import until_none_works_in, working_in
from tests.support.wire.ports import unused_port

UNSAFE = [sys.executable, "-m", "tests.chaos.unsafe_hub"]


@define
class Server(RestartedHub):
    """A hub on a fixed folder and port that is started again and again.

    Args:
        data_dir: the folder.
        is_unsafe: whether its Postgres confirms commits before they are durable (the control).
        flags: further ones of the hub.
    """

    data_dir: Path
    is_unsafe: bool = False
    flags: tuple[str, ...] = ()
    port: int = field(factory=unused_port, init=False)

    def command(self) -> AbstractContextManager[HubProcess]:
        """See `RestartedHub`."""
        return run_hub(
            self.data_dir,
            "--log-level",
            "error",
            *self.flags,
            port=self.port,
            program=UNSAFE if self.is_unsafe else None,
        )

    async def kill_hub(self) -> None:
        """Kill -9 of the hub, whose Postgres dies with it; then it is started again."""
        if self.is_unsafe:
            self._kill_postgres(signal.SIGKILL)  # all at once: nothing is flushed
        await self.end_hub()
        await self.start_on(self.data_dir)

    async def end_hub(self) -> None:
        """Kill -9 of the hub; returns when nothing of it is left."""
        self.hub.process.kill()
        await trio.to_thread.run_sync(self._wait)

    async def start_on(self, data_dir: Path) -> None:
        """Start it on a folder, at its former port."""
        self.data_dir = data_dir
        await self.start()

    def _wait(self) -> None:
        self.hub.process.wait()
        self.stop()

    def kill_postgres(self) -> None:
        """Kill -9 of every process of Postgres; the hub starts it again by itself."""
        self._kill_postgres(signal.SIGKILL)

    async def pause_postgres(self, seconds: float) -> None:
        """Stop Postgres for a while, and continue it."""
        self._kill_postgres(signal.SIGSTOP)
        try:
            await trio.sleep(seconds)
        finally:
            self._kill_postgres(signal.SIGCONT)

    def _kill_postgres(self, number: signal.Signals) -> None:
        for pid in working_in(self.data_dir):
            if pid != self.hub.process.pid:
                with suppress(ProcessLookupError):
                    os.kill(pid, number)

    def stop(self) -> None:
        """End it, and leave no process behind."""
        super().stop()
        until_none_works_in(self.data_dir)
