"""Programs that say `listening on HOST:PORT` when they are ready."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def listening(
    module: str, *flags: str, port: int = 0
) -> Iterator[tuple["subprocess.Popen[str]", int]]:
    """A running program and its port; killed on exit."""
    command = [sys.executable, "-m", module, "--port", str(port), *flags]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert line.startswith("listening on "), line
            yield process, int(line.rpartition(":")[2])
        finally:
            process.kill()
