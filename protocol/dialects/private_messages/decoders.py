"""The frames a client of `/ws` may send. See docs/dialects/private_messages.md#frames."""

from typing import Final

from attrs import frozen

from protocol.commands import (
    Command,
    MarkDelivered,
    ResumeConversations,
    SendPrivateMessage,
    SetTyping,
)
from protocol.dialect import (
    CodecLimits,
)
from protocol.errors import WireError
from protocol.model import MessageId, UserId
from protocol.parsing.content import check_content, check_file_url, check_key, check_kind
from protocol.parsing.resumption import parse_decimal, parse_positions
from protocol.parsing.structuring import structure
from protocol.parsing.tagged import Decoders, heartbeat


@frozen
class _MessageBody:
    content: str


@frozen
class _PrivateMessageFrame:
    recipient_id: UserId
    content: str | None = None
    message: _MessageBody | None = None
    client_id: str | None = None


@frozen
class _More:
    """What few messages have."""

    message_type: str | None = None
    file_url: str | None = None
    parent_id: MessageId | None = None


_MORE: Final = frozenset({"message_type", "file_url", "parent_id"})


@frozen
class _DeliveredFrame:
    message_id: MessageId


@frozen
class _TypingFrame:
    recipient_id: UserId
    is_typing: bool


def _private_message(raw: dict[str, object], limits: CodecLimits) -> Command:
    key = raw.get("client_id")
    try:
        frame = structure(raw, _PrivateMessageFrame)
        more = None if _MORE.isdisjoint(raw) else structure(raw, _More)
    except WireError as error:
        key = key if isinstance(key, str) else None
        raise WireError(error.code, error.text, key=key, field=error.field) from None
    key = check_key(frame.client_id, field="client_id")
    content, field = frame.content, "content"
    if content is None and frame.message is not None:
        content, field = frame.message.content, "message.content"
    content = check_content(content or "", limits.content_chars, key=key, field=field)
    if more is None:
        return SendPrivateMessage(frame.recipient_id, content, key)
    return SendPrivateMessage(
        frame.recipient_id,
        content,
        key,
        check_kind(more.message_type, key=key, field="message_type"),
        check_file_url(more.file_url, key=key, field="file_url"),
        more.parent_id,
    )


def _typing(raw: dict[str, object], _: CodecLimits) -> Command:
    frame = structure(raw, _TypingFrame)
    return SetTyping(frame.recipient_id, frame.is_typing)


def _delivered(raw: dict[str, object], _: CodecLimits) -> Command:
    return MarkDelivered(structure(raw, _DeliveredFrame).message_id)


def _resume(raw: dict[str, object], _: CodecLimits) -> Command:
    return ResumeConversations(parse_positions(raw.get("after"), _peer))


def _peer(text: str) -> frozenset[UserId] | None:
    number = parse_decimal(text)
    return None if number is None else frozenset((UserId(number),))


DECODERS: Final[Decoders] = {
    "private_message": _private_message,
    "typing_indicator": _typing,
    "mark_delivered": _delivered,
    "heartbeat": heartbeat,
    "resume": _resume,
}
