"""The frames a client of the messenger receives. See docs/dialects/messenger.md#frames.

Every frame but `error` is `{type, payload, timestamp}`.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

import orjson

from protocol.dialect import (
    Encoders,
    omitting,
)
from protocol.dialects.messenger.conversations import (
    conversation_id,
)
from protocol.dialects.messenger.errors import TEXTS
from protocol.dialects.messenger.shapes import conversation_message_object
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
from protocol.shapes.timestamps import timestamp


def _connected(event: Connected) -> tuple[bytes, ...]:
    payload = {
        "userId": event.user.id,
        "username": event.user.username,
        "role": event.user.role,
        "serverTime": timestamp(event.at),
    }
    return (_envelope("connected", payload, event.at),)


def _posted(event: PrivateMessagePosted) -> tuple[bytes, ...]:
    payload = conversation_message_object(event.message, event.author)
    return (_envelope("message_received", payload, event.message.created_at),)


def _user_typing(event: TypingChanged) -> tuple[bytes, ...]:
    if not event.is_typing:
        return ()  # clients let the indicator run out
    payload = {
        "userId": event.user_id,
        "username": event.username,
        "recipientId": event.recipient_id,
    }
    return (_envelope("user_typing", payload, event.at),)


def _messages_read(event: PrivateMessagesRead) -> tuple[bytes, ...]:
    read_at = timestamp(event.at)
    return tuple(
        _envelope(
            "message_read",
            {"messageId": str(message_id), "readBy": event.reader_id, "readAt": read_at},
            event.at,
        )
        for message_id in event.message_ids
    )


def _subscribed(event: ConversationSubscribed) -> tuple[bytes, ...]:
    kind = "subscribed" if event.subscribed else "unsubscribed"
    return (_envelope(kind, {"conversationId": event.conversation}, event.at),)


def _revoked(event: ConversationRevoked) -> tuple[bytes, ...]:
    payload = {
        "conversationId": conversation_id(event.user_id, event.peer_id),
        "reason": CONVERSATION_CLOSED,
    }
    return (_envelope("unsubscribed", payload, event.at),)


def _history(event: ConversationHistory) -> tuple[bytes, ...]:
    payload = {
        "conversationId": conversation_id(*event.pair),
        "messages": [
            conversation_message_object(message, event.people[message.author_id])
            for message in event.messages
        ],
    }
    return (_envelope("history_response", payload, event.at),)


def _resumed(event: ConversationsResumed) -> tuple[bytes, ...]:
    positions = {conversation_id(event.user_id, peer): seq for peer, seq in event.after.items()}
    return (_envelope("resumed", {"complete": event.complete, "after": positions}, event.at),)


def _refused(event: Refused) -> tuple[bytes, ...]:
    text = TEXTS.get(event.code, event.text)
    frame = {"type": "error", "message": text, "code": event.code}
    if event.key is not None:
        frame["clientMessageId"] = event.key
    return (orjson.dumps(frame),)


def _shed(event: Shed) -> tuple[bytes, ...]:
    return (_envelope("shed", {"events": event.count}, event.at),)


def _envelope(kind: str, payload: Mapping[str, object], at: datetime) -> bytes:
    return orjson.dumps({"type": kind, "payload": payload, "timestamp": timestamp(at)})


ENCODERS: Final[Encoders] = {
    PrivateMessagePosted: _posted,
    TypingChanged: _user_typing,
    PrivateMessagesRead: _messages_read,
    ConversationHistory: _history,
    ConversationSubscribed: _subscribed,
    ConversationRevoked: _revoked,
    ConversationsResumed: _resumed,
    Connected: _connected,
    Refused: _refused,
    Shed: _shed,
}


OMITS: Final = omitting(
    {
        "private messages arrive as PrivateMessagePosted, also for the connection that sent one": (
            ChannelMessagePosted,
            MessageConfirmed,
        ),
        "only that a message was read is shown, as PrivateMessagesRead": (
            ChannelMessagesRead,
            MessagesSeen,
            PrivateMessagesDelivered,
        ),
        "clients do not show who is online": (PresenceChanged, WorkspacePresence, ChannelPresence),
        "clients do not join channels": (
            JoinedChannel,
            LeftChannel,
            ChannelTyping,
            ChannelsResumed,
        ),
        "clients do not see workspaces": (
            Ready,
            ChannelCreated,
            ChannelsAdded,
            MemberAdded,
            MemberRemoved,
        ),
        "clients send no heartbeat": (HeartbeatAcknowledged,),
    }
)
