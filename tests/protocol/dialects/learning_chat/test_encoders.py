"""The frames that /ws/chat sends, field by field."""

import json

import pytest

from protocol.dialects.learning_chat import DIALECT
from protocol.errors import ErrorCode
from protocol.events import (
    Announced,
    ChannelMessagePosted,
    ChannelMessageRevised,
    ChannelMessagesRead,
    ChannelPresence,
    ChannelsAdded,
    ChannelsResumed,
    ChannelTyping,
    Connected,
    Event,
    HeartbeatAcknowledged,
    InvitationsChanged,
    JoinedChannel,
    LeftChannel,
    MentionChanged,
    MessagesSeen,
    Noted,
    Refused,
    Shed,
    ThreadReplied,
)
from protocol.model import ChannelId, DeliveryStatus, MessageId, UserId, WorkspaceId
from tests.support.documents.events import ANN, EVENTS, FULL_MESSAGE

EXAMPLES = {type(event): event for event in EVENTS}

FRAMES: dict[type[Event], list[object]] = {
    Noted: [
        {
            "type": "channel_noted",
            "channelId": 3,
            "note": 7,
            "unreadFrom": 4,
            "isMuted": True,
            "mutedUntil": None,
        }
    ],
    Connected: [
        {
            "type": "connected",
            "userId": 1,
            "username": "ann",
            "displayName": "Ann",
            "role": "student",
            "epoch": "epoch",
        }
    ],
    ChannelMessagePosted: [
        {
            "type": "new_message",
            "channelId": 3,
            "message": {
                "id": 9,
                "channelId": 3,
                "authorId": 1,
                "authorUsername": "ann",
                "authorDisplayName": "Ann",
                "senderRole": "student",
                "content": "hi",
                "messageType": "text",
                "type": "text",
                "fileUrl": None,
                "readBy": [],
                "createdAt": "2024-01-01T12:00:00.007Z",
                "isPinned": False,
                "isHomework": False,
                "gradingStatus": None,
                "seq": 4,
                "clientMessageId": "k",
            },
        }
    ],
    ChannelTyping: [
        {
            "type": "user_typing",
            "userId": 1,
            "username": "ann",
            "displayName": "Ann",
            "channelId": 3,
        }
    ],
    ChannelPresence: [
        {
            "type": "user_presence",
            "userId": 1,
            "username": "ann",
            "status": "online",
            "channelId": 3,
        }
    ],
    ChannelMessagesRead: [
        {"type": "message_read", "messageId": 8, "userId": 2, "channelId": 3},
        {"type": "message_read", "messageId": 9, "userId": 2, "channelId": 3},
    ],
    MessagesSeen: [
        {"type": "message_delivered", "messageId": 8, "userId": 2, "channelId": 3},
        {"type": "message_delivered", "messageId": 9, "userId": 2, "channelId": 3},
    ],
    MentionChanged: [
        {
            "type": "mention",
            "messageId": 9,
            "channelId": 3,
            "mentioned": True,
            "seq": 4,
            "rev": 0,
            "content": "hi",
            "authorId": 1,
        }
    ],
    ChannelMessageRevised: [
        {
            "type": "message_reaction",
            "messageId": 9,
            "channelId": 3,
            "change": "reaction_added",
            "seq": 4,
            "rev": 6,
            "content": "revised",
            "editedAt": "2024-01-01T12:00:00.007Z",
            "isDeleted": False,
            "isPinned": True,
            "reactions": [{"emoji": "👍", "count": 2, "userIds": [1, 2]}],
            "gradingStatus": "graded",
            "emoji": "👍",
            "userId": 1,
        }
    ],
    JoinedChannel: [{"type": "joined_channel", "channelId": 3}],
    LeftChannel: [{"type": "left_channel", "channelId": 3, "reason": "because"}],
    InvitationsChanged: [{"type": "invitations_changed", "count": 2}],
    ChannelsAdded: [
        {
            "type": "channels_added",
            "channels": [
                {
                    "id": 3,
                    "workspaceId": 5,
                    "name": "general",
                    "type": "text",
                    "class": None,
                    "subject": None,
                    "pinnedMessages": [],
                    "createdAt": "2024-01-01T12:00:00.007Z",
                    "lastSeq": 4,
                    "lastRev": 2,
                }
            ],
        }
    ],
    HeartbeatAcknowledged: [{"type": "heartbeat_ack"}],
    Refused: [
        {
            "type": "error",
            "message": "Failed to save message.",
            "code": "not_allowed",
            "clientMessageId": "k",
        }
    ],
    Announced: [
        {
            "type": "announcement",
            "text": "The hub is restarted at noon.",
            "timestamp": "2024-01-01T12:00:00.007Z",
        }
    ],
    ThreadReplied: [
        {
            "type": "thread_reply",
            "messageId": 9,
            "channelId": 3,
            "userId": 1,
            "thread": {
                "parentId": 7,
                "replyCount": 2,
                "lastReply": {"id": 9, "userId": 1, "createdAt": "2024-01-01T12:00:00.007Z"},
            },
        }
    ],
    Shed: [{"type": "shed", "events": 7}],
    ChannelsResumed: [
        {"type": "resumed", "complete": False, "after": {"3": 4}, "epoch": "epoch", "reset": True}
    ],
}


def test_every_event_that_the_dialect_sends_is_in_the_table() -> None:
    assert FRAMES.keys() == DIALECT.encodes


@pytest.mark.parametrize("event", FRAMES, ids=lambda event: event.__name__)
def test_an_event_becomes_these_frames(event: type[Event]) -> None:
    assert [json.loads(frame) for frame in DIALECT.encode(EXAMPLES[event])] == FRAMES[event]


def test_the_end_of_typing_is_a_frame_of_its_own() -> None:
    (frame,) = DIALECT.encode(ChannelTyping(ChannelId(3), None, ANN, is_typing=False))
    (started,) = FRAMES[ChannelTyping]
    assert json.loads(frame) == {**dict(started), "type": "user_stop_typing"}  # type: ignore[call-overload]  # it is a frame


def test_a_receipt_to_the_author_that_a_message_was_read_is_not_sent() -> None:
    seen = MessagesSeen(ChannelId(3), UserId(1), UserId(2), (MessageId(8),), DeliveryStatus.READ)
    assert DIALECT.encode(seen) == ()


def test_a_reply_has_its_parent_under_two_names() -> None:
    (frame,) = DIALECT.encode(ChannelMessagePosted(FULL_MESSAGE, ANN, WorkspaceId(5)))
    message = json.loads(frame)["message"]
    assert message["parentId"] == message["replyTo"] == 7


def test_leaving_by_request_has_no_reason() -> None:
    (frame,) = DIALECT.encode(LeftChannel(ChannelId(3)))
    assert json.loads(frame) == {"type": "left_channel", "channelId": 3}


def test_presence_is_online_or_offline() -> None:
    (frame,) = DIALECT.encode(ChannelPresence(ChannelId(3), UserId(1), "ann", online=False))
    assert json.loads(frame)["status"] == "offline"


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (ErrorCode.INVALID_FRAME, "Unknown event type: undefined"),
        (ErrorCode.KEY_CONFLICT, "Failed to save message."),
        (ErrorCode.UNAVAILABLE, "Failed to save message."),
        (ErrorCode.NOT_JOINED, "Join the channel before sending messages."),
    ],
)
def test_a_refusal_has_the_contracts_text(code: ErrorCode, text: str) -> None:
    (frame,) = DIALECT.encode(Refused.because(code))
    assert json.loads(frame) == {"type": "error", "message": text, "code": code.value}
