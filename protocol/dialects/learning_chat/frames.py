"""Dialect A, `/ws/chat`: the learning platform's channels (seeds 000 to 002, contract section A).

Guarantees: frames and error texts are those of the contract, so its clients' hooks run unchanged;
Parlour's additions (`code` on errors, `clientMessageId`, `seq`, `shed`) are extra fields and types.
A field that is malformed counts as absent. Must not know: sockets, the store, other dialects.
"""

from collections.abc import Mapping
from typing import Final

import orjson
from attrs import field, frozen

from protocol.commands import (
    Command,
    JoinChannel,
    LeaveChannel,
    MarkRead,
    PostToChannel,
    ResumeChannels,
    TypeInChannel,
)
from protocol.dialect import AcceptAndClose, Dialect, Heartbeat, Limits, Rate, Stranger
from protocol.errors import CloseReason, ErrorCode, WireError
from protocol.events import (
    ChannelMessagePosted,
    ChannelMessagesRead,
    ChannelPresence,
    ChannelsResumed,
    ChannelTyping,
    Connected,
    Event,
    HeartbeatAcknowledged,
    JoinedChannel,
    LeftChannel,
    Refused,
    Shed,
)
from protocol.model import ChannelId, MessageId, MessageKind
from protocol.parsing.content import check_content, check_file_url, check_key
from protocol.parsing.resumption import parse_decimal, parse_positions
from protocol.parsing.structuring import identifier
from protocol.parsing.tagged import HEARTBEAT_ACK, Decoders, Frame, TaggedCodec, heartbeat
from protocol.shapes.learning_platform import chat_message_object

NOT_SAVED: Final = "Failed to save message."

_TEXTS: Final[Mapping[ErrorCode, str]] = {
    ErrorCode.INVALID_FRAME: "Unknown event type: undefined",
    ErrorCode.NOT_ALLOWED: NOT_SAVED,
    ErrorCode.RECIPIENT_NOT_FOUND: NOT_SAVED,
    ErrorCode.KEY_CONFLICT: NOT_SAVED,
    ErrorCode.UNSTORABLE: NOT_SAVED,
    ErrorCode.UNAVAILABLE: NOT_SAVED,
}


def _channel(frame: Frame) -> ChannelId | None:
    number = identifier(frame.get("channelId"))
    return None if number is None else ChannelId(number)


def _join(frame: Frame, _: Limits) -> Command:
    channel_id = _channel(frame)
    if channel_id is None:
        raise WireError(ErrorCode.INVALID_FIELD, "channelId is required for join_channel.")
    return JoinChannel(channel_id)


def _leave(frame: Frame, _: Limits) -> Command | None:
    channel_id = _channel(frame)
    return None if channel_id is None else LeaveChannel(channel_id)


def _send(frame: Frame, limits: Limits) -> Command:
    parent_id = identifier(frame.get("parentId"))
    given = frame.get("clientMessageId")
    key = check_key(given if isinstance(given, str) else None)
    channel_id, content = _channel(frame), frame.get("content")
    if channel_id is None or not isinstance(content, str) or not content.strip():
        raise WireError(ErrorCode.INVALID_FIELD, "channelId and content are required.", key)
    file_url = frame.get("fileUrl")
    return PostToChannel(
        channel_id,
        check_content(content.strip(), limits.content_chars, key=key),
        _kind(frame.get("messageType"), key),
        check_file_url(file_url if isinstance(file_url, str) else None, key=key),
        key,
        None if parent_id is None else MessageId(parent_id),
    )


def _kind(value: object, key: str | None) -> MessageKind:
    match value:
        case None:
            return MessageKind.TEXT
        case str() if value in tuple(MessageKind):
            return MessageKind(value)
        case _:
            raise WireError(ErrorCode.INVALID_FIELD, NOT_SAVED, key)


def _typing(frame: Frame, _: Limits) -> Command | None:
    channel_id = _channel(frame)
    return None if channel_id is None else TypeInChannel(channel_id)


