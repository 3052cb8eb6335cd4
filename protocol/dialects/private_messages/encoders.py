"""The frames a client of `/ws` receives. See docs/dialects/private_messages.md#frames."""

from typing import Final, Literal, NotRequired, TypedDict

from protocol.dialect import (
    Encoders,
    omitting,
)
from protocol.dialects.private_messages.notes import (
    ConversationNoteObject,
    HiddenMessageObject,
    conversation_note,
    hidden_message,
)
from protocol.dialects.private_messages.shapes import PrivateMessageObject, private_message_object
from protocol.errors import CONVERSATION_CLOSED, ErrorCode
from protocol.events import (
    Announced,
    ChannelCreated,
    ChannelDeleted,
    ChannelMessagePosted,
    ChannelMessageRevised,
    ChannelMessagesRead,
    ChannelPresence,
    ChannelsAdded,
    ChannelsResumed,
    ChannelTyping,
    Connected,
    ConversationBegun,
    ConversationHistory,
    ConversationRevoked,
    ConversationsResumed,
    ConversationSubscribed,
    HeartbeatAcknowledged,
    InvitationsChanged,
    JoinedChannel,
    LeftChannel,
    MemberAdded,
    MemberRemoved,
    MentionChanged,
    MessageConfirmed,
    MessagesSeen,
    Noted,
    PresenceChanged,
    PrivateMessagePosted,
    PrivateMessageRevised,
    PrivateMessagesDelivered,
    PrivateMessagesRead,
    Ready,
    Refused,
    RequestChanged,
    Shed,
    ThreadReplied,
    TypingChanged,
    WorkspaceDeleted,
    WorkspacePresence,
)
from protocol.model import ChannelId, UserId
from protocol.notes import ChannelNote
from protocol.parsing.tagged import HEARTBEAT_ACK, HeartbeatAckFrame
from protocol.revisions import React
from protocol.shapes.resumed import ResumedFrame, resumed_object
from protocol.shapes.revisions import Change, change_of
from protocol.shapes.timestamps import Timestamp, timestamp


class SystemFrame(TypedDict):
    """The first frame of a connection. `epoch`: which log it is."""

    type: Literal["system"]
    message: str
    epoch: str


class PrivateMessageFrame(TypedDict):
    """A message of one of the client's conversations."""

    type: Literal["private_message"]
    sender_id: UserId
    recipient_id: UserId
    message: PrivateMessageObject


class TypingFrame(TypedDict):
    """The other side of a conversation types, or no longer."""

    type: Literal["typing_indicator"]
    user_id: UserId
    sender_id: UserId
    sender_name: str
    recipient_id: UserId
    is_typing: bool
    timestamp: Timestamp


class OnlineFrame(TypedDict):
    """A user is online, or no longer."""

    type: Literal["user_online_status"]
    user_id: UserId
    is_online: bool


class ReadFrame(TypedDict):
    """Everything up to `seq` has been read."""

    type: Literal["messages_read"]
    reader_id: UserId
    sender_id: UserId
    seq: int


class RevisedFrame(TypedDict):
    """A message was changed. `message`: the message as it is now; `user_id`: who changed it, if
    that is known; `emoji`: of a reaction that was added or removed.
    """

    type: Literal["message_updated", "message_deleted", "message_reaction"]
    change: Change
    sender_id: UserId
    recipient_id: UserId
    message: PrivateMessageObject
    user_id: NotRequired[UserId]
    emoji: NotRequired[str]


class MentionFrame(TypedDict):
    """A message of one of the client's conversations mentions its user, or does so no longer."""

    type: Literal["mention"]
    mentioned: bool
    sender_id: UserId
    recipient_id: UserId
    message: PrivateMessageObject


class DeliveredFrame(TypedDict):
    """Everything up to `seq` has been shown."""

    type: Literal["messages_delivered"]
    recipient_id: UserId
    sender_id: UserId
    seq: int


class RevokedFrame(TypedDict):
    """The client may no longer see the conversation with a user."""

    type: Literal["revoked"]
    user_id: UserId
    channel: ChannelId
    reason: str


class RequestFrame(TypedDict):
    """The client's user has accepted or declined the message request of a user."""

    type: Literal["message_request"]
    user_id: UserId
    is_waiting: bool


class ErrorFrame(TypedDict):
    """A frame was refused. `field`: its field that is at fault, if there is one."""

    type: Literal["error"]
    code: ErrorCode
    message: str
    client_id: NotRequired[str]
    field: NotRequired[str]


class ConversationNoteFrame(ConversationNoteObject):
    """The client's user has noted something of a conversation, for themself alone."""

    type: Literal["conversation_noted"]


class HiddenMessageFrame(HiddenMessageObject):
    """The client's user has hidden a message, or shown it again, for themself alone."""

    type: Literal["message_hidden"]


class AnnouncementFrame(TypedDict):
    """An announcement of the operator to everybody."""

    type: Literal["announcement"]
    text: str
    timestamp: Timestamp


class ShedFrame(TypedDict):
    """So many frames were dropped, because the client reads too slowly."""

    type: Literal["shed"]
    events: int


def _welcome(event: Connected) -> tuple[SystemFrame]:
    return ({"type": "system", "message": "Welcome to the chat!", "epoch": event.epoch},)


def _posted(event: PrivateMessagePosted) -> tuple[PrivateMessageFrame]:
    frame: PrivateMessageFrame = {
        "type": "private_message",
        "sender_id": event.message.author_id,
        "recipient_id": event.recipient_id,
        "message": private_message_object(event.message, event.recipient_id),
    }
    return (frame,)


