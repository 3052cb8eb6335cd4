"""The load generator: built from C, run on a core of its own; its figures are parsed."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from attrs import frozen

from tests.bench.exchange import BenchError, Plan, plan_text

LOAD_CORE = 1
PRINTED_WHEN_OPEN = 40  # characters: mode, connections, how many are open
SETTLE_SECONDS = 60
SAMPLE_SECONDS = 0.2


@frozen
class Peer:
    """The user of a connection: the id, and the request header that authenticates it."""

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
            path: the requested path; `%U` stands for the user's id.
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
        figures = _figures(output)
        if process.returncode or figures.get("open") != len(peers):
            raise BenchError(f"wsload: {output} {errors}")
        return figures

    @contextmanager
    def holding(self, port: int, path: str, peers: Sequence[Peer]) -> Iterator[None]:
        """Keep idle connections open."""
        if not peers:
            yield
            return
        with TemporaryDirectory() as folder:
            headers = Path(folder) / "headers"
            headers.write_text("".join(f"{peer.header}\n" for peer in peers))
            command = [
                "taskset", "-c", str(LOAD_CORE), str(self.program), "-p", str(port), "-P", path,
                "-M", "idle", "-n", str(len(peers)), "-t", "600", "-h", str(headers),
            ]  # fmt: skip
            with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
                try:
                    assert process.stdout is not None
                    if f"open={len(peers)} " not in process.stdout.read(PRINTED_WHEN_OPEN):
                        raise BenchError("not every idle connection was opened")
                    yield
                finally:
                    process.kill()


def exchange(plan: Plan, meanwhile: Callable[[], None] | None = None) -> Mapping[str, float]:
    """Run a plan on the load's core; returns the figures.

    Args:
        plan: what to do.
        meanwhile: called again and again while it runs.

    Raises:
        BenchError: it failed.
    """
    command = ["taskset", "-c", str(LOAD_CORE), sys.executable, "-m", "tests.bench.exchange"]
    with TemporaryDirectory() as folder:
        written = Path(folder) / "plan"
        written.write_text(plan_text(plan))
        with (
            written.open() as given,
            subprocess.Popen(
                command, stdin=given, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
            ) as process,
        ):
            while meanwhile is not None and process.poll() is None:
                meanwhile()
                time.sleep(SAMPLE_SECONDS)
            output, errors = process.communicate(timeout=plan.seconds + 4 * SETTLE_SECONDS)
    if process.returncode:
        raise BenchError(f"{plan.mode}: {errors}")
    return _figures(output)


def _figures(output: str) -> Mapping[str, float]:
    pairs = [word.partition("=") for word in output.split()]
    return {name: float(value) for name, _, value in pairs if _is_number(value)}


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
