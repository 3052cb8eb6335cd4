"""The commands that a client may give: a closed union, the same in every dialect and over HTTP.

Guarantees: a command is well-formed (types, ranges, content rules); whether it is permitted remains
to be checked. It does not name its user: identity comes from the session alone.
"""

from collections.abc import Mapping
from typing import TypeAlias

from attrs import frozen

from protocol.events import Event
from protocol.model import ChannelId, MessageId, MessageKind, UserId
from protocol.notes import Mute
from protocol.revisions import Revision


@frozen
class SendPrivateMessage:
    """Store `content` in the conversation with `recipient_id` and deliver it to both.

    `key` is the idempotency key: a repeat by the same author stores and delivers nothing.
    `parent_id`: the message of this conversation that it replies to. `forwards`: the message that
    it becomes a copy of; `content` is empty then.
    """

    recipient_id: UserId
    content: str
    key: str | None = None
    kind: MessageKind = MessageKind.TEXT
    file_url: str | None = None
    parent_id: MessageId | None = None
    forwards: MessageId | None = None


@frozen
class PostToChannel:
    """Store a message in a channel and deliver it there. Over a socket whose clients join
    channels, the connection must have joined it. `forwards`: as of SendPrivateMessage.
    """

    channel_id: ChannelId
    content: str
    kind: MessageKind = MessageKind.TEXT
    file_url: str | None = None
    key: str | None = None
    parent_id: MessageId | None = None
    is_homework: bool = False
    forwards: MessageId | None = None


@frozen
class SetTyping:
    """The user started or stopped typing to `recipient_id`."""

    recipient_id: UserId
    is_typing: bool


@frozen
class TypeInChannel:
    """The user started or stopped typing in a channel that this connection has joined."""

    channel_id: ChannelId
    is_typing: bool = True


@frozen
class JoinChannel:
    """Send this connection the events of a channel from now on."""

    channel_id: ChannelId


@frozen
class LeaveChannel:
    """Stop sending this connection the events of a channel."""

    channel_id: ChannelId


@frozen
class MarkRead:
    """The user has read a channel up to a message.

    `channel_id`: the channel it must be in, where the client named one.
    """

    message_id: MessageId
    channel_id: ChannelId | None = None


@frozen
class MarkConversationRead:
    """The user has read the conversation with a peer up to this seq."""

    peer_id: UserId
    up_to: int


@frozen
class HideConversation:
    """Leave a conversation out of the user's list until there is a newer message."""

    peer_id: UserId


@frozen
class ReviseMessage:
    """Change a stored message. `channel_id`: the channel that it must be in; None: any. `key`: the
    user's idempotency key for revisions. `only_private`: it must be in a private conversation,
    because the client is shown no other messages.
    """

    message_id: MessageId
    revision: Revision
    channel_id: ChannelId | None = None
    key: str | None = None
    only_private: bool = False


@frozen
class MarkUnread:
    """Mark a message and those after it in its channel as unread, for the user alone.
    `channel_id`, `only_private`: as in `ReviseMessage`.
    """

    message_id: MessageId
    channel_id: ChannelId | None = None
    only_private: bool = False


@frozen
class HideMessage:
    """Hide a message from the user alone, or show it again (not `is_hidden`); see `MarkUnread`."""

    message_id: MessageId
    channel_id: ChannelId | None = None
    only_private: bool = False
    is_hidden: bool = True


@frozen
class MuteChannel:
    """Mute a channel for the user alone. `mute`: None ends the mute."""

    channel_id: ChannelId
    mute: Mute | None


@frozen
class MuteConversation:
    """As `MuteChannel`, for the conversation with a peer."""

    peer_id: UserId
    mute: Mute | None


@frozen
class MarkDelivered:
    """A device of the user has received a message, and with it all before it in its channel."""

    message_id: MessageId


@frozen
class FetchChannel:
    """Look up the newest `limit` messages of a channel."""

    channel_id: ChannelId
    limit: int


@frozen
class FetchHistory:
    """Send this connection the newest `limit` messages between two users (lower id first)."""

    pair: tuple[UserId, UserId]
    limit: int


@frozen
class Identify:
    """Send this connection the events of its user's workspaces; `user_id` must be the session's."""

    user_id: UserId


@frozen
class ResumeConversations:
    """Send this connection what it missed in its user's private conversations.

    `after`: the last seq that the client has, by the two people of a conversation or by the peer
    alone; 0 for conversations that are not in it. `epoch`: of the log that these positions belong
    to, as far as the client knows. `only`: send nothing of conversations that are not in `after`.
    `revs`: the last rev that the client knows, with keys as in `after`; None: send no revisions.
    `notes`: the number of its user's last note that the client knows; None: send no notes.
    """

    after: Mapping[frozenset[UserId], int]
    epoch: str | None = None
    only: bool = False
    revs: Mapping[frozenset[UserId], int] | None = None
    notes: int | None = None


@frozen
class ResumeChannels:
    """Join channels again and send this connection what it missed there.

    `after`: the last seq that the client has, by channel; None: every channel of the user from 0.
    `enter`: false in dialects whose connections receive channels without joining them.
    `epoch`, `notes`: as in `ResumeConversations`. `revs`: the last rev that the client knows, by
    channel; None: send no revisions.
    """

    after: Mapping[ChannelId, int] | None
    enter: bool = True
    epoch: str | None = None
    revs: Mapping[ChannelId, int] | None = None
    notes: int | None = None


@frozen
class SetSubscription:
    """The client shows a conversation, or no longer; it gets an acknowledgement, nothing else."""

    conversation: str
    subscribed: bool


@frozen
class Respond:
    """Send this connection `event`, which the dialect made itself, and do nothing else."""

    event: Event


NoteCommand: TypeAlias = MarkUnread | HideMessage | MuteChannel | MuteConversation
"""The commands that make notes."""

RequestCommand: TypeAlias = (
    SendPrivateMessage
    | PostToChannel
    | MarkRead
    | MarkConversationRead
    | MarkDelivered
    | FetchChannel
    | FetchHistory
    | HideConversation
    | NoteCommand
    | ReviseMessage
)
"""The commands that need no connection: they may come in an HTTP request."""

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
