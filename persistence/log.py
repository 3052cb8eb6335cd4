"""The log as a whole: its epoch, whether this hub serves it, and removing messages from it; a part
of `persistence.interface`.

Guarantees: an epoch stays the same as long as every position in the log means what it meant when it
was read, and changes once the log may have gone back: after a failover, a restore, or in another
database. Long operations are done a part at a time, and delay no conversation. Must not know: who
may see what.
"""

from collections.abc import Awaitable
from typing import Protocol

from persistence.records import Expired, Written
from protocol.model import ChannelId, MessageFate, MessageId, UserId


class Log(Protocol):
    """The log as a whole."""

    async def epoch(self) -> str:
        """The epoch of the log. Until the next call, messages are stored in the log with this epoch
        alone.

        Raises:
            StoreUnavailable: the epoch cannot be read, for example because the server is a standby,
                or another hub serves it.
        """

    async def new_epoch(self, seen: str) -> str:
        """Give the log a new epoch, because it was seen to go back while its epoch was `seen`; if
        the epoch has changed since, it stays. Returns and raises as `epoch`, with the same effect
        on what is stored.
        """

    def changed(self, epoch: str) -> Awaitable[None]:
        """Returns once what was read from the log with this epoch may be incomplete, or may include
        messages that no longer exist: the epoch is another one, or another hub has served the log
        since `epoch` or `new_epoch` was called.
        """

    async def written(self, author_id: UserId, *, above: MessageId, limit: int) -> Written:
        """The messages that a user wrote among the first `limit` messages above an id, in any
        channel, also where they may no longer see them; without deleted ones.
        """

    async def sweep(
        self, user_id: UserId, fate: MessageFate, *, above: MessageId, limit: int
    ) -> MessageId | None:
        """Do a part of what `Accounts.delete` does with messages: with those by the user or in
        their conversations, among the first `limit` messages above an id. Returns the id to go on
        above; None: there were no more messages.
        """

    async def expire(self, days: int, *, above: ChannelId, channels: int, limit: int) -> Expired:
        """Remove messages that are older than the retention of their workspace or, where it has
        none and in dms, than `days` (0: for ever): at most `limit` messages of the first `channels`
        channels with an id above this one. Their seqs stay taken.
        """
