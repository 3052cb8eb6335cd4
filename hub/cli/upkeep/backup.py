"""`parlour backup`: database and files as one archive, while the hub runs or while it does not.

Guarantees: what was acknowledged before it began is in it; each file that the copied database names
is in it too, but for those that were removed meanwhile, which it lists; one without files names
where they are. Must not know: the format.
"""

import os
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractContextManager, aclosing, asynccontextmanager, nullcontext
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import IO, Final

import trio

from hub.cli.running import Say
from hub.cli.terminal import counted
from hub.cli.upkeep.archive import (
    FORMAT,
    MANIFEST,
    WITHOUT_FILES,
    ArchiveWriter,
    Manifest,
    NotWritten,
    written_beside,
)
from hub.files.opening import open_files
from hub.files.store import NoSuchFile
from hub.files.uploads import NoSuchAddress, UploadFiles, key_of, thumbnail_key
from hub.settings.config import Config
from hub.settings.parsers import Bucket
from hub.settings.redaction import revealed
from persistence import open_beside
from persistence.embedded.places import find_programs
from persistence.postgres.upkeep.programs import Programs
from persistence.postgres.upkeep.snapshot import Snapshot, open_snapshot

STDOUT: Final = "-"
NAMED: Final = 10  # files that were removed meanwhile
IN_MEMORY_BYTES: Final = 16 << 20  # of a file, until it is known to be whole


async def back_up(config: Config, file: str, say: Say, *, with_uploads: bool | None = None) -> None:
    """Write a backup.

    Args:
        config: where the database and the files are.
        file: what to write, or `STDOUT`.
        say: prints a line.
        with_uploads: whether the files are in it; None: if they are in a folder.

    Raises:
        NotWritten, OSError: it cannot be written, or there are no files where they should be.
        CopyFailed: the database cannot be copied.
        FilesUnavailable: the files cannot be read.
    """
    began, made_at = time.monotonic(), datetime.now(UTC)
    has_files = not isinstance(config.uploads, Bucket) if with_uploads is None else with_uploads
    missing: Sequence[str] = ()
    async with open_files(config) as files, _written(file) as out:
        archive = ArchiveWriter(out, "standard output" if file == STDOUT else file)
        async with (
            open_beside(revealed(config.database_url), config.data_dir) as dsn,
            open_snapshot(dsn) as snapshot,
        ):
            if has_files:
                await _require_files(files, snapshot)
            await _copy_database(archive, dsn, snapshot)
        if has_files:
            missing = await _copy_files(archive, files, snapshot)
        archive.finish(
            Manifest(
                format=FORMAT if has_files else WITHOUT_FILES,
                version=version("parlour"),
                made_at=f"{made_at:%Y-%m-%dT%H:%M:%SZ}",
                postgres=snapshot.server,
                epoch=snapshot.epoch,
                schema=snapshot.files,
                rows=snapshot.rows,
                missing=missing,
                members=archive.members,
                files_in=None if has_files else files.store.name,
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
    if not has_files:
        say(
            f"The {counted(len(snapshot.uploads), 'file')} in {files.store.name} are not in it:"
            " back them up too, or use --with-uploads"
        )


@asynccontextmanager
async def _written(file: str) -> AsyncIterator[IO[bytes]]:
    with _output(file) as out:
        yield out


def _output(file: str) -> AbstractContextManager[IO[bytes]]:
    if file != STDOUT:
        return written_beside(Path(file))
    if os.isatty(sys.stdout.fileno()):
        raise NotWritten("A backup is not written to a terminal")
    return nullcontext(sys.stdout.buffer)


async def _require_files(files: UploadFiles, snapshot: Snapshot) -> None:
    """Raise NotWritten if the database knows files and none are there, such as when `data_dir` is
    misspelt: the backup would have no files.
    """
    if not snapshot.uploads:
        return
    async with aclosing(files.listed()) as pages:
        async for page in pages:
            if page:
                return
    raise NotWritten(
        f"The database knows {len(snapshot.uploads):,} files, and there are none in"
        f" {files.store.name}: see data_dir and uploads"
    )


async def _copy_database(archive: ArchiveWriter, dsn: str, snapshot: Snapshot) -> None:
    async def take(piece: bytes) -> None:
        archive.add_database(piece)

    await Programs(find_programs()).dump(dsn, snapshot, take)
    archive.end_database()


async def _copy_files(archive: ArchiveWriter, files: UploadFiles, snapshot: Snapshot) -> list[str]:
    """Copy the files that the copied database names, with their thumbnails; returns the addresses
    of those that are missing.
    """
    missing = []
    for url in snapshot.uploads:
        try:
            keys = (key_of(url), thumbnail_key(url))
        except NoSuchAddress:  # it is no file of the hub's
            missing.append(url)
            continue
        found = [await _add(archive, files, key) for key in keys]
        if not found[0]:
            missing.append(url)
    return missing


async def _add(archive: ArchiveWriter, files: UploadFiles, key: str) -> bool:
    """Add a file; returns whether it is there."""
    stat = await files.stat(key)
    if stat is None:
        return False
    with SpooledTemporaryFile(IN_MEMORY_BYTES) as copy:
        try:
            async with aclosing(files.contents(key, stat.size)) as pieces:
                async for piece in pieces:
                    await trio.to_thread.run_sync(copy.write, piece)
        except NoSuchFile:
            return False
        size = copy.tell()
        copy.seek(0)
        await trio.to_thread.run_sync(archive.add_file, key, size, stat.modified, copy)
    return True
