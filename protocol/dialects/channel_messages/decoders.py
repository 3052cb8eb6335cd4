"""The Socket.IO events a client may send. See docs/dialects/channel_messages.md#frames."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Annotated, Final, TypeAlias

from attrs import frozen

from protocol.commands import (
    Command,
    FetchChannel,
    HideMessage,
    JoinChannel,
    LeaveChannel,
    MarkDelivered,
    MarkRead,
    MarkUnread,
    MuteChannel,
    PostToChannel,
    ResumeChannels,
    ReviseMessage,
    TypeInChannel,
)
from protocol.dialect import CodecLimits
from protocol.dialects.channel_messages.shapes import MAX_CONTENT_CHARS
from protocol.errors import ERROR_TEXTS, ErrorCode, WireError
from protocol.model import ChannelId, DeliveryStatus, MessageId
from protocol.notes import Mute
from protocol.parsing.content import Content, IdempotencyKey, check_content, check_key
from protocol.parsing.emoji import EmojiField
from protocol.parsing.muting import Until
from protocol.parsing.resumption import NoteNumber, Positions, parse_channels, parse_revs
from protocol.parsing.tagged import Decoders, lenient
from protocol.revisions import Delete, Edit, React, Revision
from protocol.schemas import Keywords, Spelt
from protocol.shapes.uuids import ChannelUuid, IdKind, MessageUuid, from_uuid

HISTORY_MESSAGES: Final = 50
LIST: Final = "messages:list"


def _channel(given: object) -> ChannelId | None:
    number = from_uuid(IdKind.CHANNEL, given)
    return None if number is None else ChannelId(number)


def _message(given: object) -> MessageId | None:
    number = from_uuid(IdKind.MESSAGE, given)
    return None if number is None else MessageId(number)


def _parent(given: object) -> MessageId | None:
    parent = _message(given)
    if given is not None and parent is None:
        raise WireError(ErrorCode.INVALID_FIELD, field="parentId")
    return parent


def _key(given: object) -> str | None:
    return check_key(given, field="tempId") if isinstance(given, str) else None


def _status(given: object) -> DeliveryStatus | None:
    if given is None:
        return None
    if not isinstance(given, str) or given not in tuple(DeliveryStatus):
        raise WireError(ErrorCode.INVALID_FIELD, field="deliveryStatus")
    return DeliveryStatus(given)


_Channel: TypeAlias = Annotated[ChannelId, Spelt(ChannelUuid, _channel)]


@frozen
class ChannelPayload:
    """About a channel."""

    channel_id: _Channel


@frozen
class SendPayload:
    """Send a message to a channel."""

    channel_id: _Channel
    content: Annotated[Content, Keywords(maxLength=MAX_CONTENT_CHARS)]
    temp_id: Annotated[str, Spelt(IdempotencyKey, _key)] | None = None
    parent_id: Annotated[MessageId, Spelt(MessageUuid, _parent)] | None = None
    delivery_status: Annotated[DeliveryStatus, Spelt(DeliveryStatus, _status)] | None = None


@frozen
class ForwardPayload:
    """Send a copy of a message that the user may see to a channel."""

    channel_id: _Channel
    message_id: Annotated[MessageId, Spelt(MessageUuid, _message)]
    temp_id: Annotated[str, Spelt(IdempotencyKey, _key)] | None = None


@frozen
class MessagePayload:
    """About a message, and all before it in its channel."""

    message_id: Annotated[MessageId, Spelt(MessageUuid, _message)]


@frozen
class OneMessagePayload:
    """About a message, for the user alone."""

    message_id: Annotated[MessageId, Spelt(MessageUuid, _message)]


@frozen
class MutePayload:
    """Mute a channel for the user alone. `until`: without it, for good."""

    channel_id: _Channel
    until: Until | None = None


@frozen
class UpdatePayload:
    """Give a message that the user wrote another text."""

    message_id: Annotated[MessageId, Spelt(MessageUuid, _message)]
    content: Annotated[Content, Keywords(maxLength=MAX_CONTENT_CHARS)]
    temp_id: Annotated[str, Spelt(IdempotencyKey, _key)] | None = None


@frozen
class DeletePayload:
    """Delete a message."""

    message_id: Annotated[MessageId, Spelt(MessageUuid, _message)]
    temp_id: Annotated[str, Spelt(IdempotencyKey, _key)] | None = None


@frozen
class ReactionPayload:
    """Add a reaction of the user's to a message, or take it back."""

    message_id: Annotated[MessageId, Spelt(MessageUuid, _message)]
    emoji: EmojiField
    temp_id: Annotated[str, Spelt(IdempotencyKey, _key)] | None = None


@frozen
class ResumePayload:
    """Send what was missed. `after`: by channel, the last seq that the client has; without it,
    every channel from the beginning. `epoch`: of the log of these positions. `revs`: by channel,
    the last rev that the client knows; without it, no revisions are sent. `notes`: the number of
    the last note that it knows; without it, no notes are sent.
    """

    after: (
        Annotated[
            Mapping[ChannelId, int],
            Spelt(Positions, lambda given: parse_channels(given, _channel)),
        ]
        | None
    ) = None
    epoch: str | None = None
    revs: (
        Annotated[
            Mapping[ChannelId, int],
            Spelt(Positions, lambda given: parse_revs(given, _channel)),
        ]
        | None
    ) = None
    notes: NoteNumber | None = None


