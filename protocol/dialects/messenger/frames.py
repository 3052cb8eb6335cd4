"""Dialect B, `/messagepal`: the one-to-one messenger (seed 002, contract section B).

Guarantees: every frame but `error` is `{type, payload, timestamp}`; Parlour's additions are extra
fields and types. A field that is malformed counts as absent.
Must not know: sockets, the store, other dialects.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

import orjson
from attrs import field, frozen

from protocol.commands import (
    Command,
    FetchHistory,
    MarkRead,
    ResumeConversations,
    SendPrivateMessage,
    SetSubscription,
    SetTyping,
)
from protocol.dialect import AcceptAndClose, Dialect, Heartbeat, Limits, Rate, Stranger
from protocol.dialects.messenger.conversations import (
    conversation_id,
    parse_conversation_id,
    parse_message_id,
)
from protocol.dialects.messenger.shapes import conversation_message_object
from protocol.errors import CONVERSATION_CLOSED, CloseReason, ErrorCode, WireError
from protocol.events import (
    Connected,
    ConversationHistory,
    ConversationRevoked,
    ConversationsResumed,
    ConversationSubscribed,
    Event,
    PrivateMessagePosted,
    PrivateMessagesRead,
    Refused,
    Shed,
    TypingChanged,
)
from protocol.model import UserId
from protocol.parsing.content import check_content, check_key, is_storable
from protocol.parsing.resumption import parse_positions
from protocol.parsing.structuring import identifier
from protocol.parsing.tagged import Decoders, Frame, TaggedCodec
from protocol.shapes.timestamps import timestamp

HISTORY_MESSAGES: Final = 50
MAX_CONVERSATION_CHARS: Final = 100
NOT_SENT: Final = "Failed to send message"
INVALID: Final = "Invalid message format"

_TEXTS: Final[Mapping[ErrorCode, str]] = {
    ErrorCode.INVALID_JSON: INVALID,
    ErrorCode.INVALID_FRAME: INVALID,
    ErrorCode.RECIPIENT_NOT_FOUND: NOT_SENT,
    ErrorCode.CANNOT_MESSAGE_SELF: NOT_SENT,
    ErrorCode.NOT_ALLOWED: NOT_SENT,
    ErrorCode.KEY_CONFLICT: NOT_SENT,
    ErrorCode.UNSTORABLE: NOT_SENT,
    ErrorCode.UNAVAILABLE: NOT_SENT,
}


def _recipient(frame: Frame) -> UserId | None:
    number = identifier(frame.get("recipientId"))
    return None if number is None else UserId(number)


def _send(frame: Frame, limits: Limits) -> Command:
    given = frame.get("clientMessageId")
    key = check_key(given if isinstance(given, str) else None)
    recipient_id, content = _recipient(frame), frame.get("content")
    if recipient_id is None or not isinstance(content, str) or not content:
        raise WireError(ErrorCode.INVALID_FIELD, "Recipient ID and content are required", key)
    content = check_content(content, limits.content_chars, key=key)
    return SendPrivateMessage(recipient_id, content, key)


def _typing(frame: Frame, _: Limits) -> Command | None:
    recipient_id = _recipient(frame)
    return None if recipient_id is None else SetTyping(recipient_id, is_typing=True)


def _mark_read(frame: Frame, _: Limits) -> Command | None:
    message_id = parse_message_id(frame.get("messageId"))
    return None if message_id is None else MarkRead(message_id)


def _subscription(frame: Frame, *, subscribed: bool) -> Command | None:
    conversation = frame.get("conversationId")
    if not isinstance(conversation, str) or not is_storable(conversation):
        return None
    if not 1 <= len(conversation) <= MAX_CONVERSATION_CHARS:
        return None
    return SetSubscription(conversation, subscribed)


def _subscribe(frame: Frame, _: Limits) -> Command | None:
    return _subscription(frame, subscribed=True)


def _unsubscribe(frame: Frame, _: Limits) -> Command | None:
    return _subscription(frame, subscribed=False)


def _fetch_history(frame: Frame, _: Limits) -> Command:
    conversation = frame.get("conversationId")
    if not isinstance(conversation, str) or not conversation:
        raise WireError(ErrorCode.INVALID_FIELD, "Conversation ID is required")
    pair = parse_conversation_id(conversation)
    if pair is None:
        raise WireError(ErrorCode.HISTORY_UNAVAILABLE)
    return FetchHistory(pair, HISTORY_MESSAGES)


def _resume(frame: Frame, _: Limits) -> Command:
    return ResumeConversations(parse_positions(frame.get("after"), _people))


def _people(conversation: str) -> frozenset[UserId] | None:
    pair = parse_conversation_id(conversation)
    return None if pair is None else frozenset(pair)


DECODERS: Final[Decoders] = {
    "send_message": _send,
    "typing": _typing,
    "mark_read": _mark_read,
    "subscribe": _subscribe,
    "unsubscribe": _unsubscribe,
    "fetch_history": _fetch_history,
    "resume": _resume,
}


@frozen
class Messenger:
    """Contract B.1. The existing browser hook connects to `/message`."""

    name: str = "messenger"
    paths: tuple[str, ...] = ("/messagepal", "/message")
    session_cookie: str = "connect.sid"
    heartbeat: Heartbeat = field(default=Heartbeat(interval=30.0, timeout=60.0))
    rate: Rate | None = field(default=Rate(tokens=5, seconds=5.0))

    def reject(self, stranger: Stranger) -> AcceptAndClose:
        """No frame, then 4001, whatever was wrong."""
        del stranger
        return AcceptAndClose((), CloseReason(4001, "Authentication required", reconnect=False))

    def open(self, limits: Limits) -> TaggedCodec:
        """A codec that enforces `limits`."""
        return TaggedCodec(DECODERS, limits)

    def encode(self, event: Event) -> tuple[bytes, ...]:
        """The frames of contract B.4; one `message_read` per message."""
        match event:
            case Refused(code=code, text=text, key=key):
                refusal = {"type": "error", "message": _TEXTS.get(code, text), "code": code}
                return (
                    orjson.dumps(refusal if key is None else {**refusal, "clientMessageId": key}),
                )
            case PrivateMessagesRead(reader_id=reader_id, message_ids=message_ids, at=at):
                return tuple(
                    _envelope(
                        "message_read",
                        {
                            "messageId": str(message_id),
                            "readBy": reader_id,
                            "readAt": timestamp(at),
                        },
                        at,
                    )
                    for message_id in message_ids
                )
            case TypingChanged(is_typing=False):
                return ()  # clients let the indicator run out
            case _:
                return _enveloped(event)


def _enveloped(event: Event) -> tuple[bytes, ...]:
    match event:
        case PrivateMessagePosted(message=message, author=author):
            payload = conversation_message_object(message, author)
            return (_envelope("message_received", payload, message.created_at),)
        case TypingChanged(user_id=user_id, username=username, recipient_id=recipient_id, at=at):
            typing = {"userId": user_id, "username": username, "recipientId": recipient_id}
            return (_envelope("user_typing", typing, at),)
        case Connected(user=user, at=at):
            connected: dict[str, object] = {
                "userId": user.id,
                "username": user.username,
                "role": user.role,
                "serverTime": timestamp(at),
            }
            return (_envelope("connected", connected, at),)
        case ConversationSubscribed(conversation=conversation, subscribed=subscribed, at=at):
            kind = "subscribed" if subscribed else "unsubscribed"
            return (_envelope(kind, {"conversationId": conversation}, at),)
        case ConversationRevoked(user_id=user_id, peer_id=peer_id, at=at):
            ended = {
                "conversationId": conversation_id(user_id, peer_id),
                "reason": CONVERSATION_CLOSED,
            }
            return (_envelope("unsubscribed", ended, at),)
        case ConversationHistory(pair=pair, messages=messages, people=people, at=at):
            history: dict[str, object] = {
                "conversationId": conversation_id(*pair),
                "messages": [
                    conversation_message_object(message, people[message.author_id])
                    for message in messages
                ],
            }
            return (_envelope("history_response", history, at),)
        case ConversationsResumed(user_id=user_id, complete=complete, after=after, at=at):
            positions = {conversation_id(user_id, peer): seq for peer, seq in after.items()}
            return (_envelope("resumed", {"complete": complete, "after": positions}, at),)
        case Shed(count=count, at=at):
            return (_envelope("shed", {"events": count}, at),)
        case _:
            return ()  # channels, workspaces and who is online are other dialects' matter


def _envelope(kind: str, payload: Mapping[str, object], at: datetime) -> bytes:
    return orjson.dumps({"type": kind, "payload": payload, "timestamp": timestamp(at)})


DIALECT: Final[Dialect] = Messenger()
