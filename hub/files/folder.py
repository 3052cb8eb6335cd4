"""Files in a folder, of this machine or shared over a network.

Guarantees: a file is written under a temporary name, in pieces that are each synced before the next
one, and then renamed, so it is there as a whole or not at all; no key leads out of the folder; no
step waits longer than `STEP_SECONDS` for a disk that does not respond. Several hubs may write and
remove in one folder: they write under different names, and ages are by the file server's clock.
Must not know: who may see a file.
"""

import errno
import os
import secrets
import time
from collections.abc import AsyncGenerator, AsyncIterable, Callable, Mapping, Sequence
from contextlib import aclosing, suppress
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Final, TypeVar

import trio
from attrs import field, frozen

from hub.files.store import (
    FOLDERS,
    FilesMisconfigured,
    FilesUnavailable,
    Listed,
    NoRoom,
    NoSuchFile,
    Space,
    Stat,
)
from hub.settings.reasons import reason_of

T = TypeVar("T")

PIECE_BYTES: Final = 262_144  # written to the disk at a time; Postgres's writes wait meanwhile
STEP_SECONDS: Final = 30.0
THREADS: Final = 16  # that may wait for the disk
_PART_BYTES: Final = 65_536  # that are read at a time
_PARTS: Final = 3  # <folder>/<day>/<name>
_TORN: Final = ".part"
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_REFUSED: Final = frozenset({errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.ENOENT})
_NO_SYNC: Final = frozenset({errno.EINVAL, errno.ENOTSUP, errno.EBADF})
"""The errors of file systems that cannot sync a folder."""


class NoSuchKey(ValueError):
    """A key that no file of a folder can have."""


@frozen
class FolderStore:
    """See `FileStore`.

    Args:
        root: where `uploads/` and `thumbnails/` are, or are made.
    """

    root: Path
    writer: trio.CapacityLimiter = field(factory=lambda: trio.CapacityLimiter(1), init=False)
    """One file is written at a time, with pauses: Postgres has the disk half of the time."""
    piece_bytes: int = field(default=_PART_BYTES, init=False)
    _threads: trio.CapacityLimiter = field(
        factory=lambda: trio.CapacityLimiter(THREADS), init=False
    )

    @property
    def name(self) -> str:
        """The path."""
        return str(self.root)

    async def put(self, key: str, chunks: AsyncIterable[bytes]) -> None:
        """Store a file. See `FileStore`."""
        path = self.path_of(key)
        part = path.with_name(f".{secrets.token_hex(8)}{_TORN}")
        async with self.writer:
            try:
                await self._step(partial(self._begin, part))
                written = 0
                async with aclosing(_pieces(chunks)) as pieces:
                    async for piece in pieces:
                        await self._step(partial(_append, part, written, piece))
                        written += len(piece)
                await self._step(partial(_give_name, part, path, written))
            except BaseException as error:
                with trio.move_on_after(STEP_SECONDS, shield=True), suppress(FilesUnavailable):
                    await self._step(partial(part.unlink, missing_ok=True))
                if isinstance(error, NoSuchFile):  # its folder is gone
                    raise FilesUnavailable(str(error)) from None
                raise

    async def stat(self, key: str) -> Stat | None:
        """What is known of a file. See `FileStore`."""
        path = self.path_of(key)
        try:
            found = await self._step(path.stat)
        except NoSuchFile:
            return None
        return Stat(found.st_size, found.st_mtime)

    async def read(self, key: str, start: int, size: int) -> bytes:
        """A part of a file. See `FileStore`."""
        return await self._step(partial(_read, self.path_of(key), start, size))

    async def remove(self, keys: Sequence[str]) -> Mapping[str, str]:
        """Remove files. See `FileStore`."""
        return await self._step(partial(self._remove, keys))

    async def listed(self) -> AsyncGenerator[Sequence[Listed], None]:
        """All files, those of a day at a time. See `FileStore`."""
        now = await self._step(self._now)
        for folder in FOLDERS:
            for day in await self._step(partial(_names, self.root / folder)):
                yield await self._step(partial(_of_day, self.root / folder / day, folder, now))

    async def remove_torn(self, seconds: float) -> int:
        """Remove the files that interrupted puts have left. See `FileStore`."""
        return await self._step(partial(self._remove_torn, seconds))

    async def check(self) -> None:
        """Write, read, list and remove a small file. See `FileStore`."""
        try:
            await self._step(self._try)
        except NoSuchFile:
            raise FilesMisconfigured(
                f"{self.root}: there is no such folder; is its file system mounted?"
            ) from None

    async def space(self) -> Space | None:
        """How much room there is. See `FileStore`."""
        try:
            return await self._step(partial(space_of, self.root))
        except (FilesUnavailable, NoSuchFile):
            return None

    def path_of(self, key: str) -> Path:
        """The path of the file with this key.

        Raises:
            NoSuchKey: the key is malformed, and could lead out of the folder.
        """
        parts = PurePosixPath(key).parts
        if "\0" in key or len(parts) != _PARTS or parts[0] not in FOLDERS or ".." in parts:
            raise NoSuchKey(key)
        return self.root.joinpath(*parts)

    async def _step(self, work: Callable[[], T]) -> T:
        """The result of `work` in a thread, which is abandoned when it takes too long.

        Raises:
            FilesUnavailable, NoRoom, NoSuchFile: the system reports an error.
        """
        try:
            with trio.fail_after(STEP_SECONDS):
                return await trio.to_thread.run_sync(
                    partial(_again_if_stale, work), abandon_on_cancel=True, limiter=self._threads
                )
        except trio.TooSlowError:
            text = f"{self.root} did not answer within {STEP_SECONDS:g} s"
            raise FilesUnavailable(text) from None
        except FileNotFoundError:
            raise NoSuchFile(f"There is no such file in {self.root}") from None
        except OSError as error:
            if error.errno in _FULL:
                raise NoRoom(reason_of(error)) from None
            kind = FilesMisconfigured if error.errno in _REFUSED else FilesUnavailable
            raise kind(reason_of(error)) from None

    def _begin(self, part: Path) -> None:
        """Make a file with a temporary name, and the folders that it is in."""
        if not part.parent.is_dir():
            part.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
            for folder in (part.parent.parent, self.root):
                sync(folder)
        part.touch(exist_ok=False)

    def _remove(self, keys: Sequence[str]) -> Mapping[str, str]:
        failed: dict[str, str] = {}
        for key in keys:
            try:
                self.path_of(key).unlink(missing_ok=True)
            except NoSuchKey:
                pass  # there is no such file
            except OSError as error:
                failed[key] = reason_of(error)
        return failed

    def _remove_torn(self, seconds: float) -> int:
        before, removed = self._now() - seconds, 0
        for folder in FOLDERS:
            for path in (self.root / folder).glob(f"*/.*{_TORN}"):
                with suppress(FileNotFoundError):  # its hub, or another one, has removed it
                    if path.stat().st_mtime < before:
                        path.unlink()
                        removed += 1
        return removed

    def _now(self) -> float:
        """The time by the clock that dates the files, which may be a file server's."""
        return self._try() if self.root.is_dir() else time.time()

    def _try(self) -> float:
        path = self.root / f".check-{secrets.token_hex(8)}"
        try:
            path.write_bytes(b"parlour")
            if path.read_bytes() != b"parlour":
                raise FilesUnavailable(f"{self.root}: what was written is not what is read")
            return path.stat().st_mtime
        finally:
            path.unlink(missing_ok=True)