def _send(payload: SendPayload, limits: CodecLimits) -> Command:
    limit = min(limits.content_chars, MAX_CONTENT_CHARS)
    return PostToChannel(
        payload.channel_id,
        check_content(payload.content, limit),
        key=payload.temp_id,
        parent_id=payload.parent_id,
    )


def _forward(payload: ForwardPayload, _: CodecLimits) -> Command:
    key = payload.temp_id
    return PostToChannel(payload.channel_id, "", key=key, forwards=payload.message_id)


def _start_typing(payload: ChannelPayload, _: CodecLimits) -> Command:
    return TypeInChannel(payload.channel_id, is_typing=True)


def _stop_typing(payload: ChannelPayload, _: CodecLimits) -> Command:
    return TypeInChannel(payload.channel_id, is_typing=False)


def _delivered(payload: MessagePayload, _: CodecLimits) -> Command:
    return MarkDelivered(payload.message_id)


def _read(payload: MessagePayload, _: CodecLimits) -> Command:
    return MarkRead(payload.message_id)


def _unread(payload: OneMessagePayload, _: CodecLimits) -> Command:
    return MarkUnread(payload.message_id)


def _hide(payload: OneMessagePayload, _: CodecLimits) -> Command:
    return HideMessage(payload.message_id)


def _unhide(payload: OneMessagePayload, _: CodecLimits) -> Command:
    return HideMessage(payload.message_id, is_hidden=False)


def _mute(payload: MutePayload, _: CodecLimits) -> Command:
    return MuteChannel(payload.channel_id, Mute(payload.until))


def _unmute(payload: ChannelPayload, _: CodecLimits) -> Command:
    return MuteChannel(payload.channel_id, None)


def _join(payload: ChannelPayload, _: CodecLimits) -> Command:
    return JoinChannel(payload.channel_id)


def _leave(payload: ChannelPayload, _: CodecLimits) -> Command:
    return LeaveChannel(payload.channel_id)


def _revision(
    payload: UpdatePayload | DeletePayload | ReactionPayload, revision: Revision
) -> Command:
    return ReviseMessage(payload.message_id, revision, key=payload.temp_id)


def _update(payload: UpdatePayload, limits: CodecLimits) -> Command:
    limit = min(limits.content_chars, MAX_CONTENT_CHARS)
    return _revision(payload, Edit(check_content(payload.content, limit)))


def _delete(payload: DeletePayload, _: CodecLimits) -> Command:
    return _revision(payload, Delete())


def _react(payload: ReactionPayload, _: CodecLimits) -> Command:
    return _revision(payload, React(payload.emoji))


def _unreact(payload: ReactionPayload, _: CodecLimits) -> Command:
    return _revision(payload, React(payload.emoji, is_added=False))


def _resume(payload: ResumePayload, _: CodecLimits) -> Command:
    epoch, revs, notes = payload.epoch, payload.revs, payload.notes
    return ResumeChannels(payload.after, epoch=epoch, revs=revs, notes=notes)


def _fetch(payload: ChannelPayload, _: CodecLimits) -> Command:
    return FetchChannel(payload.channel_id, HISTORY_MESSAGES)


_decoded: Final = partial(lenient, missing=ERROR_TEXTS[ErrorCode.INVALID_FIELD], key="tempId")

DECODERS: Final[Decoders] = {
    "message:send": _decoded(_send),
    "message:typing:start": _decoded(_start_typing),
    "message:typing:stop": _decoded(_stop_typing),
    "message:delivered": _decoded(_delivered),
    "message:read": _decoded(_read),
    "message:unread": _decoded(_unread),
    "message:hide": _decoded(_hide),
    "message:unhide": _decoded(_unhide),
    "channel:mute": _decoded(_mute),
    "channel:unmute": _decoded(_unmute),
    "room:join": _decoded(_join),
    "channel:join": _decoded(_join),
    "room:leave": _decoded(_leave),
    "channel:leave": _decoded(_leave),
    "message:forward": _decoded(_forward),
    "message:update": _decoded(_update),
    "message:delete": _decoded(_delete),
    "message:react": _decoded(_react),
    "message:unreact": _decoded(_unreact),
    "resume": _decoded(_resume),
    "messages:get": _decoded(_fetch),
    LIST: _decoded(_fetch),
}


def _payload(args: Sequence[object]) -> dict[str, object]:
    """The event's object; a bare string names a channel."""
    match args:
        case [dict() as payload, *_]:
            return payload
        case [str() as channel, *_]:
            return {"channelId": channel}
        case _:
            raise WireError(ErrorCode.INVALID_FIELD)


def decode(event: str, args: Sequence[object], limits: CodecLimits) -> Command:
    """The command in an event.

    Raises:
        WireError: UNKNOWN_TYPE, or what the event's decoder raises.
    """
    decoder = DECODERS.get(event)
    if decoder is None:
        raise WireError(ErrorCode.UNKNOWN_TYPE, f"Unknown event: {event[:100]}")
    command = decoder.decode(_payload(args), limits)
    if command is None:
        raise WireError(ErrorCode.INVALID_FIELD)
    return command
