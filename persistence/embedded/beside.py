"""The database of a data folder for a command, whether a hub runs on it or not.

Guarantees: a hub that runs is asked nothing and changed in nothing; no folder is made; what a
command of another account would write there is not written. Must not know: what the command does.
"""

import fcntl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import trio

from persistence.embedded import (
    EmbeddedPostgresError,
    is_data_dir,
    require_own,
    run_embedded,
)
from persistence.embedded.cluster import LOCK, NAME, ready_server
from persistence.embedded.places import known_cluster_dir
from persistence.embedded.server import START_SECONDS, dsn_of

_POLL_SECONDS: Final = 0.05


@asynccontextmanager
async def run_beside(data_dir: Path) -> AsyncIterator[str]:
    """The DSN of the server that a hub runs for this folder, or of one that runs until the context
    is left.

    Raises:
        EmbeddedPostgresError: there is no database, it cannot be started, or the folder is another
            account's.
    """
    if not is_data_dir(data_dir):
        raise EmbeddedPostgresError(f"There is no database of Parlour in {data_dir}")
    if pid_of_holder(data_dir) is not None:
        yield dsn_of(await _socket_dir(data_dir))
        return
    require_own(data_dir)
    async with run_embedded(data_dir) as dsn:
        yield dsn


def pid_of_holder(data_dir: Path) -> int | None:
    """The process that holds the folder; None: none does."""
    if not is_data_dir(data_dir):
        return None
    with (data_dir / LOCK).open() as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return int(lock.read())
    return None


async def _socket_dir(data_dir: Path) -> Path:
    """Where the server listens, once it is ready."""
    folder = known_cluster_dir(data_dir)
    with trio.move_on_after(START_SECONDS):
        while True:
            server = ready_server(folder / NAME)
            if server is not None:
                return _seen_from_here(*server)
            await trio.sleep(_POLL_SECONDS)
    raise EmbeddedPostgresError(f"The Postgres of the hub on {data_dir} does not become ready")


def _seen_from_here(pid: int, socket_dir: Path) -> Path:
    """A folder of the server's, which may have a /tmp of its own (systemd's PrivateTmp)."""
    if socket_dir.exists():
        return socket_dir
    return Path(f"/proc/{pid}/root{socket_dir}")
