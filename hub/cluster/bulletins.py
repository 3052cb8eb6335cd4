"""What a node publishes to the others: a closed union.

Guarantees: a bulletin holds no live object, so it means the same at another node. Must not know:
its form in bytes, what carries it.
"""

from collections.abc import Sequence
from typing import TypeAlias

from attrs import frozen

from hub.actor.letters import ToEveryone, ToRooms, ToUserInRoom, ToUsers
from persistence.contents.revisions import Revised
from protocol.events import (
    Announced,
    ChannelCreated,
    ChannelDeleted,
    ChannelMessagesRead,
    ChannelPresence,
    ChannelsAdded,
    ChannelTyping,
    ConversationRevoked,
    InvitationsChanged,
    MemberAdded,
    MemberRemoved,
    MessagesSeen,
    Noted,
    PresenceChanged,
    PrivateMessagesDelivered,
    PrivateMessagesRead,
    RequestChanged,
    TypingChanged,
    WorkspaceDeleted,
    WorkspacePresence,
)
from protocol.model import Posted, User, UserId
from protocol.revisions import Revision

Crossing: TypeAlias = (
    TypingChanged
    | ChannelTyping
    | PresenceChanged
    | WorkspacePresence
    | ChannelPresence
    | PrivateMessagesRead
    | PrivateMessagesDelivered
    | ChannelMessagesRead
    | MessagesSeen
    | Noted
    | ConversationRevoked
    | RequestChanged
    | InvitationsChanged
    | ChannelCreated
    | ChannelsAdded
    | MemberAdded
    | MemberRemoved
    | ChannelDeleted
    | WorkspaceDeleted
    | Announced
)
"""The events that are published as they are. Messages and their revisions are published apart,
because every node puts them in order; the others concern one connection.
"""

Named: TypeAlias = ToUsers | ToRooms | ToUserInRoom | ToEveryone
"""Audiences that mean something at another node."""


@frozen
class Heading:
    """Whose bulletin it is.

    Args:
        node: the node's name.
        start: another text each time that the node begins.
        number: of the bulletin, among those of this start that are numbered: 1, 2, 3 ...; of one
            that is not numbered, that of the last one before it.
    """

    node: str
    start: str
    number: int


@frozen
class StoredMessage:
    """A message that the node has stored.

    Args:
        posted: the message.
        author: who wrote it.
        pair: the two users of the dm that it is in; None: it is in another channel.
    """

    posted: Posted
    author: User
    pair: tuple[UserId, UserId] | None


@frozen
class Stored:
    """Messages, in the order of their commit."""

    items: Sequence[StoredMessage]


@frozen
class Change:
    """A revision that the node has made, and what was done by whom; `pair` as of a
    `StoredMessage`.
    """

    revised: Revised
    revision: Revision
    user: User
    pair: tuple[UserId, UserId] | None


@frozen
class Changed:
    """Revisions, in the order of their commit."""

    items: Sequence[Change]


@frozen
class Reaching:
    """An event and its audience, without exceptions for single connections."""

    event: Crossing
    to: Named


@frozen
class Delivered:
    """What else the node delivers, in order."""

    items: Sequence[Reaching]


@frozen
class Heartbeat:
    """The node lives; not numbered.

    Args:
        online: a digest of the users that are connected there.
        at: when it was sent, by a clock that means something to that node alone.
    """

    online: int
    at: float


@frozen
class Goodbye:
    """The node stops; not numbered.

    Args:
        seconds: for so long its users are not to be announced as offline.
    """

    seconds: float


Numbered: TypeAlias = Stored | Changed | Delivered
"""Bulletins of which none may be missing; their items can be divided, or put together."""

Bulletin: TypeAlias = Numbered | Heartbeat | Goodbye
