"""Where the bytes of uploaded files are kept: the interface of all places for them.

Guarantees: nobody sees a part of a file under its key; each wait for a place has a deadline, after
which it is `FilesUnavailable`; the text of an error is for operators, in a sentence without
secrets. Must not know: what a file is, who may see it, what the database knows of it.
"""

from collections.abc import AsyncGenerator, AsyncIterable, Mapping, Sequence
from typing import Final, Protocol

from attrs import frozen

from persistence.records import StoreError

UPLOADS: Final = "uploads"
THUMBNAILS: Final = "thumbnails"
FOLDERS: Final = (UPLOADS, THUMBNAILS)


class FilesUnavailable(StoreError):
    """Files cannot be written or read now; whether something was written is unknown."""


class FilesMisconfigured(FilesUnavailable):
    """They cannot be until somebody changes a setting, or a right; the text says which."""


class NoRoom(FilesUnavailable):
    """There is no room for a file, and nothing of it was kept."""


class NoSuchFile(StoreError):
    """There is no file under this key."""


@frozen
class Stat:
    """What is known of a file without reading it.

    Args:
        size: in bytes.
        modified: when it was written, in seconds since 1970.
    """

    size: int
    modified: float


@frozen
class Listed:
    """A file in a list. `age`: seconds since it was written, by the clock of its place."""

    key: str
    age: float


@frozen
class Space:
    """In bytes. `free`: what the hub's account may still write."""

    free: int
    size: int


class FileStore(Protocol):
    """A place for files. A key is `<folder>/<day>/<name>`, with a folder of `FOLDERS`; one that is
    new is in nobody else's use. All methods raise FilesUnavailable.
    """

    @property
    def name(self) -> str:
        """What operators call it."""

    @property
    def piece_bytes(self) -> int:
        """How much of a file is best read at a time."""

    async def put(self, key: str, chunks: AsyncIterable[bytes]) -> None:
        """Store a file: it is there as a whole, and survives a crash, when this returns. When it
        fails, what was there before is. Raises NoRoom.
        """

    async def stat(self, key: str) -> Stat | None:
        """What is known of a file; None: there is none."""

    async def read(self, key: str, start: int, size: int) -> bytes:
        """`size` bytes of a file from its byte `start` on; less only at its end.

        Raises NoSuchFile.
        """

    async def remove(self, keys: Sequence[str]) -> Mapping[str, str]:
        """Remove files, as far as they are there. Returns which could not be removed, and why."""

    def listed(self) -> AsyncGenerator[Sequence[Listed], None]:
        """All files, a page at a time."""

    async def remove_torn(self, seconds: float) -> int:
        """Remove what puts have left that ended in the middle, and began before so many seconds.
        Returns how many.
        """

    async def check(self) -> None:
        """Write, read, list and remove a small file.

        Raises:
            FilesMisconfigured: that is not allowed, or the place is not there.
        """

    async def space(self) -> Space | None:
        """How much room there is; None: that has no meaning, or is not known."""
