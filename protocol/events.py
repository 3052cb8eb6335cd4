"""What a hub sends to clients: a closed union that each dialect encodes in its own spelling.

Guarantees: an event carries everything a dialect needs to encode it, so encoding needs no lookup
and is done once per dialect. `ephemeral` events may be dropped for a slow client; the others never
are. `position` is the log position that a client has reached once it received the event.

One thing that happened may be several events for several audiences: a private message is
`PrivateMessagePosted` for its two people, and `ChannelMessagePosted` for the clients that have
joined its dm channel. A dialect encodes the one that its clients listen to, so that no client
receives the message twice.

A new event is added to the union `Event`. mypy then asks for `ephemeral` and `position`, and
tests/protocol/dialects asks every dialect to encode it or to say why it does not.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import ClassVar, TypeAlias

from attrs import frozen

from protocol.errors import ERROR_TEXTS, ErrorCode, WireError
from protocol.model import (
    Channel,
    ChannelId,
    DeliveryStatus,
    Message,
    MessageId,
    Position,
    RevisionPosition,
    User,
    UserId,
    Workspace,
    WorkspaceId,
)
from protocol.revisions import Revision


class Ephemeral:
    """Base of events that a slow client may miss. They move no position."""

    __slots__ = ()
    ephemeral: ClassVar[bool] = True
    position: ClassVar[None] = None


class Reliable:
    """Base of events that are never dropped and move no position."""

    __slots__ = ()
    ephemeral: ClassVar[bool] = False
    position: ClassVar[None] = None


@frozen
class Connected(Reliable):
    """First event on a new connection, to that connection alone. `epoch`: which log it is;
    positions in it mean nothing in another one.
    """

    user: User
    at: datetime
    epoch: str


@frozen
class PrivateMessagePosted:
    """A committed message of a dm channel, to every connection of both participants."""

    ephemeral: ClassVar[bool] = False
    message: Message
    author: User
    recipient_id: UserId

    @property
    def position(self) -> Position:
        """Where the message stands in its channel."""
        return self.message.position


@frozen
class ChannelMessagePosted:
    """A committed message of any channel, to the clients that joined it and to its workspace."""

    ephemeral: ClassVar[bool] = False
    message: Message
    author: User
    workspace_id: WorkspaceId | None

    @property
    def position(self) -> Position:
        """Where the message stands in its channel."""
        return self.message.position


@frozen
class ConversationBegun:
    """The first message of a dm, to the connections of its two people that have not joined it: they
    could not know of it.
    """

    ephemeral: ClassVar[bool] = False
    message: Message
    author: User

    @property
    def position(self) -> Position:
        """Where the message stands in its channel."""
        return self.message.position


@frozen
class MessageConfirmed:
    """A message was stored, to the connection that sent it, where that gets no copy of it.

    `joined`: whether the connection receives the channel's other messages.
    """

    ephemeral: ClassVar[bool] = False
    message: Message
    joined: bool

    @property
    def position(self) -> Position | None:
        """Where the message stands; None where the connection does not follow the channel."""
        return self.message.position if self.joined else None


@frozen
class TypingChanged(Ephemeral):
    """`user_id` started or stopped typing, to every connection of `recipient_id`."""

    user_id: UserId
    username: str
    name: str
    recipient_id: UserId
    is_typing: bool
    at: datetime


@frozen
class ChannelTyping(Ephemeral):
    """A user started or stopped typing in a channel, to the clients that joined it and to its
    workspace.
    """

    channel_id: ChannelId
    workspace_id: WorkspaceId | None
    user: User
    is_typing: bool = True


@frozen
class PresenceChanged(Ephemeral):
    """A user came online or went offline, to the users allowed to see it."""

    user_id: UserId
    online: bool


@frozen
class WorkspacePresence(Ephemeral):
    """A member came online or went offline, to the workspace."""

    workspace_id: WorkspaceId
    user_id: UserId
    online: bool


@frozen
class ChannelPresence(Ephemeral):
    """A user joined or left a channel, to the other clients that joined it."""

    channel_id: ChannelId
    user_id: UserId
    username: str
    online: bool


@frozen
class PrivateMessagesRead(Reliable):
    """`reader_id` has read everything up to and including `seq`, to the author of the messages and
    to the reader's other devices.

    `message_ids`: the author's messages that were unread until now, oldest first, at most the
    newest 1,000.
    """

    reader_id: UserId
    author_id: UserId
    seq: int
    message_ids: tuple[MessageId, ...]
    at: datetime


@frozen
class PrivateMessagesDelivered(Reliable):
    """A device of `recipient_id` showed everything up to and including `seq`, to the author."""

    recipient_id: UserId
    author_id: UserId
    seq: int


@frozen
class ChannelMessagesRead(Reliable):
    """`reader_id` has read these messages, to the clients that joined the channel; the newest of
    them also to the reader's other connections.
    """

    channel_id: ChannelId
    reader_id: UserId
    message_ids: tuple[MessageId, ...]


@frozen
class MessagesSeen(Reliable):
    """Messages of `author_id` were delivered to `user_id` or read by them, to the author; the
    newest one that was read, whoever wrote it, also to the other connections of `user_id`.
    """

    channel_id: ChannelId
    author_id: UserId
    user_id: UserId
    message_ids: tuple[MessageId, ...]
    status: DeliveryStatus


@frozen
class Revised:
    """A message was changed. `revision`: what was done, and `user`: who did it; None: one of
    several that were missed. A deleted message has no content.
    """

    ephemeral: ClassVar[bool] = False
    message: Message
    at: datetime
    revision: Revision | None = None
    user: User | None = None

    @property
    def position(self) -> RevisionPosition:
        """How far a client knows the channel's revisions then."""
        return RevisionPosition(self.message.channel_id, self.message.rev)


