"""Commands of ours, run to their end or until the test is over; none of their processes is left
then.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress


def run_module(module: str, *arguments: str, seconds: float) -> "subprocess.CompletedProcess[str]":
    """`python -m module arguments`, as a person runs it.

    Its processes end with it, and with the test that waits for it: its process group is killed
    however the wait ended.

    Raises:
        subprocess.TimeoutExpired: it took longer than so many seconds.
    """
    command = [sys.executable, "-m", module, *arguments]
    with subprocess.Popen(
        command, text=True, start_new_session=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        try:
            out, errors = process.communicate(timeout=seconds)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
    return subprocess.CompletedProcess(command, process.returncode, out, errors)


def end_as_by_hand() -> None:
    """From now on SIGTERM ends this program as Ctrl-C does, also in the background, where shells
    start programs with SIGINT ignored: its children end with it.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))


@contextmanager
def listening(
    module: str, *flags: str, port: int = 0
) -> Iterator[tuple["subprocess.Popen[str]", int]]:
    """A running program that prints `listening on HOST:PORT` when it is ready, and its port."""
    command = [sys.executable, "-m", module, "--port", str(port), *flags]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert line.startswith("listening on "), line
            yield process, int(line.rpartition(":")[2])
        finally:
            process.kill()
