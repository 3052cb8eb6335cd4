"""Dialect E on its own: seed 004's frames in and out (contract section E)."""

import json
from datetime import UTC, datetime

import pytest

from protocol.commands import Command, SendPrivateMessage, SetTyping
from protocol.dialect import CodecLimits, RefuseUpgrade, Stranger
from protocol.dialects.private_messages import DIALECT
from protocol.errors import ErrorCode, WireError
from protocol.events import (
    Connected,
    Event,
    PresenceChanged,
    PrivateMessagePosted,
    PrivateMessagesRead,
    Refused,
    Shed,
    TypingChanged,
)
from protocol.model import MAX_ID, ChannelId, Message, MessageId, User, UserId

AT = datetime(2024, 1, 1, 12, 0, 0, 7_000, UTC)
ANN = User(UserId(1), "ann", "Ann Lee", AT, AT)


def receive(frame: object) -> Command | None:
    text = frame if isinstance(frame, str) else json.dumps(frame)
    return DIALECT.open(CodecLimits(content_chars=20)).receive(text)


def sent(event: Event) -> object:
    (frame,) = DIALECT.encode(event)
    return json.loads(frame)


def test_it_answers_on_ws_with_the_seeds_timing() -> None:
    assert DIALECT.paths == ("/ws",)
    assert DIALECT.session_cookie == "session_token"
    assert (DIALECT.heartbeat.interval, DIALECT.heartbeat.timeout) == (54.0, 60.0)


def test_a_missing_and_an_invalid_session_are_refused_before_the_upgrade() -> None:
    assert DIALECT.reject(Stranger.NO_SESSION) == RefuseUpgrade(
        401, "Unauthorized: No session cookie"
    )
    assert DIALECT.reject(Stranger.INVALID_SESSION) == RefuseUpgrade(
        401, "Unauthorized: Invalid session"
    )


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
            {"type": "typing_indicator", "user_id": 99, "recipient_id": 2, "is_typing": True},
            SetTyping(UserId(2), is_typing=True),
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
def test_bad_frames_are_named(text: str, code: ErrorCode) -> None:
    with pytest.raises(WireError) as caught:
        receive(text)
    assert caught.value.code is code
    assert caught.value.text


def test_an_error_about_a_send_carries_its_key() -> None:
    with pytest.raises(WireError) as caught:
        receive({"type": "private_message", "recipient_id": "2", "client_id": "k1"})
    assert caught.value.key == "k1"


@pytest.mark.parametrize(
    ("event", "frame"),
    [
        (Connected(ANN, AT), {"type": "system", "message": "Welcome to the chat!"}),
        (
            PrivateMessagePosted(
                Message(
                    MessageId(9),
                    ChannelId(3),
                    4,
                    UserId(1),
                    "hi",
                    AT,
                    recipient_id=UserId(2),
                    key="k",
                ),
                ANN,
                UserId(2),
            ),
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
            },
        ),
        (
            TypingChanged(UserId(1), "ann", "Ann Lee", UserId(2), is_typing=True, at=AT),
            {
                "type": "typing_indicator",
                "user_id": 1,
                "sender_id": 1,
                "sender_name": "Ann Lee",
                "recipient_id": 2,
                "is_typing": True,
                "timestamp": "2024-01-01T12:00:00.007Z",
            },
        ),
        (
            PresenceChanged(UserId(1), online=False),
            {"type": "user_online_status", "user_id": 1, "is_online": False},
        ),
        (
            PrivateMessagesRead(UserId(2), UserId(1), 4, (MessageId(9),), AT),
            {"type": "messages_read", "reader_id": 2, "sender_id": 1, "seq": 4},
        ),
        (
            Refused.because(ErrorCode.NOT_ALLOWED, "k"),
            {
                "type": "error",
                "code": "not_allowed",
                "message": "You are not allowed to message this user",
                "client_id": "k",
            },
        ),
        (
            Refused(ErrorCode.INVALID_JSON, "no"),
            {"type": "error", "code": "invalid_json", "message": "no"},
        ),
        (Shed(7, AT), {"type": "shed", "events": 7}),
    ],
)
def test_events_become_the_seeds_frames(event: Event, frame: object) -> None:
    assert sent(event) == frame
