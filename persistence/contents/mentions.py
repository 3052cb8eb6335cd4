"""The operations of a store on mentions.

Guarantees, for every implementation: nobody is shown or counted what they may not see or have
hidden, what they wrote, or what was written by somebody whom they block or who blocks them; in a
channel that they have muted, only mentions by name. Must not know: commands, events, dialects,
sockets.
"""

from collections.abc import Mapping, Sequence
from typing import Final, Protocol

from persistence.lists import Places
from protocol.model import MAX_ID, ChannelId, Message, UserId

COUNTED: Final = 1_000
"""Mentions by name that are counted: the newest, read or not. Of each channel, as many that mention
the channel.
"""


class Mentions(Protocol):
    """Messages that mention a user: by name, or with the whole channel."""

    async def unread(self, user_id: UserId, places: Places = Places.ALL) -> Mapping[ChannelId, int]:
        """How many the user has not read, by channel; channels with none are not in
        it. One statement.
        """

    async def listed(
        self,
        user_id: UserId,
        places: Places = Places.ALL,
        *,
        before: int = MAX_ID,
        limit: int,
    ) -> Sequence[Message]:
        """The newest `limit` with an id below `before`, newest first, read or not. One
        statement.
        """
