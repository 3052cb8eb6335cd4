"""What a client may ask for: a closed union, whatever dialect or request it came in.

Guarantees: a command is well-formed (types, ranges, content rules), so handlers only ask whether it
is permitted. Who asks is not part of a command: identity comes from the session alone.
"""

from collections.abc import Mapping
from typing import TypeAlias

from attrs import frozen

from protocol.events import Event
from protocol.model import ChannelId, GradingStatus, MessageId, MessageKind, UserId


@frozen
class SendPrivateMessage:
    """Store `content` in the conversation with `recipient_id` and deliver it to both.

    `key` is the idempotency key: a repeat by the same author stores and delivers nothing.
    `parent_id`: the message of this conversation that it answers.
    """

    recipient_id: UserId
    content: str
    key: str | None = None
    kind: MessageKind = MessageKind.TEXT
    file_url: str | None = None
    parent_id: MessageId | None = None


@frozen
class PostToChannel:
    """Store a message in a channel and deliver it there. Over a socket whose clients join
    channels, the connection must have joined it.
    """

    channel_id: ChannelId
    content: str
    kind: MessageKind = MessageKind.TEXT
    file_url: str | None = None
    key: str | None = None
    parent_id: MessageId | None = None
    is_homework: bool = False


@frozen
class SetTyping:
    """The author started or stopped typing to `recipient_id`."""

    recipient_id: UserId
    is_typing: bool


@frozen
class TypeInChannel:
    """The author started or stopped typing in a channel that this connection has joined."""

    channel_id: ChannelId
    is_typing: bool = True


@frozen
class JoinChannel:
    """Tell this connection what happens in a channel."""

    channel_id: ChannelId


@frozen
class LeaveChannel:
    """No longer tell this connection what happens in a channel."""

    channel_id: ChannelId


@frozen
class MarkRead:
    """The author has read up to a message. `channel_id`: where it must be, if the client said."""

    message_id: MessageId
    channel_id: ChannelId | None = None


@frozen
class MarkConversationRead:
    """The author has read the whole conversation with a peer."""

    peer_id: UserId


@frozen
class HideConversation:
    """Leave a conversation out of the author's list until there is a newer message."""

    peer_id: UserId


@frozen
class DeleteMessage:
    """Forget a message's content; it keeps its place in its channel."""

    message_id: MessageId


@frozen
class GradeMessage:
    """Set the grading status of a homework."""

    message_id: MessageId
    status: GradingStatus


@frozen
class PinMessage:
    """Pin a message of a channel."""

    channel_id: ChannelId
    message_id: MessageId


@frozen
class UnpinMessage:
    """Unpin a message of a channel."""

    channel_id: ChannelId
    message_id: MessageId


@frozen
class MarkDelivered:
    """The author was shown a message, and so those before it in its channel."""

    message_id: MessageId


@frozen
class FetchChannel:
    """The newest `limit` messages of a channel."""

    channel_id: ChannelId
    limit: int


@frozen
class FetchHistory:
    """Tell this connection the newest `limit` messages between two users, lower id first."""

    pair: tuple[UserId, UserId]
    limit: int


@frozen
class Identify:
    """Tell this connection of the workspaces of the user, who must be the session's."""

    user_id: UserId


@frozen
class ResumeConversations:
    """Tell this connection what it missed in its user's private conversations.

    `after`: the last seq it has, by the people of the conversation, where who asks need not be
    named; a conversation that is not named counts as 0.
    """

    after: Mapping[frozenset[UserId], int]


@frozen
class ResumeChannels:
    """Let this connection into channels again and tell it what it missed there.

    `after`: the last seq it has, by channel; when it is empty, every channel of the user from 0.
    `enter`: false where connections are told of channels without joining them.
    """

    after: Mapping[ChannelId, int]
    enter: bool = True


@frozen
class SetSubscription:
    """The client says that it shows a conversation, or no longer; it only wants to hear back."""

    conversation: str
    subscribed: bool


@frozen
class Respond:
    """Send this connection `event`, and do nothing else: the dialect knows it without the hub."""

    event: Event


RequestCommand: TypeAlias = (
    SendPrivateMessage
    | PostToChannel
    | MarkRead
    | MarkConversationRead
    | MarkDelivered
    | FetchChannel
    | FetchHistory
    | HideConversation
    | DeleteMessage
    | GradeMessage
    | PinMessage
    | UnpinMessage
)
"""What needs no connection: it may come in an HTTP request."""

Command: TypeAlias = (
    RequestCommand
    | SetTyping
    | TypeInChannel
    | JoinChannel
    | LeaveChannel
    | Identify
    | ResumeConversations
    | ResumeChannels
    | SetSubscription
    | Respond
)
