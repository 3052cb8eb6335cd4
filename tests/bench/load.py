"""The load generator: built from C, run on a core of its own, its figures read."""

import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from attrs import frozen

LOAD_CORE = 1
SETTLE_SECONDS = 60
SAMPLE_SECONDS = 0.2


class BenchError(Exception):
    """The benchmark cannot be run; the text says why."""


@frozen
class Peer:
    """Who a connection is: the user's id, and the request header that says so."""

    user_id: int
    header: str


@frozen
class Load:
    """The built program."""

    program: Path

    def run(
        self,
        port: int,
        path: str,
        mode: str,
        peers: Sequence[Peer],
        seconds: float,
        *more: str,
        meanwhile: Callable[[], None] | None = None,
    ) -> Mapping[str, float]:
        """One run; returns the figures that it printed.

        Args:
            port: the server's.
            path: what is asked for; `%U` stands for the user's id.
            mode: `pair`, `fan` or `idle`.
            peers: one for each connection.
            seconds: how long to measure.
            more: further arguments of the program.
            meanwhile: called again and again while it runs.

        Raises:
            BenchError: it failed, or not every connection was opened and kept.
        """
        with TemporaryDirectory() as folder:
            headers, ids = Path(folder) / "headers", Path(folder) / "ids"
            headers.write_text("".join(f"{peer.header}\n" for peer in peers))
            ids.write_text("".join(f"{peer.user_id}\n" for peer in peers))
            command = [
                "taskset", "-c", str(LOAD_CORE), str(self.program),
                "-p", str(port), "-P", path, "-M", mode, "-n", str(len(peers)),
                "-t", str(seconds), "-h", str(headers), "-i", str(ids), *more,
            ]  # fmt: skip
            with subprocess.Popen(
                command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
            ) as process:
                while meanwhile is not None and process.poll() is None:
                    meanwhile()
                    time.sleep(SAMPLE_SECONDS)
                output, errors = process.communicate(timeout=seconds + SETTLE_SECONDS)
        pairs = [word.partition("=") for word in output.split()]
        figures = {name: float(value) for name, _, value in pairs if _is_number(value)}
        if process.returncode or figures.get("open") != len(peers):
            raise BenchError(f"wsload: {output} {errors}")
        return figures


def build(source: Path, folder: Path) -> Load:
    """Compile `wsload.c`.

    Raises:
        BenchError: there is no source, or it cannot be compiled.
    """
    program = folder / "wsload"
    if not source.exists():
        raise BenchError(f"there is no {source}: name the load generator's source with --load")
    command = ["gcc", "-O2", "-o", str(program), str(source)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BenchError(done.stderr)
    return Load(program)


def _is_number(text: str) -> bool:
    return text.replace(".", "", 1).isdigit()
