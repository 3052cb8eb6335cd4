"""The interface of file stores, which keep the bytes of uploaded files.

Guarantees: a file is never partly there under its key; each wait for the disk or server has a
deadline, after which `FilesUnavailable` is raised; the text of an error is for operators, in a
sentence without secrets. Must not know: what a file is, who may see it, what the database knows of
it.
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
    """Files cannot be used until a setting or a permission is changed, which the text names."""


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
    """A file in a list. `age`: seconds since it was written, by the clock of its store."""

    key: str
    age: float


@frozen
class Space:
    """The room of a store, in bytes. `free`: what the hub's account may still write."""

    free: int
    size: int


class FileStore(Protocol):
    """Keeps files. A key is `<folder>/<day>/<name>`, with a folder of `FOLDERS`; callers give each
    file a key of its own. All methods raise FilesUnavailable.
    """

    @property
    def name(self) -> str:
        """The name of the store, for operators."""

    @property
    def piece_bytes(self) -> int:
        """How much of a file is best read at a time."""

    async def put(self, key: str, chunks: AsyncIterable[bytes]) -> None:
        """Store a file: when this returns, the whole file is there and survives a crash. When it
        fails, there is what was there before, or the whole file. Raises NoRoom.
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
        """Remove what is left of interrupted puts that began more than so many seconds ago. Returns
        how many there were.
        """

    async def check(self) -> None:
        """Write, read, list and remove a small file.

        Raises:
            FilesMisconfigured: that is not allowed, or the store does not exist.
        """

    async def space(self) -> Space | None:
        """How much room there is; None: the store has no limit, or it is unknown."""
