"""What a client may be told: a closed union that each dialect renders in its own spelling.

Guarantees: an event carries everything a dialect needs to encode it, so encoding needs no lookup
and is done once per dialect. `ephemeral` events may be dropped for a slow client; the others never.

One thing that happened may be several events for several audiences: a private message is
`PrivateMessagePosted` to its two people, and `ChannelMessagePosted` to who has joined its dm
channel. A dialect tells of the one that its clients listen to, so nobody hears of it twice.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import ClassVar, TypeAlias

from attrs import frozen

from protocol.errors import ERROR_TEXTS, ErrorCode
from protocol.model import (
    Channel,
    ChannelId,
    DeliveryStatus,
    Message,
    MessageId,
    Position,
    User,
    UserId,
    Workspace,
    WorkspaceId,
)


@frozen
class Connected:
    """First event on a new connection, to that connection alone."""

    ephemeral: ClassVar[bool] = False
    user: User
    at: datetime


@frozen
class PrivateMessagePosted:
    """A committed message of a dm channel, to every connection of both participants."""

    ephemeral: ClassVar[bool] = False
    message: Message
    author: User
    recipient_id: UserId


@frozen
class ChannelMessagePosted:
    """A committed message of any channel, to who has joined it and to its workspace."""

    ephemeral: ClassVar[bool] = False
    message: Message
    author: User
    workspace_id: WorkspaceId | None


@frozen
class MessageConfirmed:
    """A message was stored, to the connection that sent it and is not told of it otherwise.

    `joined`: whether the connection is told of the channel's other messages.
    """

    ephemeral: ClassVar[bool] = False
    message: Message
    joined: bool


@frozen
class TypingChanged:
    """`user_id` started or stopped typing, to every connection of `recipient_id`."""

    ephemeral: ClassVar[bool] = True
    user_id: UserId
    username: str
    name: str
    recipient_id: UserId
    is_typing: bool
    at: datetime


@frozen
class ChannelTyping:
    """Somebody started or stopped typing in a channel, to who has joined it and its workspace."""

    ephemeral: ClassVar[bool] = True
    channel_id: ChannelId
    workspace_id: WorkspaceId | None
    user_id: UserId
    username: str
    is_typing: bool = True


@frozen
class PresenceChanged:
    """A user came online or went offline, to the users that may know."""

    ephemeral: ClassVar[bool] = True
    user_id: UserId
    online: bool


@frozen
class WorkspacePresence:
    """A member came online or went offline, to the workspace."""

    ephemeral: ClassVar[bool] = True
    workspace_id: WorkspaceId
    user_id: UserId
    online: bool


@frozen
class ChannelPresence:
    """A user came into a channel or left it, to the others who have joined it."""

    ephemeral: ClassVar[bool] = True
    channel_id: ChannelId
    user_id: UserId
    username: str
    online: bool


@frozen
class PrivateMessagesRead:
    """`reader_id` has read everything up to and including `seq`, to the author of the messages and
    to the reader's other devices.

    `message_ids`: those of the author that were unread before, oldest first, the newest 100.
    """

    ephemeral: ClassVar[bool] = False
    reader_id: UserId
    author_id: UserId
    seq: int
    message_ids: tuple[MessageId, ...]
    at: datetime


@frozen
class PrivateMessagesDelivered:
    """`recipient_id` was shown everything up to and including `seq`, to the author."""

    ephemeral: ClassVar[bool] = False
    recipient_id: UserId
    author_id: UserId
    seq: int


@frozen
class ChannelMessagesRead:
    """The same, to who has joined the channel."""

    ephemeral: ClassVar[bool] = False
    channel_id: ChannelId
    reader_id: UserId
    message_ids: tuple[MessageId, ...]


@frozen
class MessagesSeen:
    """`user_id` was delivered or has read messages of `author_id`, to their author."""

    ephemeral: ClassVar[bool] = False
    channel_id: ChannelId
    author_id: UserId
    user_id: UserId
    message_ids: tuple[MessageId, ...]
    status: DeliveryStatus


@frozen
class JoinedChannel:
    """From now on this connection is told what happens in the channel."""

    ephemeral: ClassVar[bool] = False
    channel_id: ChannelId


@frozen
class LeftChannel:
    """No longer; `reason` is set when the client did not ask for it."""

    ephemeral: ClassVar[bool] = False
    channel_id: ChannelId
    reason: str | None = None


@frozen
class ConversationRevoked:
    """`user_id` may no longer see the conversation with `peer_id`, to `user_id`."""

    ephemeral: ClassVar[bool] = False
    user_id: UserId
    peer_id: UserId
    channel_id: ChannelId
    at: datetime


@frozen
class ConversationSubscribed:
    """The client's bookkeeping is acknowledged; delivery does not depend on it."""

    ephemeral: ClassVar[bool] = False
    conversation: str
    subscribed: bool
    at: datetime


