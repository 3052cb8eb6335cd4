"""The operations of a store on threads: the replies to a message, and who follows them.

Guarantees, for every implementation (tests/persistence/contents runs on all of them): whether a
user may see the message is decided in the statement; any message of a thread stands for the thread,
and a thread ends when its first message is deleted.
Must not know: commands, events, dialects, sockets.
"""

from collections.abc import Sequence
from typing import Protocol

from attrs import field, frozen

from protocol.model import MAX_ID, Message, MessageId, UserId

MAX_FOLLOWERS = 1_000
"""How many followers of a thread get an event for a reply, at most."""


@frozen
class ThreadPage:
    """Which replies are wanted: with a seq above `after` and below `before`, the oldest `limit` of
    them, or with `newest` the newest.
    """

    limit: int
    after: int = 0
    before: int = MAX_ID
    newest: bool = field(default=False, kw_only=True)


@frozen
class FollowedThread:
    """A thread that a user follows. `place`: the id by which the list is sorted: of the last
    reply, or of the first message if there is none. `unread_count`: replies of others above
    `read_seq`, without those of users who block the user or are blocked.
    """

    message: Message
    unread_count: int
    read_seq: int
    place: int


class Threads(Protocol):
    """Threads. `only_private`: only messages that the two users of a dm wrote to each other."""

    async def replies(
        self,
        user_id: UserId,
        message_id: MessageId,
        page: ThreadPage,
        *,
        only_private: bool = False,
    ) -> Sequence[Message] | None:
        """The replies of a page, oldest first, or with `newest` newest first. None: there is no
        such thread that the user may see.
        """

    async def follow(
        self, user_id: UserId, message_id: MessageId, *, only_private: bool = False
    ) -> bool:
        """Follow a thread; repeating changes nothing. For a user who follows it for the first time,
        the existing replies count as read. False: there is no such thread that the user may see.
        """

    async def unfollow(
        self, user_id: UserId, message_id: MessageId, *, only_private: bool = False
    ) -> bool:
        """Cease to follow a thread; a later reply of the user does not follow it again. False: as
        `follow`.
        """

    async def mark_read(
        self,
        user_id: UserId,
        message_id: MessageId,
        *,
        up_to: int = MAX_ID,
        only_private: bool = False,
    ) -> bool:
        """Move the user's `read_seq` in a thread forward to `up_to`, or to the channel's last seq
        if that is less. False: the user does not follow the thread, or may not see it.
        """

    async def followed(
        self, user_id: UserId, *, before: int = MAX_ID, limit: int, only_private: bool = False
    ) -> Sequence[FollowedThread]:
        """The threads that a user follows and may see and whose first message they have not hidden,
        with a `place` below `before`, the highest first.
        """
