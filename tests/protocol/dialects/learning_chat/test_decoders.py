"""The frames that a client of `/ws/chat` may send."""

import json
from datetime import UTC, datetime

import pytest

from protocol.commands import (
    Command,
    HideMessage,
    JoinChannel,
    LeaveChannel,
    MarkDelivered,
    MarkRead,
    MarkUnread,
    MuteChannel,
    PostToChannel,
    Respond,
    ResumeChannels,
    ReviseMessage,
    TypeInChannel,
)
from protocol.dialect import CodecLimits
from protocol.dialects.learning_chat import DIALECT
from protocol.dialects.learning_chat.decoders import DECODERS
from protocol.errors import ErrorCode, WireError
from protocol.events import HeartbeatAcknowledged
from protocol.model import ChannelId, MessageId, MessageKind
from protocol.notes import Mute
from protocol.revisions import Delete, Edit, Pin, React

CHANNEL = ChannelId(3)
PLACE = {"channelId": 3, "messageId": 9}
SEND = {"type": "send_message", "channelId": 3, "content": "hi", "clientMessageId": "k"}
REQUIRED = "channelId and content are required."
NOT_SAVED = "Failed to save message."


def receive(frame: object) -> Command | None:
    return DIALECT.open(CodecLimits(content_chars=20)).receive(json.dumps(frame))


@pytest.mark.parametrize(
    ("frame", "command"),
    [
        ({"type": "join_channel", "channelId": 3}, JoinChannel(CHANNEL)),
        ({"type": "leave_channel", "channelId": 3}, LeaveChannel(CHANNEL)),
        (SEND, PostToChannel(CHANNEL, "hi", key="k")),
        (SEND | {"content": " hi\n"}, PostToChannel(CHANNEL, "hi", key="k")),
        (
            SEND | {"messageType": "image", "fileUrl": "/uploads/a", "parentId": 7},
            PostToChannel(CHANNEL, "hi", MessageKind.IMAGE, "/uploads/a", "k", MessageId(7)),
        ),
        (SEND | {"replyTo": 7}, PostToChannel(CHANNEL, "hi", key="k", parent_id=MessageId(7))),
        (
            SEND | {"replyTo": 7, "parentId": 8, "senderRole": "admin", "mentions": ["a"]},
            PostToChannel(CHANNEL, "hi", key="k", parent_id=MessageId(8)),
        ),
        (
            SEND | {"messageType": "assignment"},
            PostToChannel(CHANNEL, "hi", MessageKind.ASSIGNMENT, key="k", is_homework=True),
        ),
        (
            SEND | {"messageType": "doubt"},
            PostToChannel(CHANNEL, "hi", MessageKind.DOUBT, key="k"),
        ),
        ({"type": "typing", "channelId": 3}, TypeInChannel(CHANNEL)),
        ({"type": "stop_typing", "channelId": 3}, TypeInChannel(CHANNEL, is_typing=False)),
        ({"type": "mark_delivered", "channelId": 3, "messageId": 9}, MarkDelivered(MessageId(9))),
        (
            {"type": "mark_unread", "channelId": 3, "messageId": 9},
            MarkUnread(MessageId(9), CHANNEL),
        ),
        (
            {"type": "hide_message", "channelId": 3, "messageId": 9},
            HideMessage(MessageId(9), CHANNEL),
        ),
        (
            {"type": "unhide_message", "channelId": 3, "messageId": 9},
            HideMessage(MessageId(9), CHANNEL, is_hidden=False),
        ),
        ({"type": "mute_channel", "channelId": 3}, MuteChannel(CHANNEL, Mute())),
        (
            {"type": "mute_channel", "channelId": 3, "until": "2026-01-31T12:00:00Z"},
            MuteChannel(CHANNEL, Mute(datetime(2026, 1, 31, 12, tzinfo=UTC))),
        ),
        ({"type": "unmute_channel", "channelId": 3}, MuteChannel(CHANNEL, None)),
        (
            {"type": "pin_message", "channelId": 3, "messageId": 9},
            ReviseMessage(MessageId(9), Pin(), CHANNEL),
        ),
        (
            {"type": "forward_message", **PLACE, "clientMessageId": "k"},
            PostToChannel(CHANNEL, "", key="k", forwards=MessageId(9)),
        ),
        (
            {"type": "edit_message", **PLACE, "content": " hello ", "clientMessageId": "k"},
            ReviseMessage(MessageId(9), Edit("hello"), CHANNEL, "k"),
        ),
        ({"type": "delete_message", **PLACE}, ReviseMessage(MessageId(9), Delete(), CHANNEL)),
        (
            {"type": "react", **PLACE, "emoji": "❤", "clientMessageId": "k"},
            ReviseMessage(MessageId(9), React("❤\ufe0f"), CHANNEL, "k"),
        ),
        (
            {"type": "remove_reaction", **PLACE, "emoji": "👍"},
            ReviseMessage(MessageId(9), React("👍", is_added=False), CHANNEL),
        ),
        ({"type": "mark_read", "channelId": 3, "messageId": 9}, MarkRead(MessageId(9), CHANNEL)),
        ({"type": "heartbeat"}, Respond(HeartbeatAcknowledged())),
        ({"type": "resume"}, ResumeChannels(None)),
        ({"type": "resume", "epoch": "e"}, ResumeChannels(None, epoch="e")),
        ({"type": "resume", "after": {}}, ResumeChannels({})),
        ({"type": "resume", "after": {"3": 4}}, ResumeChannels({CHANNEL: 4})),
    ],
)
def test_frames_become_commands(frame: object, command: Command) -> None:
    assert receive(frame) == command


