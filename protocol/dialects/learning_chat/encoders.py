"""The frames a client of `/ws/chat` receives. See docs/dialects/learning_chat.md#frames."""

from typing import Final

import orjson

from protocol.dialect import (
    Encoders,
    omitting,
)
from protocol.dialects.learning_chat.errors import TEXTS
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
from protocol.shapes.learning_platform import added_channel_object, chat_message_object


def _connected(event: Connected) -> tuple[bytes, ...]:
    user = event.user
    return (orjson.dumps({"type": "connected", "userId": user.id, "username": user.username}),)


def _posted(event: ChannelMessagePosted) -> tuple[bytes, ...]:
    message = chat_message_object(event.message, event.author)
    return (orjson.dumps({"type": "new_message", "message": message}),)


def _user_typing(event: ChannelTyping) -> tuple[bytes, ...]:
    if not event.is_typing:
        return ()  # clients let the indicator run out
    frame = {
        "type": "user_typing",
        "userId": event.user_id,
        "username": event.username,
        "channelId": event.channel_id,
    }
    return (orjson.dumps(frame),)


def _presence(event: ChannelPresence) -> tuple[bytes, ...]:
    frame = {
        "type": "user_presence",
        "userId": event.user_id,
        "username": event.username,
        "status": "online" if event.online else "offline",
        "channelId": event.channel_id,
    }
    return (orjson.dumps(frame),)


def _messages_read(event: ChannelMessagesRead) -> tuple[bytes, ...]:
    return tuple(
        orjson.dumps(
            {
                "type": "message_read",
                "messageId": message_id,
                "userId": event.reader_id,
                "channelId": event.channel_id,
            }
        )
        for message_id in event.message_ids
    )


def _joined(event: JoinedChannel) -> tuple[bytes, ...]:
    return (orjson.dumps({"type": "joined_channel", "channelId": event.channel_id}),)


def _left(event: LeftChannel) -> tuple[bytes, ...]:
    frame: dict[str, object] = {"type": "left_channel", "channelId": event.channel_id}
    if event.reason is not None:
        frame["reason"] = event.reason
    return (orjson.dumps(frame),)


def _channels_added(event: ChannelsAdded) -> tuple[bytes, ...]:
    channels = [added_channel_object(channel, last_seq) for channel, last_seq in event.channels]
    return (orjson.dumps({"type": "channels_added", "channels": channels}),)


def _resumed(event: ChannelsResumed) -> tuple[bytes, ...]:
    positions = {str(channel_id): seq for channel_id, seq in event.after.items()}
    return (orjson.dumps({"type": "resumed", "complete": event.complete, "after": positions}),)


def _refused(event: Refused) -> tuple[bytes, ...]:
    text = TEXTS.get(event.code, event.text)
    frame = {"type": "error", "message": text, "code": event.code}
    if event.key is not None:
        frame["clientMessageId"] = event.key
    return (orjson.dumps(frame),)


def _shed(event: Shed) -> tuple[bytes, ...]:
    return (orjson.dumps({"type": "shed", "events": event.count}),)


def _heartbeat_acknowledged(_: HeartbeatAcknowledged) -> tuple[bytes, ...]:
    return (HEARTBEAT_ACK,)


ENCODERS: Final[Encoders] = {
    ChannelMessagePosted: _posted,
    ChannelTyping: _user_typing,
    ChannelPresence: _presence,
    ChannelMessagesRead: _messages_read,
    JoinedChannel: _joined,
    LeftChannel: _left,
    ChannelsAdded: _channels_added,
    ChannelsResumed: _resumed,
    Connected: _connected,
    Refused: _refused,
    Shed: _shed,
    HeartbeatAcknowledged: _heartbeat_acknowledged,
}


OMITS: Final = omitting(
    {
        "private messages arrive in their dm channel, also for the connection that sent one": (
            PrivateMessagePosted,
            MessageConfirmed,
        ),
        "receipts and typing of private messages arrive in their dm channel": (
            PrivateMessagesRead,
            PrivateMessagesDelivered,
            MessagesSeen,
            TypingChanged,
        ),
        "connections that may no longer see it leave the dm channel": (ConversationRevoked,),
        "presence arrives per channel, as ChannelPresence": (PresenceChanged, WorkspacePresence),
        "other changes of a workspace are sent on /gateway": (
            Ready,
            ChannelCreated,
            MemberAdded,
            MemberRemoved,
        ),
        "no frame asks for it": (
            ConversationSubscribed,
            ConversationHistory,
            ConversationsResumed,
        ),
    }
)
