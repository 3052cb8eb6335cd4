"""What a node publishes to the others: a closed union.

Guarantees: a bulletin holds no live object, so it means the same at another node. Must not know:
its form in bytes, what carries it.
"""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from attrs import field, frozen

from hub.actor.letters import ToEveryone, ToRooms, ToUserInRoom, ToUsers
from hub.limits.quotas import Kind
from persistence.contents.revisions import Revised
from protocol.events import (
    Announced,
    ChannelCreated,
    ChannelMessagesRead,
    ChannelPresence,
    ChannelsAdded,
    ChannelTyping,
    MessagesSeen,
    Noted,
    PresenceChanged,
    PrivateMessagesDelivered,
    PrivateMessagesRead,
    TypingChanged,
    WorkspacePresence,
)
from protocol.model import ChannelId, Posted, User, UserId
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
    | ChannelCreated
    | ChannelsAdded
    | Announced
)
"""The events that are published as they are: those that are born at one node. Messages and their
revisions are published apart, because every node puts them in order; what every node learns from
the store it delivers to its own connections; the others concern one connection.
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


@frozen(order=True)
class Seat:
    """A user in a channel. `peer_id`: the other one, if it is a dm."""

    channel_id: ChannelId
    user_id: UserId
    username: str
    peer_id: UserId | None = None


Key: TypeAlias = UserId | Seat
"""Who is present: a user at all, or in a channel."""


@frozen
class Move:
    """A first connection has come to the node (`is_here`), or the last one there has ended."""

    key: Key
    is_here: bool


@frozen
class Moved:
    """Who came to the node and who left it, in order."""

    items: Sequence[Move]


@frozen
class Present:
    """A part of a snapshot: who is at the node, of `count` in all parts with this `snapshot`."""

    items: Sequence[Key]
    snapshot: int
    count: int


@frozen
class Shown:
    """The presence of somebody is announced, everywhere. `reaching`: the events, each with its
    audience.
    """

    key: Key
    online: bool
    reaching: Sequence[Reaching]


@frozen
class Typed:
    """An indicator begins, goes on or ends, for a recipient or in a channel.

    Args:
        author_id: who types.
        recipient_id: for whom; None: for a channel.
        channel_id: where, if it is not for a recipient.
        is_typing: whether it is on.
        seconds: after which it ends without renewal.
        after: the seq of the author's last message there that its node had lately delivered.
        reaching: the events, each with its audience.
    """

    author_id: UserId
    recipient_id: UserId | None
    channel_id: ChannelId | None
    is_typing: bool
    seconds: float
    after: int
    reaching: Sequence[Reaching]


Sign: TypeAlias = Shown | Typed


@frozen
class Signs:
    """Presence and typing, in order. Each node delivers what changes something there."""

    items: Sequence[Sign]


@frozen
class Repeat:
    """What the node published as `Delivered` with this number; nothing if it does not know that any
    more, or if it was something else.
    """

    number: int
    reaching: Sequence[Reaching]


@frozen
class Repeated:
    """What others have missed. Each delivers what it misses itself."""

    items: Sequence[Repeat]


@frozen
class Takeover:
    """A connection goes on at the node; what is left of it elsewhere is to be closed.

    Args:
        key: the hash under which the store keeps it, in hexadecimal digits.
        since: when it began to go on there, in microseconds since 1970 of the store's clock.
    """

    key: str
    since: int


@frozen
class TakenOver:
    """Connections that go on at the node. If one is lost, the old connection ends by its pings."""

    items: Sequence[Takeover]


@frozen
class Spending:
    """The node has allowed a user `count` of a kind."""

    user_id: UserId
    kind: Kind
    count: int


@frozen
class Spent:
    """What the node has lately allowed; not numbered: of what is lost, nodes allow more."""

    items: Sequence[Spending]


@frozen
class Heartbeat:
    """The node lives; not numbered.

    Args:
        online: a digest of who is at the node, as far as its last numbered bulletin says.
        at: when it was sent, by a clock that means something to that node alone.
        lacks: the nodes of which it does not know who is there: they are to say it.
        misses: by node, the numbers of bulletins that did not come: they are to be repeated.
    """

    online: int
    at: float
    lacks: Sequence[str] = ()
    misses: Mapping[str, Sequence[int]] = field(factory=dict)


@frozen
class Goodbye:
    """The node stops; not numbered.

    Args:
        seconds: for so long its users are not to be announced as offline.
    """

    seconds: float


Numbered: TypeAlias = Stored | Changed | Delivered | Moved | Present | Signs | Repeated | TakenOver
"""Bulletins of which none may be missing; their items can be divided, or put together."""

Bulletin: TypeAlias = Numbered | Spent | Heartbeat | Goodbye
