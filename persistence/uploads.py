"""The operations on the metadata of uploaded files; a part of `persistence.interface`.

Guarantees: a file that a message names, also one that is being stored, is never deleted. Must not
know: where the files are.
"""

from collections.abc import Mapping, Sequence
from typing import Final, Protocol

from attrs import frozen

from persistence.records import StorageFull
from protocol.model import UserId

DAY: Final = 86_400.0


@frozen
class Upload:
    """A stored file.

    Args:
        url: its address.
        owner_id: the user who uploaded it.
        mime_type: its type, with `charset` for a text that is not UTF-8.
        name: its file name.
        size: in bytes; 0 for files that were uploaded before sizes were kept.
        width: of a picture, in pixels; None for other files and for older pictures.
        height: as `width`.
    """

    url: str
    owner_id: UserId
    mime_type: str
    name: str
    size: int
    width: int | None = None
    height: int | None = None


class Uploads(Protocol):
    """The metadata of uploaded files. A file is *named* by the messages that carry it, and by the
    users whose picture it is.
    """

    async def add(
        self, upload: Upload, *, quota: int = 0, total: int = 0, grace: float = DAY
    ) -> StorageFull | None:
        """Add a stored file, which needs no name for `grace` seconds. Not None, and nothing is
        done, if its owner would have more than `quota` bytes then, or all users together more than
        `total` (0: there is no such quota). One statement. Raises NoSuchUser.
        """

    async def of_user(self, user_id: UserId, *, after: str, limit: int) -> Sequence[Upload]:
        """The first `limit` files of the user with an address after `after`, by address."""

    async def visible(self, user_id: UserId, url: str) -> Upload | None:
        """The file, if the user uploaded it, may see a message that carries it, or it is its
        owner's picture; else None.
        """

    async def collect(self, *, limit: int) -> Mapping[str, bool]:
        """Look at no more than `limit` files that have lost a name or whose grace has ended, and
        delete the metadata of those that nothing names, not even a message that is being stored.
        Returns, by address, whether the metadata is gone, so that the file has to be removed; such
        an address is returned again until `forget`.
        """

    async def forget(self, urls: Sequence[str]) -> None:
        """Note that these files have been removed."""

    async def known(self, urls: Sequence[str]) -> frozenset[str]:
        """The ones of these addresses whose files are known."""