@frozen
class ConversationHistory:
    """The newest messages between two users, oldest first, with who they are."""

    ephemeral: ClassVar[bool] = False
    pair: tuple[UserId, UserId]
    messages: Sequence[Message]
    people: Mapping[UserId, User]
    at: datetime


@frozen
class HeartbeatAcknowledged:
    """The client asked whether the server lives."""

    ephemeral: ClassVar[bool] = False


@frozen
class ConversationsResumed:
    """Everything that `user_id` missed in private conversations was told; now it is live again.

    `after`: by peer, the seq up to which the connection has everything. `complete`: whether that is
    all there was; otherwise the rest is to be fetched, from there on.
    """

    ephemeral: ClassVar[bool] = False
    user_id: UserId
    complete: bool
    after: Mapping[UserId, int]
    at: datetime


@frozen
class ChannelsResumed:
    """The same for channels."""

    ephemeral: ClassVar[bool] = False
    complete: bool
    after: Mapping[ChannelId, int]


@frozen
class Ready:
    """The connection is now told what happens in these workspaces of `user`."""

    ephemeral: ClassVar[bool] = False
    user: User
    workspaces: Sequence[Workspace]


@frozen
class ChannelCreated:
    """A new channel, to its workspace."""

    ephemeral: ClassVar[bool] = False
    channel: Channel


@frozen
class MemberAdded:
    """Somebody joined the workspace, to its members, the new one included."""

    ephemeral: ClassVar[bool] = False
    workspace: Workspace
    user: User


@frozen
class MemberRemoved:
    """Somebody left the workspace, to its members, the former one included."""

    ephemeral: ClassVar[bool] = False
    workspace: Workspace
    user: User


@frozen
class Refused:
    """A command or frame was not carried out, to the connection that sent it."""

    ephemeral: ClassVar[bool] = False
    code: ErrorCode
    text: str
    key: str | None = None

    @classmethod
    def because(cls, code: ErrorCode, key: str | None = None) -> "Refused":
        """The refusal with the catalogue's text."""
        return cls(code, ERROR_TEXTS[code], key)


@frozen
class Shed:
    """`count` ephemeral events were dropped because this connection was too slow for them."""

    ephemeral: ClassVar[bool] = False
    count: int
    at: datetime


Event: TypeAlias = (
    Connected
    | PrivateMessagePosted
    | ChannelMessagePosted
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
    | JoinedChannel
    | LeftChannel
    | ConversationRevoked
    | ConversationSubscribed
    | ConversationHistory
    | HeartbeatAcknowledged
    | ConversationsResumed
    | ChannelsResumed
    | Ready
    | ChannelCreated
    | MemberAdded
    | MemberRemoved
    | Refused
    | Shed
)


def position_of(event: Event) -> Position | None:
    """How far a connection that is told of the event has heard of a channel then."""
    match event:
        case PrivateMessagePosted(message=message) | ChannelMessagePosted(message=message):
            return message.position
        case MessageConfirmed(message=message, joined=True):
            return message.position
        case _:
            return None
