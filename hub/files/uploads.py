"""Uploaded files and the thumbnails of pictures, by their addresses: `/uploads/<day>/<name>`.

Guarantees: a file gets an address that is unique and cannot be guessed; what a failed `keep` has
written is removed, at once or later; that a store does not work, and that it works again, is logged
once. Must not know: which store it is, who may see a file.
"""

import secrets
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import aclosing, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Final

import structlog
import trio
from attrs import define, field, frozen

from hub.files.store import (
    THUMBNAILS,
    UPLOADS,
    FilesMisconfigured,
    FileStore,
    FilesUnavailable,
    Listed,
    NoRoom,
    Space,
    Stat,
)
from hub.settings.setting import ConfigError

log = structlog.get_logger(__name__)

NAME_BYTES: Final = 16  # of a name, random, so that it cannot be guessed
CLEAN_SECONDS: Final = 10.0  # for removing what could not be kept
LOOK_SECONDS: Final = 15.0
QUIET_SECONDS: Final = 5.0
CHUNK_BYTES: Final = 262_144
_PARTS: Final = 4  # / uploads <day> <name>


class NoSuchAddress(ValueError):
    """An address that no file can have."""


@define
class Availability:
    """Whether a store works. After a failure it counts as working again at the first success that
    is at least `QUIET_SECONDS` after the last failure.
    """

    name: str
    is_available: bool = field(default=True, init=False)
    space: Space | None = field(default=None, init=False)
    """The room at the last check; None: the store has no limit, or it is unknown."""
    _failed_at: float = field(default=0.0, init=False)

    @contextmanager
    def noting(self) -> Iterator[None]:
        """Note whether the work in this context succeeds or fails."""
        try:
            yield
        except NoRoom:
            raise
        except FilesUnavailable as error:
            self._failed_at = trio.current_time()
            if self.is_available:
                self.is_available = False
                log.error("files_unavailable", store=self.name, reason=str(error))  # noqa: TRY400
            raise
        if not self.is_available and trio.current_time() >= self._failed_at + QUIET_SECONDS:
            self.is_available = True
            log.info("files_available_again", store=self.name)


@frozen
class UploadFiles:
    """Uploaded files in a store."""

    store: FileStore
    availability: Availability = field(init=False)

    @availability.default
    def _of_store(self) -> Availability:
        return Availability(self.store.name)

    async def keep(self, name: str, content: bytes, thumbnail: bytes | None = None) -> str:
        """Store a file; returns its address.

        Args:
            name: what the address ends with; from `hub.files.names.plain_name`.
            content: the whole file.
            thumbnail: of a picture.

        Raises:
            NoRoom, FilesUnavailable: it is not kept.
        """
        day = f"{datetime.now(UTC):%Y-%m-%d}"
        url = f"/{UPLOADS}/{day}/{secrets.token_hex(NAME_BYTES)}_{name}"
        try:
            with self.availability.noting():
                if thumbnail is not None:
                    await self._put(thumbnail_key(url), thumbnail)
                await self._put(key_of(url), content)
        except BaseException as error:
            is_away = isinstance(error, FilesUnavailable) and not isinstance(error, NoRoom)
            if not is_away:  # or else the collector removes it later
                with trio.move_on_after(CLEAN_SECONDS, shield=True), suppress(FilesUnavailable):
                    await self.remove([url])
            raise
        return url

    async def _put(self, key: str, content: bytes) -> None:
        async with aclosing(_chunks(content)) as chunks:
            await self.store.put(key, chunks)

    async def stat(self, key: str) -> Stat | None:
        """What is known of a file; None: there is none. Raises FilesUnavailable."""
        with self.availability.noting():
            return await self.store.stat(key)

    async def read(self, key: str, start: int, size: int) -> bytes:
        """A part of a file. Raises NoSuchFile, FilesUnavailable."""
        with self.availability.noting():
            return await self.store.read(key, start, size)

    async def contents(self, key: str, size: int) -> AsyncGenerator[bytes, None]:
        """A whole file of so many bytes. Raises NoSuchFile, FilesUnavailable."""
        at = 0
        while at < size and (piece := await self.read(key, at, self.store.piece_bytes)):
            yield piece
            at += len(piece)

    async def remove(self, urls: Sequence[str]) -> Mapping[str, str]:
        """Remove files and their thumbnails, as far as they are there. Returns the addresses of
        those that could not be removed, and why. Raises FilesUnavailable.
        """
        found: dict[str, str] = {}
        for url in urls:
            with suppress(NoSuchAddress):  # there is no such file
                found |= {thumbnail_key(url): url, key_of(url): url}
        with self.availability.noting():
            failed = await self.store.remove(list(found))
        return {found[key]: why for key, why in failed.items()}

    async def listed(self) -> AsyncGenerator[Sequence[Listed], None]:
        """All files and thumbnails, a page at a time. Raises FilesUnavailable."""
        with self.availability.noting():
            async with aclosing(self.store.listed()) as pages:
                async for page in pages:
                    yield page

    async def check(self) -> None:
        """Check whether the store works.

        Raises:
            ConfigError: it cannot work until a setting or a permission is changed.
            FilesUnavailable: it does not work now.
        """
        try:
            await self.store.check()
        except FilesMisconfigured as error:
            raise ConfigError(f"uploads: {error}") from None

    async def watch(self) -> None:
        """Check every `LOOK_SECONDS` how much room there is, and whether a store that failed works
        again, until cancelled.
        """
        while True:
            self.availability.space = await self.store.space()
            await trio.sleep(LOOK_SECONDS)
            if not self.availability.is_available:
                with suppress(FilesUnavailable), self.availability.noting():
                    await self.store.check()


def key_of(url: str) -> str:
    """The key of the file with this address. Raises NoSuchAddress."""
    return f"{UPLOADS}/{_tail(url)}"


def thumbnail_key(url: str) -> str:
    """The key of the thumbnail of the file with this address. Raises NoSuchAddress."""
    return f"{THUMBNAILS}/{_tail(url)}"


def url_of(key: str) -> str:
    """The address of the file that has this key, or whose thumbnail has it."""
    return f"/{UPLOADS}/{key.partition('/')[2]}"


def _tail(url: str) -> str:
    parts = PurePosixPath(url).parts
    is_plain = len(parts) == _PARTS and parts[:2] == ("/", UPLOADS) and ".." not in parts
    if not is_plain or "\0" in url or url != f"/{'/'.join(parts[1:])}":
        raise NoSuchAddress(url)
    return "/".join(parts[2:])


async def _chunks(content: bytes) -> AsyncGenerator[bytes, None]:
    for begin in range(0, len(content), CHUNK_BYTES):
        yield content[begin : begin + CHUNK_BYTES]
