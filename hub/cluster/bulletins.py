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
"""The events that are published as they are: those that arise at one node. Messages and their
revisions have bulletins of their own, because every node puts them in order. Events about changes
in the store are made at every node for its own connections; the others concern one connection.
"""

Named: TypeAlias = ToUsers | ToRooms | ToUserInRoom | ToEveryone
"""Audiences that mean something at another node."""


@frozen
class Heading:
    """The node that published a bulletin, and the bulletin's number.

    Args:
        node: the node's name.
        start: another text each time that the node starts.
        number: the numbered bulletins of this start have 1, 2, 3 ...; one that is not numbered has
            the number of the last numbered one before it.
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
    """A change of a message that the node has made: its result, the revision and the user; `pair`
    is that of `StoredMessage`.
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
    """Other events that the node delivers, in order."""

    items: Sequence[Reaching]


@frozen(order=True)
class Seat:
    """A user in a channel. `peer_id`: the other user, if it is a dm."""

    channel_id: ChannelId
    user_id: UserId
    username: str
    peer_id: UserId | None = None


Key: TypeAlias = UserId | Seat
"""Whose presence it is: that of a user, or of a user in a channel."""


@frozen
class Move:
    """The first connection with a key has come to the node (`is_here`), or the last has ended."""

    key: Key
    is_here: bool


@frozen
class Moved:
    """Arrivals at the node and departures from it, in order."""

    items: Sequence[Move]


@frozen
class Present:
    """A part of a snapshot of the users at the node; all parts with this `snapshot` together have
    `count` items.
    """

    items: Sequence[Key]
    snapshot: int
    count: int


@frozen
class Shown:
    """The presence of `key` is announced, at all nodes. `reaching`: the events, each with its
    audience.
    """

    key: Key
    online: bool
    reaching: Sequence[Reaching]


@frozen
class Typed:
    """A typing indicator begins, goes on or ends, for a recipient or in a channel.

    Args:
        author_id: the user who types.
        recipient_id: the user who sees it; None: it is for a channel.
        channel_id: the channel, if it is not for a recipient.
        is_typing: whether it is on.
        seconds: after which it ends without renewal.
        after: the seq of the author's last message there that the author's node has delivered
            lately.
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
    """Presence and typing, in order. Each node delivers those that change something there."""

    items: Sequence[Sign]


@frozen
class Repeat:
    """The events of the node's `Delivered` with this number; none if it has forgotten them, or if
    the bulletin was of another kind.
    """

    number: int
    reaching: Sequence[Reaching]


@frozen
class Repeated:
    """Repeats of bulletins that other nodes miss. Each node delivers those that it misses."""

    items: Sequence[Repeat]


@frozen
class Takeover:
    """A connection continues at the node; other nodes are to close what is left of it.

    Args:
        key: the hash under which the store keeps it, in hexadecimal digits.
        since: when it came to the node, in microseconds since 1970 of the store's clock.
    """

    key: str
    since: int


@frozen
class TakenOver:
    """Connections that continue at the node. If this is lost, their old ones end by their pings."""

    items: Sequence[Takeover]


@frozen
class Spending:
    """The node has allowed a user `count` of a kind."""

    user_id: UserId
    kind: Kind
    count: int


@frozen
class Spent:
    """What the node has lately allowed; not numbered: if it is lost, other nodes allow more."""

    items: Sequence[Spending]


@frozen
class Heartbeat:
    """The node lives; not numbered.

    Args:
        online: a digest of the users at the node, as of its last numbered bulletin.
        at: when it was sent, by the clock of that node alone.
        lacks: the nodes whose users it does not know: they are to publish a snapshot.
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
        seconds: how long its users are not to be announced as offline.
    """

    seconds: float


Numbered: TypeAlias = Stored | Changed | Delivered | Moved | Present | Signs | Repeated | TakenOver
"""Bulletins of which none may be missing; their items can be divided, or put together."""

Bulletin: TypeAlias = Numbered | Spent | Heartbeat | Goodbye
