"""The log as a whole: which one it is, whether it is this hub's, what is taken out of it; a part of
`persistence.interface`.

Guarantees: an epoch is the same as long as every position in the log means what it meant when it
was read, and another one once the log may have gone back: a failover, a restore, another database.
What takes long is done a part at a time, and holds no conversation up. Must not know: who may see
what.
"""

from collections.abc import Awaitable
from typing import Protocol

from persistence.records import Expired, Written
from protocol.model import ChannelId, MessageFate, MessageId, UserId


class Log(Protocol):
    """The log as a whole."""

    async def epoch(self) -> str:
        """Which log it is. Messages are stored in this one alone, until it is asked again.

        Raises:
            StoreUnavailable: nobody can say, for example because the server is a standby, or
                another hub serves it.
        """

    async def new_epoch(self, seen: str) -> str:
        """The log was seen to go back: it is another one from now on, unless somebody has said so
        since it was `seen`. Returns and raises as `epoch`, with the same consequence.
        """

    def changed(self, epoch: str) -> Awaitable[None]:
        """Is there once what was read from the log that had this epoch may not be all that there
        was, or more than there is: it is another log, or another hub has served it since that was
        asked.
        """

    async def written(self, author_id: UserId, *, above: MessageId, limit: int) -> Written:
        """What a user wrote among the first `limit` messages above an id, wherever that is and
        whether they may still see it or not; without what was deleted.
        """

    async def sweep(
        self, user_id: UserId, fate: MessageFate, *, above: MessageId, limit: int
    ) -> MessageId | None:
        """Do a part of what `Accounts.delete` does with messages: with those of the user, or in a
        conversation of theirs, among the first `limit` above an id. Returns where to go on; None:
        that was all there was.
        """

    async def expire(self, days: int, *, above: ChannelId, channels: int, limit: int) -> Expired:
        """Remove messages that are older than their workspace wants or, where it has no wish and in
        dms, than `days` (0: none): at most `limit` of the first `channels` with an id above this
        one. Their seqs stay taken.
        """
