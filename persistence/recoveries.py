"""The operations on connections that can be recovered; a part of `persistence.interface`.

Guarantees: a position is stored under a hash of the secret id alone. Must not know: sockets.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from attrs import frozen

from protocol.model import ChannelId, Reached, UserId


@frozen
class Recovery:
    """The position of a connection that ended: by channel, a seq and rev up to which it received
    all.
    """

    user_id: UserId
    positions: Mapping[ChannelId, Reached]


class Recoveries(Protocol):
    """Positions of connections that can be recovered, by the hash of the connection's secret id."""

    async def save(
        self, key: bytes, user_id: UserId, positions: Mapping[ChannelId, Reached]
    ) -> datetime:
        """Store a connection's position, in place of the earlier one; returns the time, by the
        store's clock. Raises NoSuchUser.
        """

    async def find(self, key: bytes, *, within: float) -> Recovery | None:
        """The position, if it was saved or touched less than `within` seconds ago."""

    async def touch(self, keys: Sequence[bytes]) -> None:
        """Note that these connections are still open."""

    async def purge(self, *, older_than: float) -> int:
        """Delete positions that were not touched for so many seconds; returns how many."""