@frozen
class PrivateMessageRevised(Revised):
    """A message of a dm, to every connection of those of its people who may see it."""


@frozen
class ChannelMessageRevised(Revised):
    """A message of any channel, to the clients that joined it and to its workspace."""

    workspace_id: WorkspaceId | None = None


@frozen
class JoinedChannel(Reliable):
    """The connection joined the channel: from now on it receives the channel's events."""

    channel_id: ChannelId


@frozen
class LeftChannel(Reliable):
    """The connection left the channel; `reason` is set when the client did not ask for it."""

    channel_id: ChannelId
    reason: str | None = None


@frozen
class ConversationRevoked(Reliable):
    """`user_id` may no longer see the conversation with `peer_id`, to `user_id`."""

    user_id: UserId
    peer_id: UserId
    channel_id: ChannelId
    at: datetime


@frozen
class RequestChanged(Reliable):
    """`user_id` has accepted or declined what `peer_id` wrote, to `user_id`. `is_waiting`: whether
    it still waits for a decision.
    """

    user_id: UserId
    peer_id: UserId
    is_waiting: bool


@frozen
class InvitationsChanged(Reliable):
    """`user_id` was invited to a workspace, or an invitation is gone, to `user_id`.

    `count`: how many wait for an answer.
    """

    user_id: UserId
    count: int


@frozen
class ConversationSubscribed(Reliable):
    """A subscription is acknowledged; which messages a client receives does not depend on it."""

    conversation: str
    subscribed: bool
    at: datetime


@frozen
class ConversationHistory(Reliable):
    """The newest messages between two users, oldest first, with who they are."""

    pair: tuple[UserId, UserId]
    messages: Sequence[Message]
    people: Mapping[UserId, User]
    at: datetime


@frozen
class HeartbeatAcknowledged(Reliable):
    """Reply to a client's heartbeat."""