def _mark_read(frame: Frame, _: Limits) -> Command | None:
    channel_id, message_id = _channel(frame), identifier(frame.get("messageId"))
    if channel_id is None or message_id is None:
        return None
    return MarkRead(MessageId(message_id), channel_id)


def _resume(frame: Frame, _: Limits) -> Command:
    return ResumeChannels(parse_positions(frame.get("after"), _channel_key))


def _channel_key(text: str) -> ChannelId | None:
    number = parse_decimal(text)
    return None if number is None else ChannelId(number)


DECODERS: Final[Decoders] = {
    "join_channel": _join,
    "leave_channel": _leave,
    "send_message": _send,
    "typing": _typing,
    "mark_read": _mark_read,
    "heartbeat": heartbeat,
    "resume": _resume,
}


@frozen
class LearningChat:
    """Accepts first, so that a browser can see the close code (contract A.1, A.8).

    Pings every 30 s; a missed pong drops the connection 30 to 60 s after the peer fell silent.
    """

    name: str = "learning_chat"
    paths: tuple[str, ...] = ("/ws/chat",)
    session_cookie: str = "connect.sid"
    heartbeat: Heartbeat = field(default=Heartbeat(interval=30.0, timeout=60.0))
    rate: Rate | None = field(default=Rate(tokens=5, seconds=5.0))

    def reject(self, stranger: Stranger) -> AcceptAndClose:
        """One error frame, then 4001, after which clients do not come back by themselves."""
        text, why = "Unauthorized. Please log in.", "Unauthorized"
        if stranger is Stranger.UNKNOWN_USER:
            text, why = "User not found.", "User not found"
        frame = orjson.dumps({"type": "error", "message": text}).decode()
        return AcceptAndClose((frame,), CloseReason(4001, why, reconnect=False))

    def open(self, limits: Limits) -> TaggedCodec:
        """A codec that enforces `limits`."""
        return TaggedCodec(DECODERS, limits)

    def encode(self, event: Event) -> tuple[bytes, ...]:
        """The frames of contract A.3; one `message_read` per message."""
        if isinstance(event, ChannelMessagesRead):
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
        if isinstance(event, ChannelsResumed):
            positions = {str(channel_id): seq for channel_id, seq in event.after.items()}
            resumed = {"type": "resumed", "complete": event.complete, "after": positions}
            return (orjson.dumps(resumed),)
        if isinstance(event, HeartbeatAcknowledged):
            return (HEARTBEAT_ACK,)
        frame = _frame(event)
        return () if frame is None else (orjson.dumps(frame),)


def _frame(event: Event) -> dict[str, object] | None:
    match event:
        case ChannelMessagePosted(message=message, author=author):
            return {"type": "new_message", "message": chat_message_object(message, author)}
        case ChannelTyping(is_typing=False):
            return None  # clients let the indicator run out
        case ChannelTyping(channel_id=channel_id, user_id=user_id, username=username):
            return {
                "type": "user_typing",
                "userId": user_id,
                "username": username,
                "channelId": channel_id,
            }
        case ChannelPresence(channel_id=channel_id, online=online):
            return {
                "type": "user_presence",
                "userId": event.user_id,
                "username": event.username,
                "status": "online" if online else "offline",
                "channelId": channel_id,
            }
        case Connected(user=user):
            return {"type": "connected", "userId": user.id, "username": user.username}
        case JoinedChannel(channel_id=channel_id):
            return {"type": "joined_channel", "channelId": channel_id}
        case LeftChannel(channel_id=channel_id, reason=reason):
            left: dict[str, object] = {"type": "left_channel", "channelId": channel_id}
            return left if reason is None else {**left, "reason": reason}
        case Refused(code=code, text=text, key=key):
            refusal: dict[str, object] = {
                "type": "error",
                "message": _TEXTS.get(code, text),
                "code": code,
            }
            return refusal if key is None else {**refusal, "clientMessageId": key}
        case Shed(count=count):
            return {"type": "shed", "events": count}
        case _:
            return None  # private messages are told in their dm channels


DIALECT: Final[Dialect] = LearningChat()
