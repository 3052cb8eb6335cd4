"""Dialect E, `/ws`: the private messaging hub of seed 004 (contract section E).

Guarantees: frames are those of the seed; Parlour's additions (`client_id`, `seq`, `error`,
`messages_read`, `messages_delivered`, `shed`, files, answers) are extra fields and types that
existing clients ignore. User ids in a payload that name the sender are ignored: identity comes from
the session. Must not know: sockets, the store, other dialects.
"""

from typing import Final

import orjson
from attrs import field, frozen

from protocol.commands import (
    Command,
    MarkDelivered,
    ResumeConversations,
    SendPrivateMessage,
    SetTyping,
)
from protocol.dialect import Dialect, Heartbeat, Limits, Rate, RefuseUpgrade, Stranger
from protocol.dialects.private_messages.shapes import private_message_object
from protocol.errors import CONVERSATION_CLOSED, WireError
from protocol.events import (
    Connected,
    ConversationRevoked,
    ConversationsResumed,
    Event,
    HeartbeatAcknowledged,
    PresenceChanged,
    PrivateMessagePosted,
    PrivateMessagesDelivered,
    PrivateMessagesRead,
    Refused,
    Shed,
    TypingChanged,
)
from protocol.model import MessageId, UserId
from protocol.parsing.content import check_content, check_file_url, check_key, check_kind
from protocol.parsing.resumption import parse_decimal, parse_positions
from protocol.parsing.structuring import structure
from protocol.parsing.tagged import HEARTBEAT_ACK, Decoders, TaggedCodec, heartbeat
from protocol.shapes.timestamps import timestamp

WELCOME: Final = "Welcome to the chat!"


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


_NO_MORE: Final = _More()
_MORE: Final = frozenset({"message_type", "file_url", "parent_id"})


@frozen
class _DeliveredFrame:
    message_id: MessageId


@frozen
class _TypingFrame:
    recipient_id: UserId
    is_typing: bool


def _private_message(raw: dict[str, object], limits: Limits) -> Command:
    key = raw.get("client_id")
    try:
        frame = structure(raw, _PrivateMessageFrame)
        more = _NO_MORE if _MORE.isdisjoint(raw) else structure(raw, _More)
    except WireError as error:
        raise WireError(error.code, error.text, key if isinstance(key, str) else None) from None
    key = check_key(frame.client_id)
    content = frame.content
    if content is None:
        content = frame.message.content if frame.message is not None else ""
    return SendPrivateMessage(
        frame.recipient_id,
        check_content(content, limits.content_chars, key=key),
        key,
        check_kind(more.message_type, key=key),
        check_file_url(more.file_url, key=key),
        more.parent_id,
    )


def _typing(raw: dict[str, object], _: Limits) -> Command:
    frame = structure(raw, _TypingFrame)
    return SetTyping(frame.recipient_id, frame.is_typing)


def _delivered(raw: dict[str, object], _: Limits) -> Command:
    return MarkDelivered(structure(raw, _DeliveredFrame).message_id)


def _resume(raw: dict[str, object], _: Limits) -> Command:
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


@frozen
class PrivateMessages:
    """Seed 004: session refused before the upgrade, ping every 54 s, pong within 60 s."""

    name: str = "private_messages"
    paths: tuple[str, ...] = ("/ws",)
    session_cookie: str = "session_token"
    heartbeat: Heartbeat = field(default=Heartbeat(interval=54.0, timeout=60.0))
    rate: Rate | None = None

    def reject(self, stranger: Stranger) -> RefuseUpgrade:
        """HTTP 401 with the texts of contract E.1."""
        no_session = stranger is Stranger.NO_SESSION
        reason = "No session cookie" if no_session else "Invalid session"
        return RefuseUpgrade(401, f"Unauthorized: {reason}")

    def open(self, limits: Limits) -> TaggedCodec:
        """A codec that enforces `limits`."""
        return TaggedCodec(DECODERS, limits)

    def encode(self, event: Event) -> tuple[bytes, ...]:
        """One JSON text frame per event that this dialect tells of (contract E.2)."""
        if isinstance(event, HeartbeatAcknowledged):
            return (HEARTBEAT_ACK,)
        frame = _frame(event)
        return () if frame is None else (orjson.dumps(frame),)


def _frame(event: Event) -> dict[str, object] | None:
    match event:
        case PrivateMessagePosted(message=message, recipient_id=recipient_id):
            return {
                "type": "private_message",
                "sender_id": message.author_id,
                "recipient_id": recipient_id,
                "message": private_message_object(message, recipient_id),
            }
        case TypingChanged():
            return {
                "type": "typing_indicator",
                "user_id": event.user_id,
                "sender_id": event.user_id,
                "sender_name": event.name,
                "recipient_id": event.recipient_id,
                "is_typing": event.is_typing,
                "timestamp": timestamp(event.at),
            }
        case PresenceChanged(user_id=user_id, online=online):
            return {"type": "user_online_status", "user_id": user_id, "is_online": online}
        case PrivateMessagesRead() | PrivateMessagesDelivered():
            return _receipt(event)
        case ConversationsResumed(complete=complete, after=after):
            positions = {str(peer): seq for peer, seq in after.items()}
            return {"type": "resumed", "complete": complete, "after": positions}
        case ConversationRevoked(peer_id=peer_id, channel_id=channel_id):
            revoked = {"type": "revoked", "user_id": peer_id, "channel": channel_id}
            return {**revoked, "reason": CONVERSATION_CLOSED}
        case Connected():
            return {"type": "system", "message": WELCOME}
        case Refused(code=code, text=text, key=key):
            refusal: dict[str, object] = {"type": "error", "code": code, "message": text}
            return refusal if key is None else {**refusal, "client_id": key}
        case Shed(count=count):
            return {"type": "shed", "events": count}
        case _:
            return None  # what happens in channels and workspaces is other dialects' matter


def _receipt(event: PrivateMessagesRead | PrivateMessagesDelivered) -> dict[str, object]:
    up_to = {"sender_id": event.author_id, "seq": event.seq}
    if isinstance(event, PrivateMessagesRead):
        return {"type": "messages_read", "reader_id": event.reader_id, **up_to}
    return {"type": "messages_delivered", "recipient_id": event.recipient_id, **up_to}


DIALECT: Final[Dialect] = PrivateMessages()