@frozen
class ConversationsResumed(Reliable):
    """End of a resume: what `user_id` missed in private conversations was sent, and live events
    follow.

    `after`: by peer, the seq up to which the connection has everything. `complete`: whether nothing
    was left out; if false, the client fetches the rest over REST, from `after` on, or from where it
    was in conversations that are not in it. `epoch`: which log `after` is of. `reset`: the client
    named positions that are not of this log, so everything was sent from the beginning; what else
    it has is not in the log any more. `revs`: by peer, the rev up to which the connection knows
    what was changed of the messages that it has; None: it did not ask.
    """

    user_id: UserId
    complete: bool
    after: Mapping[UserId, int]
    at: datetime
    epoch: str
    reset: bool = False
    revs: Mapping[UserId, int] | None = None


@frozen
class ChannelsResumed(Reliable):
    """End of a resume in channels. `after`, `revs`: by channel; see `ConversationsResumed`."""

    complete: bool
    after: Mapping[ChannelId, int]
    epoch: str
    reset: bool = False
    revs: Mapping[ChannelId, int] | None = None


@frozen
class Ready(Reliable):
    """Reply to `Identify`: from now on the connection receives the events of these workspaces.
    `epoch`: see `Connected`.
    """

    user: User
    workspaces: Sequence[Workspace]
    epoch: str


@frozen
class ChannelCreated(Reliable):
    """A new channel, to its workspace."""

    channel: Channel


@frozen
class ChannelsAdded(Reliable):
    """A user may see more channels, to every connection of theirs: they are new in a workspace of
    the user, or the user is new there. `channels`: each with its last seq and its last rev.
    """

    channels: Sequence[tuple[Channel, int, int]]


@frozen
class MemberAdded(Reliable):
    """A user joined the workspace, to its members, the new one included."""

    workspace: Workspace
    user: User


@frozen
class MemberRemoved(Reliable):
    """A user left the workspace or was removed, to its members and to that user. `user`: None when
    the account was deleted.
    """

    workspace: Workspace
    user_id: UserId
    user: User | None


@frozen
class ChannelDeleted(Reliable):
    """A channel was deleted, to its workspace. Who had joined it is sent `LeftChannel`."""

    channel_id: ChannelId
    workspace_id: WorkspaceId


@frozen
class WorkspaceDeleted(Reliable):
    """A workspace was deleted, to the connections that followed it, as their last event of it."""

    workspace_id: WorkspaceId


@frozen
class Refused(Reliable):
    """A command was refused or a frame malformed, to the connection that sent it. `field`: which
    one of the frame is at fault, as the client spells it.
    """

    code: ErrorCode
    text: str
    key: str | None = None
    field: str | None = None
    retry_after: int = 1  # seconds, where it may be allowed again

    @classmethod
    def because(cls, code: ErrorCode, key: str | None = None) -> "Refused":
        """The refusal with the catalogue's text."""
        return cls(code, ERROR_TEXTS[code], key)

    @classmethod
    def of(cls, error: WireError) -> "Refused":
        """The refusal of a frame that is malformed."""
        return cls(error.code, error.text, error.key, error.field)


@frozen
class Announced(Reliable):
    """The operator has something to say, to everybody who is connected."""

    text: str
    at: datetime


@frozen
class Shed(Reliable):
    """`count` ephemeral events were dropped because the connection reads too slowly."""

    count: int
    at: datetime


Event: TypeAlias = (
    Connected
    | PrivateMessagePosted
    | ChannelMessagePosted
    | ConversationBegun
    | MessageConfirmed
    | TypingChanged
    | ChannelTyping
    | PresenceChanged
    | WorkspacePresence
    | ChannelPresence
    | PrivateMessagesRead
    | PrivateMessagesDelivered
    | ChannelMessagesRead
    | MessagesSeen
    | PrivateMessageRevised
    | ChannelMessageRevised
    | JoinedChannel
    | LeftChannel
    | ConversationRevoked
    | RequestChanged
    | InvitationsChanged
    | ConversationSubscribed
    | ConversationHistory
    | HeartbeatAcknowledged
    | ConversationsResumed
    | ChannelsResumed
    | Ready
    | ChannelCreated
    | ChannelsAdded
    | MemberAdded
    | MemberRemoved
    | ChannelDeleted
    | WorkspaceDeleted
    | Refused
    | Announced
    | Shed
)
