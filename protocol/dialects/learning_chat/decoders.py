"""The frames a client of `/ws/chat` may send. See docs/dialects/learning_chat.md#frames.

A field that is malformed counts as absent.
"""

from typing import Final

from protocol.commands import (
    Command,
    JoinChannel,
    LeaveChannel,
    MarkRead,
    PostToChannel,
    ResumeChannels,
    TypeInChannel,
)
from protocol.dialect import (
    CodecLimits,
)
from protocol.dialects.learning_chat.errors import NOT_SAVED
from protocol.errors import ErrorCode, WireError
from protocol.model import ChannelId, MessageId, MessageKind
from protocol.parsing.content import check_content, check_file_url, check_key
from protocol.parsing.resumption import parse_channels, parse_decimal
from protocol.parsing.structuring import identifier
from protocol.parsing.tagged import Decoders, Frame, heartbeat


def _channel(frame: Frame) -> ChannelId | None:
    number = identifier(frame.get("channelId"))
    return None if number is None else ChannelId(number)


def _join(frame: Frame, _: CodecLimits) -> Command:
    channel_id = _channel(frame)
    if channel_id is None:
        text = "channelId is required for join_channel."
        raise WireError(ErrorCode.INVALID_FIELD, text, field="channelId")
    return JoinChannel(channel_id)


def _leave(frame: Frame, _: CodecLimits) -> Command | None:
    channel_id = _channel(frame)
    return None if channel_id is None else LeaveChannel(channel_id)


def _send(frame: Frame, limits: CodecLimits) -> Command:
    parent_id = identifier(frame.get("parentId"))
    given = frame.get("clientMessageId")
    key = check_key(given, field="clientMessageId") if isinstance(given, str) else None
    channel_id, content = _channel(frame), frame.get("content")
    if channel_id is None or not isinstance(content, str) or not content.strip():
        text = "channelId and content are required."
        field = "channelId" if channel_id is None else "content"
        raise WireError(ErrorCode.INVALID_FIELD, text, key=key, field=field)
    file_url = frame.get("fileUrl")
    return PostToChannel(
        channel_id,
        check_content(content.strip(), limits.content_chars, key=key),
        _kind(frame.get("messageType"), key),
        check_file_url(file_url, key=key, field="fileUrl") if isinstance(file_url, str) else None,
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
            raise WireError(ErrorCode.INVALID_FIELD, NOT_SAVED, key=key, field="messageType")


def _typing(frame: Frame, _: CodecLimits) -> Command | None:
    channel_id = _channel(frame)
    return None if channel_id is None else TypeInChannel(channel_id)


def _mark_read(frame: Frame, _: CodecLimits) -> Command | None:
    channel_id, message_id = _channel(frame), identifier(frame.get("messageId"))
    if channel_id is None or message_id is None:
        return None
    return MarkRead(MessageId(message_id), channel_id)


def _resume(frame: Frame, _: CodecLimits) -> Command:
    return ResumeChannels(parse_channels(frame.get("after"), _channel_key))


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
