"""Uploaded files on disk: `<data folder>/uploads/<day>/<random>_<name>`, as their addresses say,
and the thumbnails of pictures, by the same names below `<data folder>/thumbnails`.

Guarantees: a file is written under a name that no other has and nobody can guess, and is there as a
whole or not at all; when `write` returns it survives a crash of the machine, and when it fails
nothing is left; no address leads out of the folder. Must not know: who may see a file.
"""

import errno
import os
import secrets
import time
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Final

import trio
from attrs import field, frozen

NAME_BYTES: Final = 16  # of a name that nobody can guess
_UPLOADS: Final = "uploads"
_THUMBNAILS: Final = "thumbnails"
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_PARTS: Final = 3  # uploads/<day>/<name>
PIECE_BYTES: Final = 262_144  # that the disk gets at a time: what Postgres writes waits behind it


class NoSuchAddress(ValueError):
    """An address that no file of the folder can have."""


@frozen
class UploadFolder:
    """Blocking, but for `keep`: to be called in a thread.

    Args:
        root: the data folder.
        writer: of the thread that writes, one at a time; the disk is for Postgres half of the time.
    """

    root: Path
    writer: trio.CapacityLimiter = field(factory=lambda: trio.CapacityLimiter(1), init=False)

    async def keep(self, name: str, content: bytes, thumbnail: bytes | None = None) -> str:
        """`write` in a thread, when it is its turn."""
        return await trio.to_thread.run_sync(
            self.write, name, content, thumbnail, limiter=self.writer
        )

    def write(self, name: str, content: bytes, thumbnail: bytes | None = None) -> str:
        """Write a file; returns its address.

        Args:
            name: what the address ends with; of `hub.files.names.plain_name`.
            content: the whole file.
            thumbnail: of a picture.

        Raises:
            OSError: there is no room (`is_full`), or something else that the system does not allow.
        """
        day = f"{datetime.now(UTC):%Y-%m-%d}"
        url = f"/{_UPLOADS}/{day}/{secrets.token_hex(NAME_BYTES)}_{name}"
        try:
            if thumbnail is not None:
                self._write(self.thumbnail_of(url), thumbnail)
            self._write(self.path_of(url), content)
        except BaseException:
            self.remove([url])
            raise
        return url

    def remove(self, urls: Iterable[str]) -> Sequence[OSError]:
        """Remove files and their thumbnails, as far as they are there; returns why some could not
        be removed.
        """
        errors: list[OSError] = []
        for url in urls:
            try:
                self.thumbnail_of(url).unlink(missing_ok=True)
                self.path_of(url).unlink(missing_ok=True)
            except NoSuchAddress:
                pass  # there is no such file
            except OSError as error:
                errors.append(error)
        return errors

    def days(self) -> Sequence[str]:
        """The days of the files, the oldest first."""
        roots = [self.root / each for each in (_UPLOADS, _THUMBNAILS)]
        return sorted({day.name for root in roots if root.is_dir() for day in root.iterdir()})

    def older_than(self, seconds: float, day: str) -> Sequence[str]:
        """The addresses of those files of a day that were written before so many seconds; those of
        thumbnails too.
        """
        before = time.time() - seconds
        folders = [self.root / each / day for each in (_UPLOADS, _THUMBNAILS)]
        found = {
            f"/{_UPLOADS}/{day}/{each.name}"
            for folder in folders
            if folder.is_dir()
            for each in folder.iterdir()
            if each.stat().st_mtime < before
        }
        return sorted(found)

    def _write(self, path: Path, content: bytes) -> None:
        """Write beside its name what is then given its name."""
        if not path.parent.is_dir():
            path.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
            for folder in (path.parent.parent, self.root):
                sync(folder)
        part = path.with_name(f".{path.name}.part")
        try:
            with part.open("xb", buffering=0) as file:
                rest = memoryview(content)
                while rest:
                    began = time.perf_counter()
                    rest = rest[file.write(rest[:PIECE_BYTES]) :]
                    os.fdatasync(file.fileno())
                    time.sleep(time.perf_counter() - began)  # as long for Postgres
            part.replace(path)
        except BaseException:
            part.unlink(missing_ok=True)
            raise
        sync(path.parent)

    def thumbnail_of(self, url: str) -> Path:
        """Where the thumbnail of a file is, or would be. Raises NoSuchAddress."""
        return self.root / _THUMBNAILS / self.path_of(url).relative_to(self.root / _UPLOADS)

    def path_of(self, url: str) -> Path:
        """Where the file of an address is, or would be.

        Raises:
            NoSuchAddress: it could be anywhere.
        """
        parts = PurePosixPath(url).parts[1:]
        if "\0" in url or len(parts) != _PARTS or parts[0] != _UPLOADS or ".." in parts:
            raise NoSuchAddress(url)
        return self.root.joinpath(*parts)


def is_full(error: OSError) -> bool:
    """Whether something could not be written because there is no room."""
    return error.errno in _FULL


def sync(folder: Path) -> None:
    """Make the names in a folder survive a crash."""
    number = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