def _revised(event: PrivateMessageRevised) -> tuple[RevisedFrame, ...]:
    message, recipient_id = event.message, event.message.recipient_id
    if recipient_id is None:
        return ()  # a message of the assistant
    frame: RevisedFrame = {
        "type": "message_updated",
        "change": change_of(event),
        "sender_id": message.author_id,
        "recipient_id": recipient_id,
        "message": private_message_object(message, recipient_id),
    }
    if message.is_deleted:
        frame["type"] = "message_deleted"
    elif isinstance(event.revision, React):
        frame["type"] = "message_reaction"
        frame["emoji"] = event.revision.emoji
    if event.user is not None:
        frame["user_id"] = event.user.id
    return (frame,)


def _mention(event: MentionChanged) -> tuple[MentionFrame, ...]:
    recipient_id = event.about.recipient_id
    if recipient_id is None:
        return ()  # in a channel, which clients do not see
    frame: MentionFrame = {
        "type": "mention",
        "mentioned": event.is_mentioned,
        "sender_id": event.about.author_id,
        "recipient_id": recipient_id,
        "message": private_message_object(event.about, recipient_id),
    }
    return (frame,)


def _typing_changed(event: TypingChanged) -> tuple[TypingFrame]:
    frame: TypingFrame = {
        "type": "typing_indicator",
        "user_id": event.user_id,
        "sender_id": event.user_id,
        "sender_name": event.name,
        "recipient_id": event.recipient_id,
        "is_typing": event.is_typing,
        "timestamp": timestamp(event.at),
    }
    return (frame,)


def _presence(event: PresenceChanged) -> tuple[OnlineFrame]:
    frame: OnlineFrame = {
        "type": "user_online_status",
        "user_id": event.user_id,
        "is_online": event.online,
    }
    return (frame,)


def _messages_read(event: PrivateMessagesRead) -> tuple[ReadFrame]:
    frame: ReadFrame = {
        "type": "messages_read",
        "reader_id": event.reader_id,
        "sender_id": event.author_id,
        "seq": event.seq,
    }
    return (frame,)


def _messages_delivered(event: PrivateMessagesDelivered) -> tuple[DeliveredFrame]:
    frame: DeliveredFrame = {
        "type": "messages_delivered",
        "recipient_id": event.recipient_id,
        "sender_id": event.author_id,
        "seq": event.seq,
    }
    return (frame,)


def _resumed(event: ConversationsResumed) -> tuple[ResumedFrame]:
    return ({"type": "resumed", **resumed_object(event, str)},)


def _revoked(event: ConversationRevoked) -> tuple[RevokedFrame]:
    frame: RevokedFrame = {
        "type": "revoked",
        "user_id": event.peer_id,
        "channel": event.channel_id,
        "reason": CONVERSATION_CLOSED,
    }
    return (frame,)


def _request(event: RequestChanged) -> tuple[RequestFrame]:
    frame: RequestFrame = {
        "type": "message_request",
        "user_id": event.peer_id,
        "is_waiting": event.is_waiting,
    }
    return (frame,)


def _noted(event: Noted) -> tuple[ConversationNoteFrame | HiddenMessageFrame, ...]:
    if event.peer_id is None:
        return ()  # about a channel, for which there is no frame
    if isinstance(event.note, ChannelNote):
        noted = conversation_note(event.note, event.peer_id, event.at)
        return ({"type": "conversation_noted", **noted},)
    return ({"type": "message_hidden", **hidden_message(event.note, event.peer_id)},)


def _refused(event: Refused) -> tuple[ErrorFrame]:
    frame: ErrorFrame = {"type": "error", "code": event.code, "message": event.text}
    if event.key is not None:
        frame["client_id"] = event.key
    if event.field is not None:
        frame["field"] = event.field
    return (frame,)


def _announced(event: Announced) -> tuple[AnnouncementFrame]:
    return ({"type": "announcement", "text": event.text, "timestamp": timestamp(event.at)},)


def _shed(event: Shed) -> tuple[ShedFrame]:
    return ({"type": "shed", "events": event.count},)


def _heartbeat_acknowledged(_: HeartbeatAcknowledged) -> tuple[HeartbeatAckFrame]:
    return (HEARTBEAT_ACK,)


ENCODERS: Final[Encoders] = {
    PrivateMessagePosted: _posted,
    PrivateMessageRevised: _revised,
    MentionChanged: _mention,
    TypingChanged: _typing_changed,
    PresenceChanged: _presence,
    PrivateMessagesRead: _messages_read,
    PrivateMessagesDelivered: _messages_delivered,
    ConversationsResumed: _resumed,
    ConversationRevoked: _revoked,
    RequestChanged: _request,
    Connected: _welcome,
    Noted: _noted,
    Refused: _refused,
    Announced: _announced,
    Shed: _shed,
    HeartbeatAcknowledged: _heartbeat_acknowledged,
}


OMITS: Final = omitting(
    {
        "private messages arrive as PrivateMessagePosted, also for the connection that sent one": (
            ChannelMessagePosted,
            ChannelMessageRevised,
            ConversationBegun,
            MessageConfirmed,
        ),
        "receipts arrive as PrivateMessagesRead and PrivateMessagesDelivered": (
            ChannelMessagesRead,
            MessagesSeen,
        ),
        "a reply in a conversation is sent to every connection itself": (ThreadReplied,),
        "clients do not join channels": (
            JoinedChannel,
            LeftChannel,
            ChannelTyping,
            ChannelPresence,
            ChannelsResumed,
        ),
        "clients do not see workspaces": (
            Ready,
            WorkspacePresence,
            ChannelCreated,
            ChannelsAdded,
            MemberAdded,
            MemberRemoved,
            InvitationsChanged,
            ChannelDeleted,
            WorkspaceDeleted,
        ),
        "no frame asks for it; history and conversations are REST": (
            ConversationSubscribed,
            ConversationHistory,
        ),
    }
)
