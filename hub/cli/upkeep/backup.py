"""`parlour backup`: database and files as one archive, while the hub runs or while it does not.

Guarantees: what was acknowledged before it began is in it; each file that the copied database names
is in it too, but for those that were removed meanwhile, which it lists. Must not know: the format.
"""

import os
import sys
import time
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import IO, Final

import trio

from hub.cli.running import Say
from hub.cli.terminal import counted
from hub.cli.upkeep.archive import (
    FORMAT,
    MANIFEST,
    ArchiveWriter,
    Manifest,
    NotWritten,
    written_beside,
)
from hub.files.folder import NoSuchAddress, UploadFolder
from hub.settings.config import Config
from hub.settings.redaction import revealed
from persistence import open_beside
from persistence.embedded.places import find_programs
from persistence.postgres.upkeep.programs import Programs
from persistence.postgres.upkeep.snapshot import Snapshot, open_snapshot

STDOUT: Final = "-"
NAMED: Final = 10  # files that were removed meanwhile


async def back_up(config: Config, file: str, say: Say) -> None:
    """Write a backup.

    Args:
        config: where the database and the files are.
        file: what to write, or `STDOUT`.
        say: prints a line.

    Raises:
        NotWritten, OSError: it cannot be written, or there are no files where they should be.
        CopyFailed: the database cannot be copied.
    """
    began, made_at = time.monotonic(), datetime.now(UTC)
    with _output(file) as out:
        archive = ArchiveWriter(out, "standard output" if file == STDOUT else file)
        async with (
            open_beside(revealed(config.database_url), config.data_dir) as dsn,
            open_snapshot(dsn) as snapshot,
        ):
            _require_folder(UploadFolder(config.data_dir), snapshot)
            await _copy_database(archive, dsn, snapshot)
        missing = await _copy_files(archive, UploadFolder(config.data_dir), snapshot)
        archive.finish(
            Manifest(
                format=FORMAT,
                version=version("parlour"),
                made_at=f"{made_at:%Y-%m-%dT%H:%M:%SZ}",
                postgres=snapshot.server,
                epoch=snapshot.epoch,
                schema=snapshot.files,
                rows=snapshot.rows,
                missing=missing,
                members=archive.members,
            )
        )
    for url in missing[:NAMED]:
        say(f"Not there any more: {url}")
    if len(missing) > NAMED:
        say(f"Nor are {len(missing) - NAMED:,} others: see `missing` in {MANIFEST}")
    say(
        f"Backed up {counted(snapshot.rows.get('messages', 0), 'message')} and"
        f" {counted(archive.files, 'file')}"
        f" ({archive.size / 1e6:,.1f} MB) in {time.monotonic() - began:.1f} s"
    )


def _output(file: str) -> AbstractContextManager[IO[bytes]]:
    if file != STDOUT:
        return written_beside(Path(file))
    if os.isatty(sys.stdout.fileno()):
        raise NotWritten("A backup is not written to a terminal")
    return nullcontext(sys.stdout.buffer)


def _require_folder(folder: UploadFolder, snapshot: Snapshot) -> None:
    """Or else a backup with a misspelt `data_dir` would be one without files."""
    if snapshot.uploads and not folder.days():
        raise NotWritten(
            f"The database knows {len(snapshot.uploads):,} files, and there are none in"
            f" {folder.root}: see data_dir"
        )


async def _copy_database(archive: ArchiveWriter, dsn: str, snapshot: Snapshot) -> None:
    async def take(piece: bytes) -> None:
        archive.add_database(piece)

    await Programs(find_programs()).dump(dsn, snapshot, take)
    archive.end_database()


async def _copy_files(
    archive: ArchiveWriter, folder: UploadFolder, snapshot: Snapshot
) -> list[str]:
    """Those that the copied database names, with their thumbnails; returns the addresses of those
    that are not there.
    """
    missing = []
    for url in snapshot.uploads:
        try:
            path, thumbnail = folder.path_of(url), folder.thumbnail_of(url)
        except NoSuchAddress:  # it is no file of the hub's
            missing.append(url)
            continue
        if not await trio.to_thread.run_sync(_add, archive, folder, path):
            missing.append(url)
        await trio.to_thread.run_sync(_add, archive, folder, thumbnail)
    return missing


def _add(archive: ArchiveWriter, folder: UploadFolder, path: Path) -> bool:
    return archive.add_file(path.relative_to(folder.root).as_posix(), path)
