"""A command of ours, run to its end, of which nothing is left when the test is over."""

import os
import signal
import subprocess
import sys
from contextlib import suppress


def run_module(module: str, *arguments: str, seconds: float) -> "subprocess.CompletedProcess[str]":
    """`python -m module arguments`, as a person runs it.

    Its processes end with it, and with the test that waits for it: a process group of its own is
    killed whatever ended the wait.

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
