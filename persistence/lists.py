"""The lists of a user: conversations and channels, a page at a time.

Guarantees: the cost of a page grows with its length, and little with the number of the user's
channels; an entry that exists during the whole paging is on exactly one page, even if others are
added and removed meanwhile. Must not know: how a right is decided.
"""

from collections.abc import Collection, Mapping, Sequence
from enum import Enum, auto
from typing import Final, Protocol, TypeAlias

from attrs import frozen

from persistence.records import ChannelHead, Conversation, Newest
from protocol.model import MAX_ID, ChannelId, Message, User, UserId

MAX_LISTED: Final = 500
"""Entries of a page by default."""


class Which(Enum):
    """Which conversations are listed."""

    ALL = auto()
    UNARCHIVED = auto()
    REQUESTS = auto()
    """Message requests to the user."""


class Places(Enum):
    """Which channels are listed."""

    ALL = auto()
    CONVERSATIONS = auto()
    IN_WORKSPACES = auto()


class Order(Enum):
    """What a list of channels is sorted by."""

    CREATED_AT = auto()
    MEMBER_COUNT = auto()
    NAME = auto()


Key: TypeAlias = tuple[str, ChannelId]
"""The position of a channel in a sorted list: the value it is sorted by, and its id."""


@frozen
class Search:
    """Which channels are searched for, and the part of them that is shown.

    Args:
        text: the channel's name contains it, regardless of case; for a conversation, the peer's.
        order: what the channels are sorted by.
        is_descending: whether the largest comes first.
        with_conversations: whether conversations that are not archived are included.
        after: only channels behind this key; None: from the first one on.
        offset: how many of these are left out.
        limit: how many are shown at most.
    """

    text: str = ""
    order: Order = Order.CREATED_AT
    is_descending: bool = False
    with_conversations: bool = True
    after: Key | None = None
    offset: int = 0
    limit: int = MAX_LISTED


@frozen
class Found:
    """A channel that a search has found: its name as the user sees it, the peer of a conversation,
    the number of members, and the position in the list.
    """

    head: ChannelHead
    name: str
    peer: User | None
    members: int
    key: Key


class Lists(Protocol):
    """The lists of a user. Nothing that the user may not see is in them, nor a message request that
    was declined or whose author the user blocks.
    """

    async def conversations(
        self,
        user_id: UserId,
        which: Which = Which.ALL,
        *,
        before: int = MAX_ID,
        limit: int = MAX_LISTED,
    ) -> Sequence[Conversation]:
        """The user's conversations with at least one message and a `Conversation.last_id` below
        `before`, the largest `last_id` first.
        """

    async def unread_count(self, user_id: UserId) -> int:
        """How many private messages count as unread, by peers that the user does not block: the sum
        over the `conversations` that are neither archived nor muted.
        """

    async def undelivered(self, user_id: UserId, *, limit: int) -> Sequence[Message]:
        """The newest `limit` messages by others above the user's delivered watermarks, oldest
        first, in dms and in channels with such a watermark, if the user may still see them.
        """

    async def unread_in(
        self, user_id: UserId, channel_ids: Collection[ChannelId]
    ) -> Mapping[ChannelId, int]:
        """How many messages are unread, by conversation. Those in which nothing is unread may be
        missing.
        """

    async def newest(
        self, user_id: UserId, channel_ids: Collection[ChannelId], *, among: int
    ) -> Mapping[ChannelId, Newest]:
        """The newest message of each of these channels of the user's workspaces, without empty
        ones; unread as in `Messages.unread_in`. One statement.
        """

    async def channels(
        self,
        user_id: UserId,
        places: Places = Places.ALL,
        *,
        after: int = 0,
        limit: int = MAX_LISTED,
    ) -> Sequence[ChannelHead]:
        """The channels that the user may see, by id; only those with an id above `after`. A dm
        without messages is listed only for a user who has opened it. One statement.
        """

    async def writable(
        self, user_id: UserId, channel_ids: Collection[ChannelId]
    ) -> frozenset[ChannelId]:
        """The ones of these channels that the user may see and write in. One statement."""

    async def recent(self, user_id: UserId, *, limit: int) -> Sequence[ChannelHead]:
        """As `channels`, the ones with the newest messages first. One statement."""

    async def moved_first(
        self, user_id: UserId, after: Mapping[UserId, int], *, only: bool = False, limit: int
    ) -> Sequence[ChannelHead]:
        """The user's conversations, compared with the seqs in `after`, which are by peer: first
        those with a lower last seq, then those with a higher one, then the others, each group by
        newest message. A peer that `after` does not name counts as 0, or is left out with `only`.
        One statement.
        """

    async def search(self, user_id: UserId, wanted: Search) -> Sequence[Found]:
        """The channels of the user's workspaces, and conversations with at least one message. One
        statement.
        """
