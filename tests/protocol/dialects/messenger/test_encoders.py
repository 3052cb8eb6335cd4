"""The frames that the messenger sends, field by field."""

import json

import pytest

from protocol.dialects.messenger import DIALECT
from protocol.errors import ErrorCode
from protocol.events import (
    Announced,
    Connected,
    ConversationHistory,
    ConversationRevoked,
    ConversationsResumed,
    ConversationSubscribed,
    Event,
    MentionChanged,
    Noted,
    PrivateMessagePosted,
    PrivateMessageRevised,
    PrivateMessagesRead,
    Refused,
    Shed,
    TypingChanged,
)
from protocol.model import UserId
from tests.support.documents.events import AT, EVENTS

EXAMPLES = {type(event): event for event in EVENTS}

FRAMES: dict[type[Event], list[object]] = {
    Noted: [
        {
            "type": "conversation_noted",
            "payload": {
                "conversationId": "conv_1_2",
                "note": 7,
                "unreadFrom": 4,
                "isMuted": True,
                "mutedUntil": None,
            },
            "timestamp": "2024-01-01T12:00:00.007Z",
        }
    ],
    Connected: [
        {
            "type": "connected",
            "payload": {
                "userId": 1,
                "username": "ann",
                "role": "student",
                "serverTime": "2024-01-01T12:00:00.007Z",
                "epoch": "epoch",
            },
            "timestamp": "2024-01-01T12:00:00.007Z",
        }
    ],
    MentionChanged: [
        {
            "type": "mention",
            "payload": {
                "messageId": "9",
                "conversationId": "conv_1_2",
                "mentioned": True,
                "seq": 4,
                "rev": 0,
                "content": "hi",
                "authorId": 1,
            },
            "timestamp": "2024-01-01T12:00:00.007Z",
        }
    ],
    PrivateMessageRevised: [
        {
            "type": "message_reaction",
            "payload": {
                "messageId": "9",
                "conversationId": "conv_1_2",
                "senderId": 1,
                "change": "reaction_added",
                "seq": 4,
                "rev": 6,
                "content": "revised",
                "editedAt": "2024-01-01T12:00:00.007Z",
                "isDeleted": False,
                "isPinned": True,
                "reactions": [{"emoji": "👍", "count": 2, "userIds": [1, 2]}],
                "emoji": "👍",
                "userId": 1,
            },
            "timestamp": "2024-01-01T12:00:00.007Z",
        }
    ],
    PrivateMessagePosted: [
        {
            "type": "message_received",
            "payload": {
                "id": "9",
                "messageId": "9",
                "conversationId": "conv_1_2",
                "senderId": 1,
                "senderName": "Ann",
                "senderRole": "student",
                "recipientId": 2,
                "content": "hi",
                "timestamp": "2024-01-01T12:00:00.007Z",
                "readBy": [],
                "isRead": False,
                "messageType": "text",
                "seq": 4,
                "clientMessageId": "k",
            },
            "timestamp": "2024-01-01T12:00:00.007Z",
        }
    ],
    TypingChanged: [
        {
            "type": "user_typing",
            "payload": {"userId": 1, "username": "ann", "recipientId": 2},
            "timestamp": "2024-01-01T12:00:00.007Z",
        }
    ],
    PrivateMessagesRead: [
        {
            "type": "message_read",
            "payload": {"messageId": "8", "readBy": 2, "readAt": "2024-01-01T12:00:00.007Z"},
            "timestamp": "2024-01-01T12:00:00.007Z",
        },
        {
            "type": "message_read",
            "payload": {"messageId": "9", "readBy": 2, "readAt": "2024-01-01T12:00:00.007Z"},
            "timestamp": "2024-01-01T12:00:00.007Z",
        },
    ],
    ConversationRevoked: [
        {
            "type": "unsubscribed",
            "payload": {
                "conversationId": "conv_1_2",
                "reason": "You can no longer see this conversation",
            },
            "timestamp": "2024-01-01T12:00:00.007Z",
        }
    ],
    ConversationSubscribed: [
        {
            "type": "subscribed",
            "payload": {"conversationId": "conv_1_2"},
            "timestamp": "2024-01-01T12:00:00.007Z",
        }
    ],
    ConversationHistory: [
        {
            "type": "history_response",
            "payload": {
                "conversationId": "conv_1_2",
                "messages": [
                    {
                        "id": "9",
                        "messageId": "9",
                        "conversationId": "conv_1_2",
                        "senderId": 1,
                        "senderName": "Ann",
                        "senderRole": "student",
                        "recipientId": 2,
                        "content": "hi",
                        "timestamp": "2024-01-01T12:00:00.007Z",
                        "readBy": [],
                        "isRead": False,
                        "messageType": "text",
                        "seq": 4,
                        "clientMessageId": "k",
                    }
                ],
            },
            "timestamp": "2024-01-01T12:00:00.007Z",
        }
    ],
    Refused: [
        {
            "type": "error",
            "message": "Failed to send message",
            "code": "not_allowed",
            "clientMessageId": "k",
        }
    ],
    Announced: [
        {
            "type": "announcement",
            "payload": {"text": "The hub is restarted at noon."},
            "timestamp": "2024-01-01T12:00:00.007Z",
        }
    ],
    Shed: [{"type": "shed", "payload": {"events": 7}, "timestamp": "2024-01-01T12:00:00.007Z"}],
    ConversationsResumed: [
        {
            "type": "resumed",
            "payload": {
                "complete": True,
                "after": {"conv_1_2": 4},
                "epoch": "epoch",
                "reset": True,
            },
            "timestamp": "2024-01-01T12:00:00.007Z",
        }
    ],
}


def test_every_event_that_the_dialect_sends_is_in_the_table() -> None:
    assert FRAMES.keys() == DIALECT.encodes


@pytest.mark.parametrize("event", FRAMES, ids=lambda event: event.__name__)
def test_an_event_becomes_these_frames(event: type[Event]) -> None:
    assert [json.loads(frame) for frame in DIALECT.encode(EXAMPLES[event])] == FRAMES[event]


def test_the_end_of_typing_is_not_sent() -> None:
    ended = TypingChanged(UserId(1), "ann", "Ann", UserId(2), is_typing=False, at=AT)
    assert DIALECT.encode(ended) == ()


def test_the_end_of_a_subscription_is_acknowledged() -> None:
    (frame,) = DIALECT.encode(ConversationSubscribed("conv_1_2", subscribed=False, at=AT))
    assert json.loads(frame)["type"] == "unsubscribed"


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (ErrorCode.INVALID_JSON, "Invalid message format"),
        (ErrorCode.INVALID_FRAME, "Invalid message format"),
        (ErrorCode.KEY_CONFLICT, "Failed to send message"),
        (ErrorCode.CANNOT_MESSAGE_SELF, "Failed to send message"),
        (ErrorCode.CONTENT_EMPTY, "Message content cannot be empty"),
    ],
)
def test_a_refusal_has_the_contracts_text(code: ErrorCode, text: str) -> None:
    (frame,) = DIALECT.encode(Refused.because(code))
    assert json.loads(frame) == {"type": "error", "message": text, "code": code.value}
