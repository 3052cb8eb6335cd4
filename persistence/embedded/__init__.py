"""The embedded Postgres: a server that belongs to one hub and needs no configuration.

Guarantees: it listens on a Unix socket that only we can open; it ends with the hub, however the hub
ends (see `guard`); if it dies on its own it is restarted, with as many attempts as that takes (for
example while the disk is full); a second hub on the same folder is refused. Must not know: what is
stored in it.
"""

import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import trio
from attrs import evolve

from persistence.embedded.account import choose_account
from persistence.embedded.cluster import CONNECTIONS, LOCK, Cluster, exclusive, name_of
from persistence.embedded.errors import DataDirInUse, EmbeddedPostgresError
from persistence.embedded.places import cluster_dir, find_binaries
from persistence.embedded.server import STOP_SECONDS, serve_cluster

__all__ = [
    "CONNECTIONS",
    "STOP_SECONDS",
    "DataDirInUse",
    "EmbeddedPostgresError",
    "hold_folder",
    "is_data_dir",
    "open_cluster",
    "require_own",
    "run_embedded",
]


@asynccontextmanager
async def run_embedded(data_dir: Path, connections: int = CONNECTIONS) -> AsyncIterator[str]:
    """Run a Postgres for `data_dir` (made if missing); yields a DSN for it.

    Args:
        data_dir: the folder.
        connections: how many the server takes.

    Raises:
        DataDirInUse: another hub or command holds the folder.
        EmbeddedPostgresError: the server cannot start.
    """
    with hold_folder(data_dir) as folder:
        cluster = await trio.to_thread.run_sync(open_cluster, folder)
        cluster = evolve(cluster, connections=connections)
        async with serve_cluster(cluster, folder) as dsn:
            yield dsn


def is_data_dir(path: Path) -> bool:
    """Whether a server has run on this folder."""
    return (path / LOCK).is_file()


def require_own(data_dir: Path) -> None:
    """Refuse to work in a folder of another account: a hub cannot use files that root makes there.

    Raises:
        EmbeddedPostgresError: the folder is another account's.
    """
    owner = data_dir.stat().st_uid if data_dir.exists() else os.getuid()
    if owner != os.getuid():
        raise EmbeddedPostgresError(
            f"{data_dir} belongs to {name_of(owner)}: run this command as that account"
        )


@contextmanager
def hold_folder(data_dir: Path) -> Iterator[Path]:
    """Hold the folder (made if missing) for this process alone; yields its absolute path.

    Raises:
        DataDirInUse: another process holds it.
    """
    folder = _make_folder(data_dir)
    with exclusive(folder):
        yield folder


def _make_folder(data_dir: Path) -> Path:
    """The folder by its absolute path, because Postgres runs in another working directory."""
    data_dir.mkdir(parents=True, exist_ok=True)
    if not any(data_dir.iterdir()) or (data_dir / LOCK).exists():  # empty, or already ours
        data_dir.chmod(0o711 if os.getuid() == 0 else 0o700)  # root's server has another account
    return data_dir.resolve()


def open_cluster(data_dir: Path) -> Cluster:
    """The cluster of a folder that this process holds. A server that was left behind is stopped,
    and an interrupted upgrade is finished.

    Raises:
        EmbeddedPostgresError: there is no account or no place for it, or a left-behind server does
            not stop.
    """
    try:
        account = choose_account()
    except LookupError as error:
        raise EmbeddedPostgresError(str(error)) from None
    cluster = Cluster(cluster_dir(data_dir, account), find_binaries(account), account)
    cluster.stop_orphan()
    cluster.finish_upgrade()
    return cluster
