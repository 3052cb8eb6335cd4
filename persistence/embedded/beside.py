"""The database of a data folder for a command, whether a hub runs on it or not.

Guarantees: a running hub gets no request and is not changed; no data folder is made; a command of
another account writes nothing into the folder; the server of a command runs until the commands that
use it have ended. Must not know: what the command does.
"""

import fcntl
import os
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from typing import IO, Final

import structlog
import trio

from persistence.embedded import (
    EmbeddedPostgresError,
    is_data_dir,
    require_own,
    run_embedded,
)
from persistence.embedded.cluster import BESIDE, LOCK, NAME, ready_server
from persistence.embedded.places import known_cluster_dir
from persistence.embedded.server import START_SECONDS, dsn_of

log = structlog.get_logger(__name__)

_POLL_SECONDS: Final = 0.05


@asynccontextmanager
async def run_beside(data_dir: Path) -> AsyncIterator[str]:
    """The DSN of the server that a hub or a command runs for this folder, or of one that runs until
    the context is left.

    Raises:
        EmbeddedPostgresError: there is no database, its server cannot be started, or the folder is
            another account's.
    """
    if not is_data_dir(data_dir):
        raise EmbeddedPostgresError(f"There is no database of Parlour in {data_dir}")
    shared = data_dir / BESIDE
    with (shared if shared.exists() else Path(os.devnull)).open() as beside:
        socket_dir = await _socket_dir(data_dir, beside)
        if socket_dir is not None:
            yield dsn_of(socket_dir)
            return
    require_own(data_dir)
    async with run_for_command(data_dir) as dsn:
        yield dsn


@asynccontextmanager
async def run_for_command(data_dir: Path) -> AsyncIterator[str]:
    """As `run_embedded`, with the same errors; the server runs until the commands that use it
    through `run_beside` have ended, too. A cancelled command does not wait for them.
    """
    with ExitStack() as until_ended:
        async with run_embedded(data_dir) as dsn:
            beside = until_ended.enter_context((data_dir / BESIDE).open())
            try:
                yield dsn
            finally:
                await _until_alone(data_dir, beside)


async def _until_alone(data_dir: Path, beside: IO[str]) -> None:
    """Return once no other command uses the server of this one, and none can begin to."""
    if _locks(beside, fcntl.LOCK_EX):
        return
    log.info("waiting_for_commands", data_dir=str(data_dir))
    while not _locks(beside, fcntl.LOCK_EX):  # noqa: ASYNC110  of other processes
        await trio.sleep(_POLL_SECONDS)


def _locks(file: IO[str], how: int) -> bool:
    try:
        fcntl.flock(file, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def pid_of_holder(data_dir: Path) -> int | None:
    """The pid of the process that holds the folder; None: no process does."""
    if not is_data_dir(data_dir):
        return None
    with (data_dir / LOCK).open() as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return int(lock.read())
    return None


async def _socket_dir(data_dir: Path, beside: IO[str]) -> Path | None:
    """The socket's folder of the server that the holder of the data folder runs, once it is ready;
    that of a command keeps running while `beside` is open. None: no process holds the folder.
    """
    folder = known_cluster_dir(data_dir)
    with trio.move_on_after(START_SECONDS):
        while pid_of_holder(data_dir) is not None:
            server = ready_server(folder / NAME) if _locks(beside, fcntl.LOCK_SH) else None
            if server is not None:
                return _seen_from_here(*server)
            await trio.sleep(_POLL_SECONDS)
        return None
    raise EmbeddedPostgresError(f"The Postgres of the hub on {data_dir} does not become ready")


def _seen_from_here(pid: int, socket_dir: Path) -> Path:
    """Our path of the server's folder: the server may have its own /tmp (systemd's PrivateTmp)."""
    if socket_dir.exists():
        return socket_dir
    return Path(f"/proc/{pid}/root{socket_dir}")
