"""The Socket.IO events that a client receives, field by field."""

import pytest
from attrs import evolve

from protocol.dialects.channel_messages import DIALECT
from protocol.errors import ErrorCode
from protocol.events import (
    Announced,
    ChannelMessagePosted,
    ChannelMessageRevised,
    ChannelsResumed,
    ChannelTyping,
    ConversationBegun,
    Event,
    LeftChannel,
    MentionChanged,
    MessageConfirmed,
    MessagesSeen,
    Noted,
    Refused,
    Shed,
    ThreadReplied,
)
from protocol.model import ChannelId, DeliveryStatus, MessageId, UserId
from protocol.shapes.uuids import IdKind, to_uuid
from tests.support.documents.events import ANN, EVENTS

EXAMPLES = {type(event): event for event in EVENTS}
CHANNEL, MESSAGE, EARLIER, USER, OTHER = (to_uuid(kind, n) for kind, n in (
    (IdKind.CHANNEL, 3), (IdKind.MESSAGE, 9), (IdKind.MESSAGE, 8), (IdKind.USER, 1),
    (IdKind.USER, 2),
))  # fmt: skip
TYPING = {"userId": USER, "userName": "ann", "channelId": CHANNEL}
SEEN = {"channelId": CHANNEL, "status": "DELIVERED", "userId": OTHER}

NEW = (
    "message:new",
    {
        "id": MESSAGE,
        "content": "hi",
        "channelId": CHANNEL,
        "userId": USER,
        "createdAt": "2024-01-01T12:00:00.007Z",
        "updatedAt": "2024-01-01T12:00:00.007Z",
        "deliveryStatus": "SENT",
        "user": {"id": USER, "name": "Ann", "username": "ann", "avatar": None},
        "userName": "Ann",
        "seq": 4,
        "tempId": "k",
    },
)

EMITTED: dict[type[Event], list[tuple[str, object]]] = {
    ChannelMessagePosted: [NEW],
    MentionChanged: [
        (
            "message:mention",
            {
                "messageId": MESSAGE,
                "channelId": CHANNEL,
                "mentioned": True,
                "seq": 4,
                "rev": 0,
                "content": "hi",
                "authorId": USER,
            },
        )
    ],
    ChannelMessageRevised: [
        (
            "message:reaction",
            {
                "messageId": MESSAGE,
                "channelId": CHANNEL,
                "change": "reaction_added",
                "seq": 4,
                "rev": 6,
                "content": "revised",
                "editedAt": "2024-01-01T12:00:00.007Z",
                "isDeleted": False,
                "isPinned": True,
                "reactions": [{"emoji": "👍", "count": 2, "userIds": [USER, OTHER]}],
                "gradingStatus": "graded",
                "emoji": "👍",
                "userId": USER,
            },
        )
    ],
    ConversationBegun: [NEW],
    Noted: [
        (
            "channel:noted",
            {"channelId": CHANNEL, "note": 7, "unreadFrom": 4, "isMuted": True, "mutedUntil": None},
        )
    ],
    ChannelTyping: [("message:typing:start", {**TYPING, "isTyping": True})],
    MessagesSeen: [
        ("message:delivered", {"messageId": EARLIER, **SEEN}),
        ("message:delivered", {"messageId": MESSAGE, **SEEN}),
    ],
    LeftChannel: [("channel:revoked", {"channelId": CHANNEL, "reason": "because"})],
    MessageConfirmed: [
        (
            "message:sent",
            {
                "messageId": MESSAGE,
                "channelId": CHANNEL,
                "status": "SENT",
                "seq": 4,
                "tempId": "k",
            },
        )
    ],
    ChannelsResumed: [
        ("resumed", {"complete": False, "after": {CHANNEL: 4}, "epoch": "epoch", "reset": True})
    ],
    Refused: [
        (
            "message:error",
            {
                "error": "Unauthorized",
                "message": "Unauthorized",
                "code": "not_allowed",
                "tempId": "k",
            },
        )
    ],
    Announced: [
        (
            "announcement",
            {"text": "The hub is restarted at noon.", "timestamp": "2024-01-01T12:00:00.007Z"},
        )
    ],
    ThreadReplied: [
        (
            "thread:reply",
            {
                "messageId": to_uuid(IdKind.MESSAGE, 9),
                "channelId": to_uuid(IdKind.CHANNEL, 3),
                "userId": to_uuid(IdKind.USER, 1),
                "thread": {
                    "parentId": to_uuid(IdKind.MESSAGE, 7),
                    "replyCount": 2,
                    "lastReply": {
                        "id": to_uuid(IdKind.MESSAGE, 9),
                        "userId": to_uuid(IdKind.USER, 1),
                        "createdAt": "2024-01-01T12:00:00.007Z",
                    },
                },
            },
        )
    ],
    Shed: [("shed", {"events": 7})],
}


def test_every_event_that_the_dialect_sends_is_in_the_table() -> None:
    assert EMITTED.keys() == DIALECT.encodes


@pytest.mark.parametrize("event", EMITTED, ids=lambda event: event.__name__)
def test_an_event_becomes_these_socketio_events(event: type[Event]) -> None:
    assert list(DIALECT.encode(EXAMPLES[event])) == EMITTED[event]


def test_the_end_of_typing_is_sent() -> None:
    ended = ChannelTyping(ChannelId(3), None, ANN, is_typing=False)
    assert DIALECT.encode(ended) == (("message:typing:stop", {**TYPING, "isTyping": False}),)


def test_the_confirmation_of_a_reply_has_its_thread() -> None:
    replied, confirmed = EXAMPLES[ThreadReplied], EXAMPLES[MessageConfirmed]
    assert isinstance(replied, ThreadReplied)
    assert isinstance(confirmed, MessageConfirmed)
    reply = evolve(confirmed, message=evolve(confirmed.message, thread=replied.thread))
    ((_, told),) = DIALECT.encode(replied)
    ((_, sent),) = DIALECT.encode(reply)
    assert isinstance(told, dict)
    assert isinstance(sent, dict)
    assert sent["thread"] == told["thread"]


def test_read_is_another_event_than_delivered() -> None:
    seen = MessagesSeen(ChannelId(3), UserId(1), UserId(2), (MessageId(9),), DeliveryStatus.READ)
    payload = {"messageId": MESSAGE, **SEEN, "status": "READ"}
    assert DIALECT.encode(seen) == (("message:read", payload),)


def test_leaving_by_request_is_not_sent() -> None:
    assert DIALECT.encode(LeftChannel(ChannelId(3))) == ()


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (ErrorCode.NOT_A_MEMBER, "Unauthorized"),
        (ErrorCode.NOT_ALLOWED, "Unauthorized"),
        (ErrorCode.CONTENT_EMPTY, "Invalid message format"),
        (ErrorCode.RATE_LIMITED, "Too many messages, please slow down."),
        (ErrorCode.KEY_CONFLICT, "This key was already used for another message"),
    ],
)
def test_a_refusal_has_the_contracts_text(code: ErrorCode, text: str) -> None:
    payload = {"error": text, "message": text, "code": code.value}
    assert DIALECT.encode(Refused.because(code)) == (("message:error", payload),)
