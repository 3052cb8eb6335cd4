"""The frames that /gateway sends, field by field."""

import json

import pytest

from protocol.dialects.gateway import DIALECT
from protocol.events import (
    Announced,
    ChannelCreated,
    ChannelDeleted,
    ChannelMessagePosted,
    ChannelMessageRevised,
    ChannelMessagesRead,
    ChannelsResumed,
    ChannelTyping,
    Event,
    HeartbeatAcknowledged,
    MemberAdded,
    MemberRemoved,
    MentionChanged,
    Noted,
    Ready,
    Shed,
    ThreadReplied,
    WorkspaceDeleted,
    WorkspacePresence,
)
from protocol.model import ChannelId, UserId, WorkspaceId
from tests.support.documents.events import ANN, EVENTS

EXAMPLES = {type(event): event for event in EVENTS}

FRAMES: dict[type[Event], list[object]] = {
    MentionChanged: [
        {
            "t": "MESSAGE_MENTION",
            "d": {
                "id": 9,
                "channelId": 3,
                "workspaceId": 5,
                "mentioned": True,
                "seq": 4,
                "rev": 0,
                "content": "hi",
                "authorId": 1,
            },
        }
    ],
    Noted: [
        {
            "t": "CHANNEL_NOTED",
            "d": {"channelId": 3, "note": 7, "unreadFrom": 4, "isMuted": True, "mutedUntil": None},
        }
    ],
    ChannelMessageRevised: [
        {
            "t": "MESSAGE_REACTION_ADD",
            "d": {
                "id": 9,
                "channelId": 3,
                "workspaceId": 5,
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
            },
        }
    ],
    ChannelMessagePosted: [
        {
            "t": "MESSAGE_CREATE",
            "d": {
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
                "workspaceId": 5,
            },
        }
    ],
    ChannelTyping: [
        {
            "t": "TYPING_START",
            "d": {"userId": 1, "username": "ann", "channelId": 3, "workspaceId": 5},
        }
    ],
    ChannelMessagesRead: [
        {"t": "MESSAGE_READ", "d": {"messageId": 8, "channelId": 3, "userId": 2}},
        {"t": "MESSAGE_READ", "d": {"messageId": 9, "channelId": 3, "userId": 2}},
    ],
    WorkspacePresence: [
        {"t": "PRESENCE_UPDATE", "d": {"userId": 1, "status": "online", "workspaceId": 5}}
    ],
    HeartbeatAcknowledged: [{"op": "HEARTBEAT_ACK"}],
    Ready: [
        {
            "t": "READY",
            "d": {
                "user": {
                    "id": 1,
                    "username": "ann",
                    "name": "Ann",
                    "role": "student",
                    "avatar": None,
                    "class": None,
                    "subject": None,
                    "email": None,
                    "createdAt": "2024-01-01T12:00:00.007Z",
                },
                "guilds": [
                    {
                        "id": 5,
                        "name": "w",
                        "description": None,
                        "ownerId": 1,
                        "members": [1],
                        "createdAt": "2024-01-01T12:00:00.007Z",
                    }
                ],
                "epoch": "epoch",
            },
        }
    ],
    ChannelCreated: [
        {
            "t": "CHANNEL_CREATE",
            "d": {
                "id": 3,
                "workspaceId": 5,
                "name": "general",
                "type": "text",
                "class": None,
                "subject": None,
                "pinnedMessages": [],
                "createdAt": "2024-01-01T12:00:00.007Z",
            },
        }
    ],
    MemberAdded: [
        {
            "t": "GUILD_MEMBER_ADD",
            "d": {
                "workspaceId": 5,
                "userId": 1,
                "user": {
                    "id": 1,
                    "username": "ann",
                    "name": "Ann",
                    "role": "student",
                    "avatar": None,
                    "class": None,
                    "subject": None,
                },
                "guild": {
                    "id": 5,
                    "name": "w",
                    "description": None,
                    "ownerId": 1,
                    "members": [1],
                    "createdAt": "2024-01-01T12:00:00.007Z",
                },
            },
        }
    ],
    ChannelDeleted: [{"t": "CHANNEL_DELETE", "d": {"id": 10, "workspaceId": 5}}],
    WorkspaceDeleted: [{"t": "GUILD_DELETE", "d": {"id": 5}}],
    MemberRemoved: [
        {
            "t": "GUILD_MEMBER_REMOVE",
            "d": {
                "workspaceId": 5,
                "userId": 1,
                "user": {
                    "id": 1,
                    "username": "ann",
                    "name": "Ann",
                    "role": "student",
                    "avatar": None,
                    "class": None,
                    "subject": None,
                },
                "guild": {
                    "id": 5,
                    "name": "w",
                    "description": None,
                    "ownerId": 1,
                    "members": [1],
                    "createdAt": "2024-01-01T12:00:00.007Z",
                },
            },
        }
    ],
    Announced: [
        {
            "t": "ANNOUNCEMENT",
            "d": {"text": "The hub is restarted at noon.", "timestamp": "2024-01-01T12:00:00.007Z"},
        }
    ],
    ThreadReplied: [
        {
            "t": "THREAD_REPLY",
            "d": {
                "messageId": 9,
                "channelId": 3,
                "userId": 1,
                "thread": {
                    "parentId": 7,
                    "replyCount": 2,
                    "lastReply": {"id": 9, "userId": 1, "createdAt": "2024-01-01T12:00:00.007Z"},
                },
            },
        }
    ],
    Shed: [{"t": "SHED", "d": {"events": 7}}],
    ChannelsResumed: [
        {
            "t": "RESUMED",
            "d": {"complete": False, "after": {"3": 4}, "epoch": "epoch", "reset": True},
        }
    ],
}


def test_every_event_that_the_dialect_sends_is_in_the_table() -> None:
    assert FRAMES.keys() == DIALECT.encodes


@pytest.mark.parametrize("event", FRAMES, ids=lambda event: event.__name__)
def test_an_event_becomes_these_frames(event: type[Event]) -> None:
    assert [json.loads(frame) for frame in DIALECT.encode(EXAMPLES[event])] == FRAMES[event]


def test_the_end_of_typing_is_not_sent() -> None:
    assert DIALECT.encode(ChannelTyping(ChannelId(3), None, ANN, is_typing=False)) == ()


def test_presence_is_online_or_offline() -> None:
    (frame,) = DIALECT.encode(WorkspacePresence(WorkspaceId(5), UserId(1), online=False))
    assert json.loads(frame)["d"]["status"] == "offline"
