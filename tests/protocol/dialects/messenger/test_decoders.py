"""The frames that a client of the messenger may send."""

import json

import pytest

from protocol.commands import (
    Command,
    FetchHistory,
    HideMessage,
    MarkRead,
    MarkUnread,
    MuteConversation,
    ResumeConversations,
    ReviseMessage,
    SendPrivateMessage,
    SetSubscription,
    SetTyping,
)
from protocol.dialect import CodecLimits
from protocol.dialects.messenger import DIALECT
from protocol.dialects.messenger.decoders import DECODERS
from protocol.errors import ErrorCode, WireError
from protocol.model import MessageId, UserId
from protocol.notes import Mute
from protocol.revisions import Delete, Edit, React

SEND = {"type": "send_message", "recipientId": 2, "content": "hi", "clientMessageId": "k"}
REQUIRED = "Recipient ID and content are required"


def receive(frame: object) -> Command | None:
    return DIALECT.open(CodecLimits(content_chars=20)).receive(json.dumps(frame))


@pytest.mark.parametrize(
    ("frame", "command"),
    [
        (SEND, SendPrivateMessage(UserId(2), "hi", "k")),
        (
            SEND | {"content": " hi ", "clientMessageId": None},
            SendPrivateMessage(UserId(2), " hi "),
        ),
        ({"type": "typing", "recipientId": 2}, SetTyping(UserId(2), is_typing=True)),
        ({"type": "mark_read", "messageId": "9"}, MarkRead(MessageId(9))),
        (
            {
                "type": "forward_message",
                "messageId": "9",
                "recipientId": 2,
                "clientMessageId": "k",
            },
            SendPrivateMessage(UserId(2), "", "k", forwards=MessageId(9)),
        ),
        (
            {"type": "mark_unread", "messageId": "9"},
            MarkUnread(MessageId(9), only_private=True),
        ),
        (
            {"type": "hide_message", "messageId": "9"},
            HideMessage(MessageId(9), only_private=True),
        ),
        (
            {"type": "unhide_message", "messageId": "9"},
            HideMessage(MessageId(9), only_private=True, is_hidden=False),
        ),
        ({"type": "mute_conversation", "recipientId": 2}, MuteConversation(UserId(2), Mute())),
        ({"type": "unmute_conversation", "recipientId": 2}, MuteConversation(UserId(2), None)),
        (
            {"type": "edit_message", "messageId": "9", "content": "x", "clientMessageId": "k"},
            ReviseMessage(MessageId(9), Edit("x"), key="k", only_private=True),
        ),
        (
            {"type": "delete_message", "messageId": "9"},
            ReviseMessage(MessageId(9), Delete(), only_private=True),
        ),
        (
            {"type": "react", "messageId": "9", "emoji": "❤"},
            ReviseMessage(MessageId(9), React("❤\ufe0f"), only_private=True),
        ),
        (
            {"type": "remove_reaction", "messageId": "9", "emoji": "👍"},
            ReviseMessage(MessageId(9), React("👍", is_added=False), only_private=True),
        ),
        (
            {"type": "subscribe", "conversationId": "conv_1_2"},
            SetSubscription("conv_1_2", subscribed=True),
        ),
        (
            {"type": "unsubscribe", "conversationId": "x" * 100},
            SetSubscription("x" * 100, subscribed=False),
        ),
        (
            {"type": "fetch_history", "conversationId": "conv_1_2"},
            FetchHistory((UserId(1), UserId(2)), 50),
        ),
        ({"type": "resume"}, ResumeConversations({})),
        ({"type": "resume", "epoch": "e"}, ResumeConversations({}, "e")),
        ({"type": "resume", "only": True}, ResumeConversations({}, only=True)),
        (
            {"type": "resume", "after": {"conv_1_2": 4}},
            ResumeConversations({frozenset({UserId(1), UserId(2)}): 4}),
        ),
    ],
)
def test_frames_become_commands(frame: object, command: Command) -> None:
    assert receive(frame) == command


@pytest.mark.parametrize(
    "frame",
    [
        {"type": "typing"},
        {"type": "typing", "recipientId": "2"},
        {"type": "mark_read"},
        {"type": "mark_read", "messageId": 9},
        {"type": "subscribe"},
        {"type": "subscribe", "conversationId": ""},
        {"type": "subscribe", "conversationId": "x" * 101},
        {"type": "unsubscribe", "conversationId": "\x00"},
        {"type": "unsubscribe", "conversationId": 5},
    ],
)
def test_a_frame_without_its_recipient_message_or_conversation_is_ignored(frame: object) -> None:
    assert receive(frame) is None


@pytest.mark.parametrize(
    ("frame", "code", "text", "field", "key"),
    [
        (SEND | {"recipientId": "2"}, "invalid_field", REQUIRED, "recipientId", "k"),
        (SEND | {"content": 5}, "invalid_field", REQUIRED, "content", "k"),
        (SEND | {"content": ""}, "invalid_field", REQUIRED, "content", "k"),
        (SEND | {"content": " "}, "content_empty", "Message content cannot be empty", "content",
         "k"),
        (SEND | {"content": "x" * 21}, "content_too_long",
         "Message content is longer than 20 characters", "content", "k"),
        (SEND | {"clientMessageId": 5}, "invalid_field", "clientMessageId has the wrong type",
         "clientMessageId", None),
        (SEND | {"clientMessageId": ""}, "invalid_field",
         "An idempotency key has 1 to 255 characters", "clientMessageId", None),
        ({"type": "fetch_history"}, "invalid_field", "Conversation ID is required",
         "conversationId", None),
        ({"type": "fetch_history", "conversationId": "conv_2_1"}, "history_unavailable",
         "Failed to fetch message history", "conversationId", None),
        ({"type": "resume", "after": {"2": 4}}, "invalid_field",
         "after: '2' is not understood", "after", None),
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
        "send_message", "typing", "mark_read", "subscribe", "unsubscribe", "fetch_history",
        "resume", "edit_message", "delete_message", "react", "remove_reaction", "mark_unread",
        "forward_message",
        "hide_message", "unhide_message", "mute_conversation", "unmute_conversation",
    }  # fmt: skip
