"""The Socket.IO events a client may send. See docs/dialects/channel_messages.md#frames."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from protocol.commands import (
    Command,
    FetchChannel,
    JoinChannel,
    LeaveChannel,
    MarkDelivered,
    MarkRead,
    PostToChannel,
    ResumeChannels,
    TypeInChannel,
)
from protocol.dialect import CodecLimits
from protocol.dialects.channel_messages.shapes import MAX_CONTENT_CHARS
from protocol.errors import ErrorCode, WireError
from protocol.model import ChannelId, DeliveryStatus, MessageId
from protocol.parsing.content import check_content, check_key
from protocol.parsing.resumption import parse_channels
from protocol.shapes.uuids import IdKind, from_uuid

HISTORY_MESSAGES: Final = 50
LIST: Final = "messages:list"
_STATUSES: Final = (None, *DeliveryStatus)


def _payload(args: Sequence[object]) -> Mapping[str, object]:
    """The event's object; a bare string names a channel."""
    match args:
        case [dict() as payload, *_]:
            return payload
        case [str() as channel, *_]:
            return {"channelId": channel}
        case _:
            raise WireError(ErrorCode.INVALID_FIELD)


def _channel(payload: Mapping[str, object]) -> ChannelId:
    number = from_uuid(IdKind.CHANNEL, payload.get("channelId"))
    if number is None:
        raise WireError(ErrorCode.INVALID_FIELD, field="channelId")
    return ChannelId(number)


def _message(payload: Mapping[str, object], name: str = "messageId") -> MessageId:
    number = from_uuid(IdKind.MESSAGE, payload.get(name))
    if number is None:
        raise WireError(ErrorCode.INVALID_FIELD, field=name)
    return MessageId(number)


def _send(payload: Mapping[str, object], limits: CodecLimits) -> Command:
    given = payload.get("tempId")
    key = check_key(given, field="tempId") if isinstance(given, str) else None
    content, status = payload.get("content"), payload.get("deliveryStatus")
    if not isinstance(content, str):
        raise WireError(ErrorCode.INVALID_FIELD, key=key, field="content")
    if status not in _STATUSES:
        raise WireError(ErrorCode.INVALID_FIELD, key=key, field="deliveryStatus")
    parent = payload.get("parentId")
    return PostToChannel(
        _channel(payload),
        check_content(content, min(limits.content_chars, MAX_CONTENT_CHARS), key=key),
        key=key,
        parent_id=None if parent is None else _message(payload, "parentId"),
    )


def _start_typing(payload: Mapping[str, object], _: CodecLimits) -> Command:
    return TypeInChannel(_channel(payload), is_typing=True)


def _stop_typing(payload: Mapping[str, object], _: CodecLimits) -> Command:
    return TypeInChannel(_channel(payload), is_typing=False)


def _delivered(payload: Mapping[str, object], _: CodecLimits) -> Command:
    return MarkDelivered(_message(payload))


def _read(payload: Mapping[str, object], _: CodecLimits) -> Command:
    return MarkRead(_message(payload))


def _join(payload: Mapping[str, object], _: CodecLimits) -> Command:
    return JoinChannel(_channel(payload))


def _leave(payload: Mapping[str, object], _: CodecLimits) -> Command:
    return LeaveChannel(_channel(payload))


def _resume(payload: Mapping[str, object], _: CodecLimits) -> Command:
    return ResumeChannels(parse_channels(payload.get("after"), _channel_key))


def _channel_key(text: str) -> ChannelId | None:
    number = from_uuid(IdKind.CHANNEL, text)
    return None if number is None else ChannelId(number)


def _fetch(payload: Mapping[str, object], _: CodecLimits) -> Command:
    return FetchChannel(_channel(payload), HISTORY_MESSAGES)


DECODERS: Final[Mapping[str, Callable[[Mapping[str, object], CodecLimits], Command]]] = {
    "message:send": _send,
    "message:typing:start": _start_typing,
    "message:typing:stop": _stop_typing,
    "message:delivered": _delivered,
    "message:read": _read,
    "room:join": _join,
    "channel:join": _join,
    "room:leave": _leave,
    "channel:leave": _leave,
    "resume": _resume,
    "messages:get": _fetch,
    LIST: _fetch,
}


def decode(event: str, args: Sequence[object], limits: CodecLimits) -> Command:
    """The command in an event.

    Raises:
        WireError: UNKNOWN_TYPE, or what the event's decoder raises.
    """
    decoder = DECODERS.get(event)
    if decoder is None:
        raise WireError(ErrorCode.UNKNOWN_TYPE, f"Unknown event: {event[:100]}")
    return decoder(_payload(args), limits)
