"""The frames that /ws sends, field by field."""

import json

import pytest

from protocol.dialects.private_messages import DIALECT
from protocol.errors import ErrorCode
from protocol.events import (
    Announced,
    Connected,
    ConversationRevoked,
    ConversationsResumed,
    Event,
    HeartbeatAcknowledged,
    MentionChanged,
    Noted,
    PresenceChanged,
    PrivateMessagePosted,
    PrivateMessageRevised,
    PrivateMessagesDelivered,
    PrivateMessagesRead,
    Refused,
    RequestChanged,
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
            "user_id": 2,
            "note": 7,
            "unread_from": 4,
            "is_muted": True,
            "muted_until": None,
        }
    ],
    Connected: [{"type": "system", "message": "Welcome to the chat!", "epoch": "epoch"}],
    MentionChanged: [
        {
            "type": "mention",
            "mentioned": True,
            "sender_id": 1,
            "recipient_id": 2,
            "message": {
                "id": 9,
                "content": "hi",
                "sender_id": 1,
                "receiver_id": 2,
                "recipient_id": 2,
                "created_at": "2024-01-01T12:00:00.007Z",
                "is_read": False,
                "seq": 4,
                "mentions": [{"user_id": 2, "username": "ben"}],
            },
        }
    ],
    PrivateMessageRevised: [
        {
            "type": "message_reaction",
            "change": "reaction_added",
            "sender_id": 1,
            "recipient_id": 2,
            "message": {
                "id": 9,
                "content": "revised",
                "sender_id": 1,
                "receiver_id": 2,
                "recipient_id": 2,
                "created_at": "2024-01-01T12:00:00.007Z",
                "is_read": False,
                "seq": 4,
                "client_id": "k",
                "rev": 6,
                "reactions": [{"emoji": "👍", "count": 2, "user_ids": [1, 2]}],
                "edited_at": "2024-01-01T12:00:00.007Z",
            },
            "emoji": "👍",
            "user_id": 1,
        }
    ],
    PrivateMessagePosted: [
        {
            "type": "private_message",
            "sender_id": 1,
            "recipient_id": 2,
            "message": {
                "id": 9,
                "content": "hi",
                "sender_id": 1,
                "receiver_id": 2,
                "recipient_id": 2,
                "created_at": "2024-01-01T12:00:00.007Z",
                "is_read": False,
                "seq": 4,
                "client_id": "k",
            },
        }
    ],
    TypingChanged: [
        {
            "type": "typing_indicator",
            "user_id": 1,
            "sender_id": 1,
            "sender_name": "Ann",
            "recipient_id": 2,
            "is_typing": True,
            "timestamp": "2024-01-01T12:00:00.007Z",
        }
    ],
    PresenceChanged: [{"type": "user_online_status", "user_id": 1, "is_online": True}],
    PrivateMessagesRead: [{"type": "messages_read", "reader_id": 2, "sender_id": 1, "seq": 4}],
    PrivateMessagesDelivered: [
        {"type": "messages_delivered", "recipient_id": 2, "sender_id": 1, "seq": 4}
    ],
    ConversationRevoked: [
        {
            "type": "revoked",
            "user_id": 2,
            "channel": 3,
            "reason": "You can no longer see this conversation",
        }
    ],
    RequestChanged: [{"type": "message_request", "user_id": 2, "is_waiting": False}],
    HeartbeatAcknowledged: [{"type": "heartbeat_ack"}],
    Refused: [
        {
            "type": "error",
            "code": "not_allowed",
            "message": "You are not allowed to message this user",
            "client_id": "k",
        }
    ],
    Announced: [
        {
            "type": "announcement",
            "text": "The hub is restarted at noon.",
            "timestamp": "2024-01-01T12:00:00.007Z",
        }
    ],
    Shed: [{"type": "shed", "events": 7}],
    ConversationsResumed: [
        {"type": "resumed", "complete": True, "after": {"2": 4}, "epoch": "epoch", "reset": True}
    ],
}


def test_every_event_that_the_dialect_sends_is_in_the_table() -> None:
    assert FRAMES.keys() == DIALECT.encodes


@pytest.mark.parametrize("event", FRAMES, ids=lambda event: event.__name__)
def test_an_event_becomes_these_frames(event: type[Event]) -> None:
    assert [json.loads(frame) for frame in DIALECT.encode(EXAMPLES[event])] == FRAMES[event]


def test_the_end_of_typing_is_sent() -> None:
    ended = TypingChanged(UserId(1), "ann", "Ann", UserId(2), is_typing=False, at=AT)
    (frame,) = DIALECT.encode(ended)
    assert json.loads(frame)["is_typing"] is False


def test_a_refusal_without_a_key_names_none() -> None:
    (frame,) = DIALECT.encode(Refused(ErrorCode.INVALID_JSON, "no"))
    assert json.loads(frame) == {"type": "error", "code": "invalid_json", "message": "no"}
