"""The frames a client of `/ws` receives. See docs/dialects/private_messages.md#frames."""

from typing import Final

import orjson

from protocol.dialect import (
    Encoders,
    omitting,
)
from protocol.dialects.private_messages.shapes import private_message_object
from protocol.errors import CONVERSATION_CLOSED
from protocol.events import (
    ChannelCreated,
    ChannelMessagePosted,
    ChannelMessagesRead,
    ChannelPresence,
    ChannelsAdded,
    ChannelsResumed,
    ChannelTyping,
    Connected,
    ConversationHistory,
    ConversationRevoked,
    ConversationsResumed,
    ConversationSubscribed,
    HeartbeatAcknowledged,
    JoinedChannel,
    LeftChannel,
    MemberAdded,
    MemberRemoved,
    MessageConfirmed,
    MessagesSeen,
    PresenceChanged,
    PrivateMessagePosted,
    PrivateMessagesDelivered,
    PrivateMessagesRead,
    Ready,
    Refused,
    Shed,
    TypingChanged,
    WorkspacePresence,
)
from protocol.parsing.tagged import HEARTBEAT_ACK
from protocol.shapes.timestamps import timestamp

_WELCOME: Final = b'{"type":"system","message":"Welcome to the chat!"}'


def _welcome(_: Connected) -> tuple[bytes, ...]:
    return (_WELCOME,)


def _posted(event: PrivateMessagePosted) -> tuple[bytes, ...]:
    frame = {
        "type": "private_message",
        "sender_id": event.message.author_id,
        "recipient_id": event.recipient_id,
        "message": private_message_object(event.message, event.recipient_id),
    }
    return (orjson.dumps(frame),)


def _typing_changed(event: TypingChanged) -> tuple[bytes, ...]:
    frame = {
        "type": "typing_indicator",
        "user_id": event.user_id,
        "sender_id": event.user_id,
        "sender_name": event.name,
        "recipient_id": event.recipient_id,
        "is_typing": event.is_typing,
        "timestamp": timestamp(event.at),
    }
    return (orjson.dumps(frame),)


def _presence(event: PresenceChanged) -> tuple[bytes, ...]:
    frame = {
        "type": "user_online_status",
        "user_id": event.user_id,
        "is_online": event.online,
    }
    return (orjson.dumps(frame),)


def _messages_read(event: PrivateMessagesRead) -> tuple[bytes, ...]:
    frame = {
        "type": "messages_read",
        "reader_id": event.reader_id,
        "sender_id": event.author_id,
        "seq": event.seq,
    }
    return (orjson.dumps(frame),)


def _messages_delivered(event: PrivateMessagesDelivered) -> tuple[bytes, ...]:
    frame = {
        "type": "messages_delivered",
        "recipient_id": event.recipient_id,
        "sender_id": event.author_id,
        "seq": event.seq,
    }
    return (orjson.dumps(frame),)


def _resumed(event: ConversationsResumed) -> tuple[bytes, ...]:
    positions = {str(peer): seq for peer, seq in event.after.items()}
    return (orjson.dumps({"type": "resumed", "complete": event.complete, "after": positions}),)


def _revoked(event: ConversationRevoked) -> tuple[bytes, ...]:
    frame = {
        "type": "revoked",
        "user_id": event.peer_id,
        "channel": event.channel_id,
        "reason": CONVERSATION_CLOSED,
    }
    return (orjson.dumps(frame),)


def _refused(event: Refused) -> tuple[bytes, ...]:
    frame = {"type": "error", "code": event.code, "message": event.text}
    if event.key is not None:
        frame["client_id"] = event.key
    return (orjson.dumps(frame),)


def _shed(event: Shed) -> tuple[bytes, ...]:
    return (orjson.dumps({"type": "shed", "events": event.count}),)


def _heartbeat_acknowledged(_: HeartbeatAcknowledged) -> tuple[bytes, ...]:
    return (HEARTBEAT_ACK,)


ENCODERS: Final[Encoders] = {
    PrivateMessagePosted: _posted,
    TypingChanged: _typing_changed,
    PresenceChanged: _presence,
    PrivateMessagesRead: _messages_read,
    PrivateMessagesDelivered: _messages_delivered,
    ConversationsResumed: _resumed,
    ConversationRevoked: _revoked,
    Connected: _welcome,
    Refused: _refused,
    Shed: _shed,
    HeartbeatAcknowledged: _heartbeat_acknowledged,
}


OMITS: Final = omitting(
    {
        "private messages arrive as PrivateMessagePosted, also for the connection that sent one": (
            ChannelMessagePosted,
            MessageConfirmed,
        ),
        "receipts arrive as PrivateMessagesRead and PrivateMessagesDelivered": (
            ChannelMessagesRead,
            MessagesSeen,
        ),
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
        ),
        "no frame asks for it; history and conversations are REST": (
            ConversationSubscribed,
            ConversationHistory,
        ),
    }
)
