"""Opens a data folder and a database to be filled from a backup.

Guarantees: both are empty before, and held by this process meanwhile; while they are filled the
folder is marked, and only another restore, which begins anew, opens a marked folder. Must not know:
what they are filled with.
"""

import os
import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import trio

from persistence.embedded import hold_folder, is_data_dir, open_cluster, require_own
from persistence.embedded.cluster import Cluster
from persistence.embedded.server import serve_cluster
from persistence.postgres.database.bridge import open_asyncio
from persistence.postgres.database.hold import open_hold
from persistence.postgres.upkeep.snapshot import NotEmpty, require_no_tables
from persistence.records import StoreError

MARK: Final = "restore.unfinished"
LOST_AND_FOUND: Final = "lost+found"


class NotRestored(StoreError):
    """A restore was interrupted."""


def require_whole(data_dir: Path) -> None:
    """Raises NotRestored: a restore into the folder was interrupted, or is running."""
    if (data_dir / MARK).exists():
        raise NotRestored(
            f"A restore into {data_dir} has not ended: if none is running, run `parlour restore`"
            " again, which begins anew"
        )


@asynccontextmanager
async def open_for_restore(
    database_url: str | None, data_dir: Path, folders: Sequence[str]
) -> AsyncIterator[tuple[Path, str]]:
    """The absolute path of an empty folder and the DSN of an empty database. When the context is
    left without an error, they count as filled.

    Args:
        database_url: an external Postgres, or None for the embedded one below `data_dir`.
        data_dir: made if missing.
        folders: the names of the folders in it that are also filled.

    Raises:
        NotEmpty: the folder or the database is not empty; nothing was changed.
        DataDirInUse, AlreadyServed: a hub, or another restore, uses them.
        EmbeddedPostgresError: the folder is another account's.
    """
    require_own(data_dir)
    if not is_data_dir(data_dir):  # otherwise `hold_folder` first checks whether it is in use
        _require_unused(data_dir)
        _require_empty(data_dir, folders)
    with hold_folder(data_dir) as folder:
        _require_empty(folder, folders)
        async with open_asyncio():
            if database_url is None:
                cluster = await trio.to_thread.run_sync(open_cluster, folder)
                if not (folder / MARK).exists() and cluster.made_by() is not None:
                    raise NotEmpty(f"There is a database in {data_dir} already")
                _begin(folder, [*(folder / each for each in folders), *_places(cluster)])
                async with serve_cluster(cluster, folder) as dsn:
                    yield folder, dsn
            else:
                async with open_hold(database_url, 0.0):
                    await require_no_tables(database_url)
                    _begin(folder, [folder / each for each in folders])
                    yield folder, database_url
        await trio.to_thread.run_sync(_finish, folder)


def _require_unused(folder: Path) -> None:
    """Require an empty or marked folder; `lost+found`, which a file system has, may exist."""
    there = {each.name for each in folder.iterdir()} if folder.is_dir() else set()
    if MARK not in there and there - {LOST_AND_FOUND}:
        raise NotEmpty(f"There is something in {folder} already")


def _require_empty(data_dir: Path, folders: Sequence[str]) -> None:
    if (data_dir / MARK).exists():
        return  # the content is of an interrupted restore, and is removed
    for folder in (data_dir / each for each in folders):
        if folder.exists() and any(folder.iterdir()):
            raise NotEmpty(f"There are files in {folder} already")


def _places(cluster: Cluster) -> Sequence[Path]:
    return (cluster.data, cluster.unfinished)


def _begin(folder: Path, places: Sequence[Path]) -> None:
    """Mark the folder, and remove the remains of an interrupted restore."""
    with (folder / MARK).open("w") as mark:
        os.fsync(mark.fileno())
    _sync(folder)
    for place in places:
        if place.exists():
            shutil.rmtree(place)


def _finish(folder: Path) -> None:
    os.sync()  # the data must be on disk before the mark is removed
    (folder / MARK).unlink()
    _sync(folder)


def _sync(folder: Path) -> None:
    number = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
