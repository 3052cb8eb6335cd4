"""The operations of a store on mentions.

Guarantees, for every implementation: for a user no message is shown or counted that the user may
not see, has hidden or wrote, nor one whose author blocks the user or is blocked by them; in a
channel that the user has muted, only mentions by name. Must not know: commands, events, dialects,
sockets.
"""

from collections.abc import Mapping, Sequence
from typing import Final, Protocol

from persistence.lists import Places
from protocol.model import MAX_ID, ChannelId, Message, UserId

COUNTED: Final = 1_000
"""How many of the newest mentions by name, read or not, are looked at to count the unread ones; and
as many mentions of the whole channel in each channel.
"""


class Mentions(Protocol):
    """Messages that mention a user: by name, or with the whole channel."""

    async def unread(self, user_id: UserId, places: Places = Places.ALL) -> Mapping[ChannelId, int]:
        """How many mentions the user has not read, by channel; channels without any are left out.
        One statement.
        """

    async def listed(
        self,
        user_id: UserId,
        places: Places = Places.ALL,
        *,
        before: int = MAX_ID,
        limit: int,
    ) -> Sequence[Message]:
        """The newest `limit` mentioning messages with an id below `before`, newest first, read or
        not. One statement.
        """
