"""Dialect D, Socket.IO's `message:*` events (seed 003, contract section D).

Guarantees: events, payloads and error texts are those of the contract; ids are UUIDs by a fixed
mapping; content goes in and out unchanged. Parlour's additions (`code`, `seq`, `tempId` on
messages) are extra fields. Must not know: Socket.IO's packets, tokens, the store, other dialects.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from attrs import evolve, frozen

from protocol.commands import (
    EventCommand,
    FetchChannel,
    JoinChannel,
    LeaveChannel,
    MarkDelivered,
    MarkRead,
    PostToChannel,
    ResumeChannels,
    TypeInChannel,
)
from protocol.dialect import EventDialect, Limits, Render
from protocol.dialects.channel_messages.shapes import channel_message_object
from protocol.errors import ErrorCode, WireError
from protocol.events import (
    ChannelMessagePosted,
    ChannelsResumed,
    ChannelTyping,
    Event,
    LeftChannel,
    MessageConfirmed,
    MessagesSeen,
    Refused,
    Shed,
)
from protocol.model import ChannelId, DeliveryStatus, Message, MessageId, User, UserId
from protocol.parsing.content import MAX_EVENT_CONTENT_CHARS, check_content, check_key
from protocol.parsing.resumption import parse_positions
from protocol.shapes.uuids import IdKind, from_uuid, to_uuid

HISTORY_MESSAGES: Final = 50
INVALID: Final = "Invalid message format"
UNAUTHORIZED: Final = "Unauthorized"
LIST: Final = "messages:list"

_TEXTS: Final[Mapping[ErrorCode, str]] = {
    ErrorCode.INVALID_FIELD: INVALID,
    ErrorCode.INVALID_FRAME: INVALID,
    ErrorCode.CONTENT_EMPTY: INVALID,
    ErrorCode.CONTENT_TOO_LONG: INVALID,
    ErrorCode.CONTENT_INVALID: INVALID,
    ErrorCode.CHANNEL_NOT_FOUND: UNAUTHORIZED,
    ErrorCode.NOT_A_MEMBER: UNAUTHORIZED,
    ErrorCode.NOT_A_PARTICIPANT: UNAUTHORIZED,
    ErrorCode.NOT_ALLOWED: UNAUTHORIZED,
    ErrorCode.RATE_LIMITED: "Too many messages, please slow down.",
}


def sent_view(message: Message) -> dict[str, object]:
    """The confirmation `message:sent`."""
    view: dict[str, object] = {
        "messageId": to_uuid(IdKind.MESSAGE, message.id),
        "channelId": to_uuid(IdKind.CHANNEL, message.channel_id),
        "status": DeliveryStatus.SENT,
        "seq": message.seq,
    }
    return view if message.key is None else {**view, "tempId": message.key}


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
        raise WireError(ErrorCode.INVALID_FIELD)
    return ChannelId(number)


def _message(payload: Mapping[str, object], name: str = "messageId") -> MessageId:
    number = from_uuid(IdKind.MESSAGE, payload.get(name))
    if number is None:
        raise WireError(ErrorCode.INVALID_FIELD)
    return MessageId(number)


def _send(payload: Mapping[str, object], limits: Limits) -> EventCommand:
    given = payload.get("tempId")
    key = check_key(given if isinstance(given, str) else None)
    content, status = payload.get("content"), payload.get("deliveryStatus")
    if not isinstance(content, str) or status not in (None, *DeliveryStatus):
        raise WireError(ErrorCode.INVALID_FIELD, key=key)
    parent = payload.get("parentId")
    return PostToChannel(
        _channel(payload),
        check_content(content, min(limits.content_chars, MAX_EVENT_CONTENT_CHARS), key=key),
        key=key,
        parent_id=None if parent is None else _message(payload, "parentId"),
    )


def _start_typing(payload: Mapping[str, object], _: Limits) -> EventCommand:
    return TypeInChannel(_channel(payload), is_typing=True)


def _stop_typing(payload: Mapping[str, object], _: Limits) -> EventCommand:
    return TypeInChannel(_channel(payload), is_typing=False)


def _delivered(payload: Mapping[str, object], _: Limits) -> EventCommand:
    return MarkDelivered(_message(payload))


def _read(payload: Mapping[str, object], _: Limits) -> EventCommand:
    return MarkRead(_message(payload))


def _join(payload: Mapping[str, object], _: Limits) -> EventCommand:
    return JoinChannel(_channel(payload))


def _leave(payload: Mapping[str, object], _: Limits) -> EventCommand:
    return LeaveChannel(_channel(payload))


def _resume(payload: Mapping[str, object], _: Limits) -> EventCommand:
    return ResumeChannels(parse_positions(payload.get("after"), _channel_key))


def _channel_key(text: str) -> ChannelId | None:
    number = from_uuid(IdKind.CHANNEL, text)
    return None if number is None else ChannelId(number)


def _positions(after: Mapping[ChannelId, int]) -> dict[str, int]:
    return {to_uuid(IdKind.CHANNEL, channel_id): seq for channel_id, seq in after.items()}


def _fetch(payload: Mapping[str, object], _: Limits) -> EventCommand:
    return FetchChannel(_channel(payload), HISTORY_MESSAGES)


DECODERS: Final[Mapping[str, Callable[[Mapping[str, object], Limits], EventCommand]]] = {
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


@frozen
class ChannelMessages:
    """Contract D, in the namespace `/`."""

    name: str = "channel_messages"
    namespace: str = "/"
    typing_seconds: float = 5.0
    render: Render | None = None

    def receive(self, event: str, args: Sequence[object], limits: Limits) -> EventCommand:
        """The command in an event (contract D.3).

        Raises:
            WireError: the event is unknown or malformed.
        """
        decoder = DECODERS.get(event)
        if decoder is None:
            raise WireError(ErrorCode.UNKNOWN_TYPE, f"Unknown event: {event[:100]}")
        return decoder(_payload(args), limits)

    def encode(self, event: Event) -> tuple[tuple[str, Mapping[str, object]], ...]:
        """The events of contract D.4: (name, payload); one per message that was seen."""
        match event:
            case ChannelMessagePosted(message=message, author=author):
                return (("message:new", self.message(message, author)),)
            case ChannelTyping(is_typing=is_typing):
                name = "message:typing:start" if is_typing else "message:typing:stop"
                typing: dict[str, object] = {
                    "userId": to_uuid(IdKind.USER, event.user_id),
                    "userName": event.username,
                    "channelId": to_uuid(IdKind.CHANNEL, event.channel_id),
                    "isTyping": is_typing,
                }
                return ((name, typing),)
            case MessagesSeen(message_ids=message_ids, status=status):
                name = "message:read" if status is DeliveryStatus.READ else "message:delivered"
                return tuple((name, _seen(event, message_id)) for message_id in message_ids)
            case LeftChannel(channel_id=channel_id, reason=str() as reason):
                left = {"channelId": to_uuid(IdKind.CHANNEL, channel_id), "reason": reason}
                return (("channel:revoked", left),)
            case Refused(code=code, text=text, key=key):
                shown = _TEXTS.get(code, text)
                refusal: dict[str, object] = {"error": shown, "message": shown, "code": code}
                return (("message:error", refusal if key is None else {**refusal, "tempId": key}),)
            case MessageConfirmed(message=message):
                return (("message:sent", sent_view(message)),)
            case ChannelsResumed(complete=complete, after=after):
                return (("resumed", {"complete": complete, "after": _positions(after)}),)
            case Shed(count=count):
                return (("shed", {"events": count}),)
            case _:
                return ()  # private messages are told in their dm channels

    def rendering(self, render: Render) -> "ChannelMessages":
        """The same dialect, with `renderedContent` beside each content."""
        return evolve(self, render=render)

    def error_text(self, code: ErrorCode, text: str) -> str:
        """What a person reads for a refusal in this dialect."""
        return _TEXTS.get(code, text)

    def message(self, message: Message, author: User) -> Mapping[str, object]:
        """A message (contract D.4)."""
        return channel_message_object(message, author, self.render)

    def joined(self, channel_id: ChannelId) -> Mapping[str, object]:
        """The answer to `room:join` and `room:leave`."""
        return {"success": True, "channelId": to_uuid(IdKind.CHANNEL, channel_id)}

    def history(
        self, event: str, messages: Sequence[Message], people: Mapping[UserId, User]
    ) -> Mapping[str, object]:
        """The answers to `messages:get` and `messages:list`, which name the same differently."""
        views = [self.message(message, people[message.author_id]) for message in messages]
        return {"success": True, "data": views} if event == LIST else {"messages": views}


def _seen(event: MessagesSeen, message_id: MessageId) -> dict[str, object]:
    return {
        "messageId": to_uuid(IdKind.MESSAGE, message_id),
        "channelId": to_uuid(IdKind.CHANNEL, event.channel_id),
        "status": event.status,
        "userId": to_uuid(IdKind.USER, event.user_id),
    }


DIALECT: Final[EventDialect] = ChannelMessages()
