"""Runs the server of a cluster, and starts it again when it dies.

Guarantees: the server ends when the context is left, and with this process, however the process
ends (see `guard`). Must not know: which cluster it is, who holds the data folder.
"""

import os
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from subprocess import PIPE
from typing import IO, Final

import structlog
import trio
from attrs import frozen

from persistence.embedded.cluster import SUPERUSER, Cluster
from persistence.embedded.errors import EmbeddedPostgresError

log = structlog.get_logger(__name__)

START_SECONDS: Final = 30.0
STOP_SECONDS: Final = 15.0
RESTART_PAUSE_SECONDS: Final = 0.25
LONGEST_PAUSE_SECONDS: Final = 5.0
STEADY_SECONDS: Final = 60.0  # after this long without a crash, the pauses are short again
LOG_LINES: Final = 20
_POLL_SECONDS: Final = 0.01
_GUARD: Final = Path(__file__).with_name("guard.py")
_MAX_TEMP_CHARS: Final = 60  # a socket's path has 107 bytes at most


@asynccontextmanager
async def serve_cluster(cluster: Cluster, log_dir: Path) -> AsyncIterator[str]:
    """Run the cluster's server, which makes the cluster if it is missing; yields a DSN for it.

    Args:
        cluster: the cluster, which no other process serves.
        log_dir: where the server's log is written.

    Raises:
        EmbeddedPostgresError: the server cannot start.
    """
    if not cluster.is_made():
        await _make(cluster, log_dir)
    socket_dir = _socket_dir(cluster, log_dir)
    try:
        async with trio.open_nursery() as nursery:
            server = await _start(cluster, socket_dir, log_dir)
            nursery.start_soon(_keep_running, server, cluster, socket_dir, log_dir)
            yield dsn_of(socket_dir)
            nursery.cancel_scope.cancel()
    finally:
        shutil.rmtree(socket_dir, ignore_errors=True)


def dsn_of(socket_dir: Path) -> str:
    """The DSN of a server that listens in that folder."""
    return f"postgresql://{SUPERUSER}@/postgres?host={socket_dir}"


@frozen
class _Guarded:
    """A command and its guard process: `guard` ends after it, and closing its stdin ends both."""

    guard: trio.Process
    pid: int

    async def stop(self) -> None:
        """End the command and wait until both are gone."""
        with trio.move_on_after(STOP_SECONDS, shield=True) as patience:
            if self.guard.stdin is not None:
                await self.guard.stdin.aclose()
            await self.guard.wait()
        if patience.cancelled_caught:
            self.guard.kill()


async def _guarded(cluster: Cluster, command: list[str], scratch: str, log_file: Path) -> _Guarded:
    with _open_log(log_file) as output:
        guard = await trio.lowlevel.open_process(
            [
                sys.executable,
                "-I",
                "-S",
                str(_GUARD),
                str(cluster.account.uid),
                str(cluster.account.gid),
                scratch,
                *command,
            ],
            stdin=PIPE,
            stdout=PIPE,
            stderr=output,
            cwd="/",
            env={"LC_ALL": "C", "TZ": "UTC", "PATH": "/usr/bin:/bin"},
            start_new_session=True,
        )
    assert guard.stdout is not None  # noqa: S101  a pipe was asked for
    async with guard.stdout:
        pid = (await guard.stdout.receive_some()).decode().strip()
    if not pid.isdigit():
        raise _failure("Postgres cannot be started", log_file)
    return _Guarded(guard, int(pid))


def _open_log(path: Path) -> IO[str]:
    """Begin a log file that only its owner may read."""
    file = path.open("w")
    os.fchmod(file.fileno(), 0o600)
    return file


async def _make(cluster: Cluster, log_dir: Path) -> None:
    log_file = log_dir / "initdb.log"
    command = cluster.begin()
    process = await _guarded(cluster, command, "", log_file)
    try:
        with trio.move_on_after(START_SECONDS):
            await process.guard.wait()
    finally:
        await process.stop()
    if process.guard.returncode != 0:
        raise _failure("The database cannot be made", log_file)
    cluster.finish()


async def _start(cluster: Cluster, socket_dir: Path, log_dir: Path) -> _Guarded:
    log_file = log_dir / f"{cluster.name}.log"
    command = cluster.server_command(socket_dir)
    server = await _guarded(cluster, command, str(socket_dir), log_file)
    try:
        with trio.move_on_after(START_SECONDS):
            while server.guard.poll() is None:
                if cluster.is_ready(server.pid):
                    return server
                await trio.sleep(_POLL_SECONDS)
    except BaseException:
        await server.stop()
        raise
    await server.stop()
    raise _failure("Postgres does not start", log_file)


async def _keep_running(
    server: _Guarded, cluster: Cluster, socket_dir: Path, log_dir: Path
) -> None:
    """Start the server again when it dies; stop it when cancelled."""
    restarts = 0
    while True:
        started = trio.current_time()
        try:
            await server.guard.wait()
        finally:
            await server.stop()
        if trio.current_time() - started > STEADY_SECONDS:
            restarts = 0
        log.error("postgres_died", exit_code=server.guard.returncode)
        while True:
            restarts += 1
            # its child processes may still use the cluster
            await trio.sleep(min(RESTART_PAUSE_SECONDS * restarts, LONGEST_PAUSE_SECONDS))
            _remake(socket_dir, cluster)
            try:
                await trio.to_thread.run_sync(cluster.stop_orphan)
                server = await _start(cluster, socket_dir, log_dir)
            except EmbeddedPostgresError as error:
                log.warning("postgres_not_restarted", reason=str(error))
            else:
                log.warning("postgres_restarted", restarts=restarts)
                break


def _socket_dir(cluster: Cluster, log_dir: Path) -> Path:
    try:
        root = tempfile.gettempdir()
    except FileNotFoundError:  # none is writable, as in a container
        root = str(log_dir)
    if len(root) > _MAX_TEMP_CHARS:
        root = "/tmp"  # noqa: S108  the folder made in it is 0700 and has a random name
    path = Path(tempfile.mkdtemp(prefix="parlour-", dir=root))
    cluster.account.own(path)
    return path


def _remake(socket_dir: Path, cluster: Cluster) -> None:
    """Make the socket's folder again, which the guard removed: its name is part of the DSN."""
    shutil.rmtree(socket_dir, ignore_errors=True)
    socket_dir.mkdir(mode=0o700)
    cluster.account.own(socket_dir)


def _failure(what: str, log_file: Path) -> EmbeddedPostgresError:
    lines = log_file.read_text(errors="replace").splitlines()[-LOG_LINES:]
    return EmbeddedPostgresError("\n".join((f"{what}; the end of {log_file}:", *lines)))