@pytest.mark.parametrize("channel", [None, "3", 0, 3.0, True, [], 2**53])
@pytest.mark.parametrize(
    "kind",
    ["leave_channel", "typing", "stop_typing", "mark_read", "mark_delivered", "pin_message"],
)
def test_a_frame_without_its_channel_is_ignored(kind: str, channel: object) -> None:
    assert receive({"type": kind, "channelId": channel, "messageId": 9}) is None


@pytest.mark.parametrize("kind", ["mark_read", "mark_delivered", "pin_message"])
def test_a_frame_without_its_message_is_ignored(kind: str) -> None:
    assert receive({"type": kind, "channelId": 3, "messageId": "9"}) is None


@pytest.mark.parametrize(
    ("frame", "code", "text", "field", "key"),
    [
        ({"type": "join_channel"}, "invalid_field", "channelId is required for join_channel.",
         "channelId", None),
        (SEND | {"channelId": "3"}, "invalid_field", REQUIRED, "channelId", "k"),
        (SEND | {"content": 5}, "invalid_field", REQUIRED, "content", "k"),
        (SEND | {"content": " "}, "invalid_field", REQUIRED, "content", "k"),
        (SEND | {"clientMessageId": 5}, "invalid_field", "clientMessageId has the wrong type",
         "clientMessageId", None),
        (SEND | {"fileUrl": 5}, "invalid_field", "fileUrl has the wrong type", "fileUrl", "k"),
        (SEND | {"parentId": "7"}, "invalid_field", "parentId has the wrong type", "parentId", "k"),
        (SEND | {"replyTo": -1}, "invalid_field", "replyTo has the wrong type", "replyTo", "k"),
        (SEND | {"content": "x" * 21}, "content_too_long",
         "Message content is longer than 20 characters", "content", "k"),
        (SEND | {"content": "\x00"}, "content_invalid",
         "Message content must be valid text without NUL", "content", "k"),
        (SEND | {"messageType": "video"}, "invalid_field", NOT_SAVED, "messageType", "k"),
        (SEND | {"messageType": 5}, "invalid_field", NOT_SAVED, "messageType", "k"),
        (SEND | {"fileUrl": "ftp://a"}, "invalid_field",
         "fileUrl must be an upload or http(s)://", "fileUrl", "k"),
        (SEND | {"clientMessageId": ""}, "invalid_field",
         "An idempotency key has 1 to 255 characters", "clientMessageId", None),
        ({"type": "resume", "after": 5}, "invalid_field",
         "after must be an object of whole numbers", "after", None),
        ({"type": "dance"}, "unknown_type", "Unknown event type: dance", "type", None),
    ],
)  # fmt: skip
def test_an_error_names_the_field_and_the_key_of_the_send(
    frame: object, code: str, text: str, field: str, key: str | None
) -> None:
    with pytest.raises(WireError) as caught:
        receive(frame)
    error = caught.value
    assert (error.code, error.text) == (ErrorCode(code), text)
    assert (error.field, error.key) == (field, key)


def test_the_dialect_decodes_exactly_these_frames() -> None:
    assert set(DECODERS) == {
        "join_channel", "leave_channel", "send_message", "typing", "stop_typing", "mark_read",
        "mark_delivered", "pin_message", "edit_message", "delete_message", "react",
        "remove_reaction", "forward_message", "heartbeat", "resume", "mark_unread", "hide_message",
        "unhide_message", "mute_channel", "unmute_channel",
    }  # fmt: skip
