"""The frames that a client of `/ws` may send."""

import json

import pytest

from protocol.commands import (
    Command,
    MarkDelivered,
    Respond,
    ResumeConversations,
    ReviseMessage,
    SendPrivateMessage,
    SetTyping,
)
from protocol.dialect import CodecLimits
from protocol.dialects.private_messages import DIALECT
from protocol.dialects.private_messages.decoders import DECODERS
from protocol.errors import ErrorCode, WireError
from protocol.events import HeartbeatAcknowledged
from protocol.model import MAX_ID, MessageId, MessageKind, UserId
from protocol.revisions import Delete, Edit, React


def receive(frame: object) -> Command | None:
    text = frame if isinstance(frame, str) else json.dumps(frame)
    return DIALECT.open(CodecLimits(content_chars=20)).receive(text)


@pytest.mark.parametrize(
    ("frame", "command"),
    [
        (
            {"type": "private_message", "recipient_id": 2, "content": "hi"},
            SendPrivateMessage(UserId(2), "hi"),
        ),
        (
            {"type": "private_message", "recipient_id": 2, "message": {"content": " hi "}},
            SendPrivateMessage(UserId(2), " hi "),
        ),
        (
            {"type": "private_message", "recipient_id": MAX_ID, "content": "é😀", "client_id": "k"},
            SendPrivateMessage(UserId(MAX_ID), "é😀", "k"),
        ),
        (
            {
                "type": "private_message",
                "recipient_id": 2,
                "content": "x",
                "client_id": None,
                "message_type": "file",
                "file_url": "/uploads/a",
                "parent_id": 7,
            },
            SendPrivateMessage(UserId(2), "x", None, MessageKind.FILE, "/uploads/a", MessageId(7)),
        ),
        (
            {"type": "typing_indicator", "user_id": 99, "recipient_id": 2, "is_typing": True},
            SetTyping(UserId(2), is_typing=True),
        ),
        ({"type": "mark_delivered", "message_id": 9}, MarkDelivered(MessageId(9))),
        (
            {"type": "forward_message", "message_id": 9, "recipient_id": 2, "client_id": "k"},
            SendPrivateMessage(UserId(2), "", "k", forwards=MessageId(9)),
        ),
        (
            {"type": "edit_message", "message_id": 9, "content": "x", "client_id": "k"},
            ReviseMessage(MessageId(9), Edit("x"), key="k", only_private=True),
        ),
        (
            {"type": "delete_message", "message_id": 9},
            ReviseMessage(MessageId(9), Delete(), only_private=True),
        ),
        (
            {"type": "react", "message_id": 9, "emoji": "❤"},
            ReviseMessage(MessageId(9), React("❤\ufe0f"), only_private=True),
        ),
        (
            {"type": "remove_reaction", "message_id": 9, "emoji": "👍"},
            ReviseMessage(MessageId(9), React("👍", is_added=False), only_private=True),
        ),
        ({"type": "heartbeat"}, Respond(HeartbeatAcknowledged())),
        ({"type": "resume"}, ResumeConversations({})),
        ({"type": "resume", "epoch": "e"}, ResumeConversations({}, "e")),
        (
            {"type": "resume", "after": {"2": 4}, "only": True},
            ResumeConversations({frozenset({UserId(2)}): 4}, only=True),
        ),
        (
            {"type": "resume", "after": {"2": 4, "3": 0}},
            ResumeConversations({frozenset({UserId(2)}): 4, frozenset({UserId(3)}): 0}),
        ),
    ],
)
def test_frames_become_commands_and_claimed_identities_are_ignored(
    frame: object, command: Command
) -> None:
    assert receive(frame) == command


BAD_IDS = [0, -1, 1.5, True, "2", None, [], {}, 2**53, 2**63, 2**64]


