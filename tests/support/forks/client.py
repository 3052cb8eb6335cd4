"""Hubs in processes of their own that are forked, not started anew: see `__main__`.

Guarantees: a test can do with such a process all that it can do with one of `subprocess`.
"""

import atexit
import json
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import IO, Self


@cache
def _forker() -> socket.socket:
    """The socket of the program that forks, which ends with this process."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    program = subprocess.Popen([sys.executable, "-m", "tests.support.forks"], stdin=theirs.fileno())
    theirs.close()

    def end() -> None:
        ours.close()
        program.wait()

    atexit.register(end)
    return ours


class Forked:
    """A running `parlour`.

    Args:
        arguments: of the command.
        folder: its working directory.
        environment: its environment.
    """

    def __init__(
        self, arguments: Sequence[str], folder: Path, environment: Mapping[str, str]
    ) -> None:
        request = {
            "arguments": arguments, "folder": str(folder.absolute()), "environment": environment
        }  # fmt: skip
        out, their_out = os.pipe()
        errors, their_errors = os.pipe()
        status, their_status = os.pipe()
        given = [their_out, their_errors, their_status]
        socket.send_fds(_forker(), [json.dumps(request).encode()], given)
        for descriptor in given:
            os.close(descriptor)
        self.stdout: IO[str] | None = os.fdopen(out)
        self.stderr: IO[str] | None = os.fdopen(errors)
        self._status = os.fdopen(status)
        self.pid = int(self._status.readline())
        self._code: int | None = None

    def poll(self) -> int | None:
        """The exit code, None while it runs."""
        return self._code if self._has_ended(0) else None

    def wait(self, timeout: float | None = None) -> int:
        """The exit code; as with `subprocess`, that of a signal is negative.

        Raises:
            subprocess.TimeoutExpired: it has not ended in time.
        """
        if not self._has_ended(timeout) or self._code is None:
            raise subprocess.TimeoutExpired("parlour", timeout or 0)
        return self._code

    def _has_ended(self, seconds: float | None) -> bool:
        if self._code is None and select.select([self._status], [], [], seconds)[0]:
            self._code = int(self._status.readline())
        return self._code is not None

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        stack: TracebackType | None,
    ) -> None:
        for pipe in (self.stdout, self.stderr):
            if pipe is not None:
                pipe.close()
        self.wait()
        self._status.close()
