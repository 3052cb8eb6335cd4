"""`parlour restore`: puts what `parlour backup` has written into an empty data folder and database.

Guarantees: nothing is changed before the whole archive was found undamaged and of a schema that
this version knows; clients start over, as the epoch is new. Must not know: the format.
"""

import time
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import aclosing
from functools import partial
from pathlib import Path

import trio

from hub.cli.running import NotDone, Say
from hub.cli.terminal import counted
from hub.cli.upkeep.archive import Archive
from hub.files.opening import open_files
from hub.files.store import FOLDERS
from hub.files.uploads import UploadFiles
from hub.settings.config import Config
from hub.settings.parsers import Bucket
from hub.settings.redaction import revealed
from persistence.embedded.places import find_programs
from persistence.postgres.database.migrate import load_schema, migrate, require_known
from persistence.postgres.upkeep.programs import Programs
from persistence.postgres.upkeep.snapshot import begin_anew, count_rows, server_version
from persistence.upkeep.restoring import open_for_restore


async def restore(config: Config, file: Path, say: Say, *, end_sessions: bool) -> None:
    """Restore a backup.

    Args:
        config: where the database and the files are to be.
        file: the archive.
        say: prints a line.
        end_sessions: whether everybody has to sign in again.

    Raises:
        Damaged, TooNew: the archive cannot be used.
        SchemaTooNew, SchemaChanged: its schema is not one that this version knows.
        NotEmpty, DataDirInUse, AlreadyServed: folder or database is not empty, or is in use.
        CopyFailed: the database refuses something.
        FilesUnavailable: the bucket refuses something.
    """
    began = time.monotonic()
    archive = await trio.to_thread.run_sync(_checked, file, abandon_on_cancel=True)
    manifest = archive.manifest
    url = revealed(config.database_url)
    async with (
        open_files(config) as uploads,
        open_for_restore(url, config.data_dir, _places(config)) as (folder, dsn),
    ):
        match config.uploads:
            case Bucket():
                files = await _send_files(archive, uploads)
            case apart:
                put_back = partial(archive.restore_files, folder if apart is None else apart)
                files = await trio.to_thread.run_sync(put_back, abandon_on_cancel=True)
        programs = Programs(find_programs())
        await programs.load(dsn, archive.database(), await server_version(dsn))
        require_same(manifest.rows, await count_rows(dsn))
        await migrate(dsn)
        await begin_anew(dsn, end_sessions=end_sessions)
    say(
        f"Restored {counted(manifest.rows.get('messages', 0), 'message')} and"
        f" {counted(files, 'file')} of {manifest.made_at} in {time.monotonic() - began:.1f} s"
    )
    if manifest.files_in is not None:
        say(f"Its files are not in it: they were in {manifest.files_in}")


def _places(config: Config) -> Sequence[str]:
    """The folders that files are put into, as paths from the data folder."""
    match config.uploads:
        case Bucket():
            return ()
        case None:
            return FOLDERS
        case apart:
            return [str((apart / each).absolute()) for each in FOLDERS]


async def _send_files(archive: Archive, uploads: UploadFiles) -> int:
    """Put the files into a bucket; returns how many. A file that is there already is replaced by
    the same content: no other file has its key.
    """
    count, files = 0, archive.files()

    async def chunks(content: Iterator[bytes]) -> AsyncGenerator[bytes, None]:
        while (piece := await trio.to_thread.run_sync(next, content, None)) is not None:
            yield piece

    while (found := await trio.to_thread.run_sync(next, files, None)) is not None:
        key, content = found
        async with aclosing(chunks(content)) as pieces:
            await uploads.store.put(key, pieces)
        count += 1
    return count


def require_same(before: Mapping[str, int], after: Mapping[str, int]) -> None:
    """Raises NotDone: not every row of a database is in its copy."""
    for name in sorted(before.keys() | after.keys()):
        had, has = before.get(name, "no"), after.get(name, "no")
        if had != has:
            raise NotDone(f"The table {name} had {had} rows, and its copy has {has}")


def _checked(file: Path) -> Archive:
    archive = Archive(file)
    require_known(archive.manifest.schema, load_schema())
    archive.check()
    return archive