@pytest.mark.parametrize("recipient", BAD_IDS)
@pytest.mark.parametrize("kind", ["private_message", "typing_indicator"])
def test_an_id_is_a_positive_integer_below_2_to_53(kind: str, recipient: object) -> None:
    with pytest.raises(WireError) as caught:
        receive({"type": kind, "recipient_id": recipient, "content": "x", "is_typing": True})
    assert caught.value.code is ErrorCode.INVALID_FIELD
    assert "recipient_id" in caught.value.text


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", ErrorCode.INVALID_JSON),
        ("{", ErrorCode.INVALID_JSON),
        ("NaN", ErrorCode.INVALID_JSON),
        ("1" * 5_000, ErrorCode.INVALID_JSON),
        ("[" * 5_000, ErrorCode.INVALID_JSON),
        ('{"a":' * 5_000 + "1" + "}" * 5_000, ErrorCode.INVALID_JSON),
        ("\ufeff{}", ErrorCode.INVALID_JSON),
        (r'{"type":"private_message","recipient_id":2,"content":"\ud800"}', ErrorCode.INVALID_JSON),
        ("null", ErrorCode.INVALID_FRAME),
        ("1", ErrorCode.INVALID_FRAME),
        ('"x"', ErrorCode.INVALID_FRAME),
        ("[]", ErrorCode.INVALID_FRAME),
        ("{}", ErrorCode.INVALID_FRAME),
        ('{"type":1}', ErrorCode.UNKNOWN_TYPE),
        ('{"type":"group_message"}', ErrorCode.UNKNOWN_TYPE),
        ('{"type":"private_message","recipient_id":2}', ErrorCode.CONTENT_EMPTY),
        ('{"type":"private_message","recipient_id":2,"content":" \\n"}', ErrorCode.CONTENT_EMPTY),
        ('{"type":"private_message","recipient_id":2,"content":5}', ErrorCode.INVALID_FIELD),
        ('{"type":"private_message","recipient_id":2,"message":5}', ErrorCode.INVALID_FIELD),
        (
            '{"type":"private_message","recipient_id":2,"content":"a\\u0000"}',
            ErrorCode.CONTENT_INVALID,
        ),
        (
            '{"type":"private_message","recipient_id":2,"content":"' + "x" * 21 + '"}',
            ErrorCode.CONTENT_TOO_LONG,
        ),
        (
            '{"type":"private_message","recipient_id":2,"content":"x","client_id":""}',
            ErrorCode.INVALID_FIELD,
        ),
        (
            '{"type":"private_message","recipient_id":2,"content":"x","client_id":5}',
            ErrorCode.INVALID_FIELD,
        ),
        ('{"type":"typing_indicator","recipient_id":2}', ErrorCode.INVALID_FIELD),
        ('{"type":"typing_indicator","recipient_id":2,"is_typing":1}', ErrorCode.INVALID_FIELD),
    ],
)
def test_malformed_frames_are_refused_with_their_code(text: str, code: ErrorCode) -> None:
    with pytest.raises(WireError) as caught:
        receive(text)
    assert caught.value.code is code
    assert caught.value.text


def test_an_error_about_a_send_carries_its_key() -> None:
    with pytest.raises(WireError) as caught:
        receive({"type": "private_message", "recipient_id": "2", "client_id": "k1"})
    assert caught.value.key == "k1"


SEND = {"type": "private_message", "recipient_id": 2, "content": "x", "client_id": "k"}


@pytest.mark.parametrize(
    ("frame", "field", "key"),
    [
        (SEND | {"recipient_id": "2"}, "recipient_id", "k"),
        (SEND | {"content": 5}, "content", "k"),
        (SEND | {"content": ""}, "content", "k"),
        (SEND | {"content": "x" * 21}, "content", "k"),
        (SEND | {"content": None}, "content", "k"),
        (SEND | {"content": None, "message": 5}, "message", "k"),
        (SEND | {"content": None, "message": {}}, "message.content", "k"),
        (SEND | {"content": None, "message": {"content": " "}}, "message.content", "k"),
        (SEND | {"client_id": 5}, "client_id", None),
        (SEND | {"client_id": ""}, "client_id", None),
        (SEND | {"message_type": 5}, "message_type", "k"),
        (SEND | {"message_type": "video"}, "message_type", "k"),
        (SEND | {"file_url": 5}, "file_url", "k"),
        (SEND | {"file_url": "ftp://a"}, "file_url", "k"),
        (SEND | {"parent_id": 0}, "parent_id", "k"),
        ({"type": "typing_indicator", "is_typing": True}, "recipient_id", None),
        ({"type": "typing_indicator", "recipient_id": 2, "is_typing": 1}, "is_typing", None),
        ({"type": "mark_delivered"}, "message_id", None),
        ({"type": "mark_delivered", "message_id": "9"}, "message_id", None),
        ({"type": "resume", "after": []}, "after", None),
        ({"type": "resume", "after": {"x": 1}}, "after", None),
        ({"type": "dance"}, "type", None),
        ({}, "type", None),
        ([], None, None),
    ],
)
def test_an_error_names_the_field_and_the_key_of_the_send(
    frame: object, field: str | None, key: str | None
) -> None:
    with pytest.raises(WireError) as caught:
        receive(frame)
    assert (caught.value.field, caught.value.key) == (field, key)


def test_the_dialect_decodes_exactly_these_frames() -> None:
    assert set(DECODERS) == {
        "private_message", "typing_indicator", "mark_delivered", "heartbeat", "resume",
        "edit_message", "delete_message", "react", "remove_reaction", "forward_message",
    }  # fmt: skip
