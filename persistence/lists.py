"""What a user's lists show: conversations and channels, a page at a time.

Guarantees: what a page costs grows with its length, and little with how many channels its user has;
whatever is there all the time is on exactly one page, whatever comes and goes meanwhile. Must not
know: how a right is decided.
"""

from collections.abc import Collection, Mapping, Sequence
from enum import Enum, auto
from typing import Final, Protocol, TypeAlias

from attrs import frozen

from persistence.records import ChannelHead, Conversation, Newest
from protocol.model import MAX_ID, ChannelId, Message, User, UserId

MAX_LISTED: Final = 500
"""Entries of a page, unless it is said otherwise."""


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
"""Where a channel stands in a list that is sorted: what it is sorted by, and its id."""


@frozen
class Search:
    """Which channels are searched for, and the part of them that is shown.

    Args:
        text: what their names contain in upper or lower case; of a conversation, the peer's.
        order: what they are sorted by.
        is_descending: whether the largest comes first.
        with_conversations: whether conversations that are not archived are among them.
        after: only those behind this one; None: from the first one on.
        offset: how many of those are left out.
        limit: how many are shown.
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
    """A channel of a search: its name as the user sees it, the peer of a conversation, how many
    members it has, and where it stands.
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
        """The user's conversations with at least one message, by `Conversation.last_id`, largest
        first; only those with a `last_id` below `before`.
        """

    async def unread_count(self, user_id: UserId) -> int:
        """Private messages that count as unread, by others whom the user does not block: the sum
        over those of `conversations` that are neither archived nor muted.
        """

    async def undelivered(self, user_id: UserId, *, limit: int) -> Sequence[Message]:
        """The newest `limit` messages by others above the user's delivered watermarks, oldest
        first, in the channels that have such a watermark, and in dms, that the user may still see.
        """

    async def unread_in(
        self, user_id: UserId, channel_ids: Collection[ChannelId]
    ) -> Mapping[ChannelId, int]:
        """The same of each of these conversations. Those in which nothing is unread may be
        missing.
        """

    async def newest(
        self, user_id: UserId, channel_ids: Collection[ChannelId], *, among: int
    ) -> Mapping[ChannelId, Newest]:
        """Of each of these channels of the user's workspaces that has a message; unread as
        `Messages.unread_in`. One statement.
        """

    async def channels(
        self,
        user_id: UserId,
        places: Places = Places.ALL,
        *,
        after: int = 0,
        limit: int = MAX_LISTED,
    ) -> Sequence[ChannelHead]:
        """The channels that the user may see, by id; only those with an id above `after`. A dm in
        which nothing was said is listed for who opened it. One statement.
        """

    async def writable(
        self, user_id: UserId, channel_ids: Collection[ChannelId]
    ) -> frozenset[ChannelId]:
        """Those of the channels that the user may see and write in. One statement."""

    async def recent(self, user_id: UserId, *, limit: int) -> Sequence[ChannelHead]:
        """As `channels`, those with the newest messages first. One statement."""

    async def moved_first(
        self, user_id: UserId, after: Mapping[UserId, int], *, only: bool = False, limit: int
    ) -> Sequence[ChannelHead]:
        """The user's conversations: first those whose last seq is below that in `after`, by peer,
        then those whose is above it, and then the others, each newest message first. In `after`,
        0 stands for a peer that is not named; `only`: these are left out. One statement.
        """

    async def search(self, user_id: UserId, wanted: Search) -> Sequence[Found]:
        """The channels of the user's workspaces, and conversations with at least one message. One
        statement.
        """
