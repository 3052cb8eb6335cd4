"""The frames a client of the messenger may send. See docs/dialects/messenger.md#frames.

A field that is malformed counts as absent.
"""

from typing import Final

from protocol.commands import (
    Command,
    FetchHistory,
    MarkRead,
    ResumeConversations,
    SendPrivateMessage,
    SetSubscription,
    SetTyping,
)
from protocol.dialect import (
    CodecLimits,
)
from protocol.dialects.messenger.conversations import (
    parse_conversation_id,
    parse_message_id,
)
from protocol.errors import ErrorCode, WireError
from protocol.model import UserId
from protocol.parsing.content import check_content, check_key, is_storable
from protocol.parsing.resumption import parse_positions
from protocol.parsing.structuring import identifier
from protocol.parsing.tagged import Decoders, Frame

HISTORY_MESSAGES: Final = 50
MAX_CONVERSATION_CHARS: Final = 100


def _recipient(frame: Frame) -> UserId | None:
    number = identifier(frame.get("recipientId"))
    return None if number is None else UserId(number)


def _send(frame: Frame, limits: CodecLimits) -> Command:
    given = frame.get("clientMessageId")
    key = check_key(given, field="clientMessageId") if isinstance(given, str) else None
    recipient_id, content = _recipient(frame), frame.get("content")
    if recipient_id is None or not isinstance(content, str) or not content:
        text = "Recipient ID and content are required"
        field = "recipientId" if recipient_id is None else "content"
        raise WireError(ErrorCode.INVALID_FIELD, text, key=key, field=field)
    content = check_content(content, limits.content_chars, key=key)
    return SendPrivateMessage(recipient_id, content, key)


def _typing(frame: Frame, _: CodecLimits) -> Command | None:
    recipient_id = _recipient(frame)
    return None if recipient_id is None else SetTyping(recipient_id, is_typing=True)


def _mark_read(frame: Frame, _: CodecLimits) -> Command | None:
    message_id = parse_message_id(frame.get("messageId"))
    return None if message_id is None else MarkRead(message_id)


def _subscription(frame: Frame, *, subscribed: bool) -> Command | None:
    conversation = frame.get("conversationId")
    if not isinstance(conversation, str) or not is_storable(conversation):
        return None
    if not 1 <= len(conversation) <= MAX_CONVERSATION_CHARS:
        return None
    return SetSubscription(conversation, subscribed)


def _subscribe(frame: Frame, _: CodecLimits) -> Command | None:
    return _subscription(frame, subscribed=True)


def _unsubscribe(frame: Frame, _: CodecLimits) -> Command | None:
    return _subscription(frame, subscribed=False)


def _fetch_history(frame: Frame, _: CodecLimits) -> Command:
    conversation = frame.get("conversationId")
    if not isinstance(conversation, str) or not conversation:
        text = "Conversation ID is required"
        raise WireError(ErrorCode.INVALID_FIELD, text, field="conversationId")
    pair = parse_conversation_id(conversation)
    if pair is None:
        raise WireError(ErrorCode.HISTORY_UNAVAILABLE, field="conversationId")
    return FetchHistory(pair, HISTORY_MESSAGES)


def _resume(frame: Frame, _: CodecLimits) -> Command:
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
