"""The operations on what is known of uploaded files; a part of `persistence.interface`.

Guarantees: no file is deleted that a message names, or one that is being stored. Must not know:
where the files are.
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
        mime_type: its type, with `charset` where it is text that is not UTF-8.
        name: what it is called.
        size: in bytes; 0 of files that were uploaded before sizes were kept.
        width: of a picture, in pixels; None of other files and of older pictures.
        height: the same.
    """

    url: str
    owner_id: UserId
    mime_type: str
    name: str
    size: int
    width: int | None = None
    height: int | None = None


class Uploads(Protocol):
    """What is known of files that were uploaded. They are named by messages that carry them, and by
    users whose picture they are.
    """

    async def add(
        self, upload: Upload, *, quota: int = 0, total: int = 0, grace: float = DAY
    ) -> StorageFull | None:
        """Add a stored file, which nothing needs to name for `grace` seconds. Not None, and nothing
        is done: its owner would have more than `quota` bytes then, or everybody more than `total`
        (0: there is no such quota). One statement. Raises NoSuchUser.
        """

    async def of_user(self, user_id: UserId, *, after: str, limit: int) -> Sequence[Upload]:
        """The files that the user uploaded, by address; only those behind this one."""

    async def visible(self, user_id: UserId, url: str) -> Upload | None:
        """The file, if the user uploaded it, may see a message that carries it, or it is the avatar
        of who uploaded it.
        """

    async def collect(self, *, limit: int) -> Mapping[str, bool]:
        """Look at no more than `limit` files that have lost a name or whose grace has ended, and
        delete those that nothing names, but none that a message names which is being stored.
        Returns what was looked at, and whether it is gone, so that the file is to be removed: that
        is returned again until it is forgotten.
        """

    async def forget(self, urls: Sequence[str]) -> None:
        """Note that these files have been removed."""

    async def known(self, urls: Sequence[str]) -> frozenset[str]:
        """Those that there are."""