def space_of(folder: Path) -> Space:
    """The room of the file system of a folder, which need not exist yet. Blocks. Raises OSError."""
    place = folder.absolute()
    while not place.exists():
        place = place.parent
    found = os.statvfs(place)
    return Space(found.f_bavail * found.f_frsize, found.f_blocks * found.f_frsize)


def sync(folder: Path) -> None:
    """Make the names in a folder survive a crash."""
    number = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(number)
    except OSError as error:
        if error.errno not in _NO_SYNC:
            raise
    finally:
        os.close(number)


async def _pieces(chunks: AsyncIterable[bytes]) -> AsyncGenerator[memoryview, None]:
    async for chunk in chunks:
        rest = memoryview(chunk)
        for begin in range(0, len(rest), PIECE_BYTES):
            yield rest[begin : begin + PIECE_BYTES]


def _append(part: Path, written: int, piece: memoryview) -> None:
    """Write a piece. The file is opened and closed for each one, so that it is never open in two
    threads, and a network file system reports what it could not write.
    """
    began = time.perf_counter()
    with part.open("r+b", buffering=0) as file:
        file.seek(written)
        rest = piece
        while rest:
            rest = rest[file.write(rest) :]
        os.fdatasync(file.fileno())
    time.sleep(time.perf_counter() - began)  # leaves the disk to Postgres for as long


def _give_name(part: Path, path: Path, size: int) -> None:
    try:
        part.replace(path)
    except FileNotFoundError:
        # The request to a file server was repeated, and the first one has been carried out.
        if path.stat().st_size != size:
            raise
    sync(path.parent)


def _read(path: Path, start: int, size: int) -> bytes:
    with path.open("rb", buffering=0) as file:
        file.seek(start)
        parts: list[bytes] = []
        while size > 0 and (part := file.read(size)):
            parts.append(part)
            size -= len(part)
        return b"".join(parts)


def _names(folder: Path) -> Sequence[str]:
    return sorted(each.name for each in folder.iterdir()) if folder.is_dir() else []


def _of_day(place: Path, folder: str, now: float) -> Sequence[Listed]:
    found = []
    for each in place.iterdir() if place.is_dir() else ():
        if not each.name.startswith("."):
            with suppress(FileNotFoundError):  # removed meanwhile
                found.append(
                    Listed(f"{folder}/{place.name}/{each.name}", now - each.stat().st_mtime)
                )
    return found


def _again_if_stale(work: Callable[[], T]) -> T:
    """Do it once more if a handle is stale, because a file server was restarted or moved a file."""
    try:
        return work()
    except OSError as error:
        if error.errno != errno.ESTALE:
            raise
        return work()
