"""The `message:*` events without a socket (docs/dialects/channel_messages.md#frames)."""

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.commands import (
    Command,
    FetchChannel,
    HideMessage,
    JoinChannel,
    LeaveChannel,
    MarkDelivered,
    MarkRead,
    MarkUnread,
    MuteChannel,
    PostToChannel,
    ResumeChannels,
    TypeInChannel,
)
from protocol.dialect import CodecLimits
from protocol.dialects.channel_messages import DIALECT
from protocol.errors import ErrorCode, WireError
from protocol.events import (
    Refused,
)
from protocol.model import (
    ChannelId,
    Message,
    MessageId,
    User,
    UserId,
)
from protocol.notes import Mute
from protocol.shapes.uuids import IdKind, to_uuid

AT = datetime(2024, 1, 1, 12, 0, 0, 7_000, UTC)
ANN = User(UserId(1), "ann", "Ann", AT, AT)
CHANNEL, MESSAGE, USER = (to_uuid(kind, n) for kind, n in (
    (IdKind.CHANNEL, 3), (IdKind.MESSAGE, 9), (IdKind.USER, 1),
))  # fmt: skip
POSTED = Message(
    MessageId(9), ChannelId(3), 4, UserId(1), "*hi*", AT, key="t", parent_id=MessageId(8)
)
SEND = {"content": "x", "channelId": CHANNEL}


def receive(event: str, *args: object) -> Command:
    return DIALECT.receive(event, args, CodecLimits(content_chars=4_000))


@pytest.mark.parametrize(
    ("event", "args", "command"),
    [
        (
            "message:send",
            [{"content": " hi ", "channelId": CHANNEL, "tempId": "t", "status": "FAILED"}],
            PostToChannel(ChannelId(3), " hi ", key="t"),
        ),
        (
            "message:send",
            [{"content": "x", "channelId": "3", "parentId": MESSAGE, "deliveryStatus": "SENT"}],
            PostToChannel(ChannelId(3), "x", parent_id=MessageId(9)),
        ),
        (
            "message:send",
            [{"content": "x" * 2_000, "channelId": CHANNEL}],
            PostToChannel(ChannelId(3), "x" * 2_000),
        ),
        (
            "message:forward",
            [{"messageId": MESSAGE, "channelId": CHANNEL, "tempId": "t", "content": "lie"}],
            PostToChannel(ChannelId(3), "", key="t", forwards=MessageId(9)),
        ),
        ("message:typing:start", [{"channelId": CHANNEL}], TypeInChannel(ChannelId(3))),
        (
            "message:typing:stop",
            [{"channelId": CHANNEL, "isTyping": True}],
            TypeInChannel(ChannelId(3), is_typing=False),
        ),
        ("message:delivered", [{"messageId": MESSAGE}], MarkDelivered(MessageId(9))),
        ("message:read", [{"messageId": MESSAGE, "status": "READ"}], MarkRead(MessageId(9))),
        ("message:unread", [{"messageId": MESSAGE}], MarkUnread(MessageId(9))),
        ("message:hide", [{"messageId": MESSAGE}], HideMessage(MessageId(9))),
        ("message:unhide", [{"messageId": MESSAGE}], HideMessage(MessageId(9), is_hidden=False)),
        ("channel:mute", [{"channelId": CHANNEL}], MuteChannel(ChannelId(3), Mute())),
        ("channel:unmute", [CHANNEL], MuteChannel(ChannelId(3), None)),
        ("room:join", [{"channelId": CHANNEL}], JoinChannel(ChannelId(3))),
        ("room:join", [CHANNEL], JoinChannel(ChannelId(3))),
        ("channel:join", [CHANNEL, "more"], JoinChannel(ChannelId(3))),
        ("room:leave", [CHANNEL], LeaveChannel(ChannelId(3))),
        ("channel:leave", [{"channelId": CHANNEL}], LeaveChannel(ChannelId(3))),
        ("messages:get", [{"channelId": CHANNEL}], FetchChannel(ChannelId(3), 50)),
        ("messages:list", [{"channelId": CHANNEL}], FetchChannel(ChannelId(3), 50)),
    ],
)
def test_events_become_commands(event: str, args: Sequence[object], command: Command) -> None:
    assert receive(event, *args) == command


@pytest.mark.parametrize(
    ("event", "args", "code"),
    [
        ("message:dance", [{}], ErrorCode.UNKNOWN_TYPE),
        ("message:send", [], ErrorCode.INVALID_FIELD),
        ("message:send", [None], ErrorCode.INVALID_FIELD),
        ("message:send", [{"content": "x"}], ErrorCode.INVALID_FIELD),
        ("message:send", [{"channelId": CHANNEL}], ErrorCode.INVALID_FIELD),
        ("message:send", [{"content": "x", "channelId": USER}], ErrorCode.INVALID_FIELD),
        ("message:send", [{"content": "", "channelId": CHANNEL}], ErrorCode.CONTENT_EMPTY),
        ("message:send", [SEND | {"content": "x" * 2_001}], ErrorCode.CONTENT_TOO_LONG),
        ("message:send", [SEND | {"content": "\x00"}], ErrorCode.CONTENT_INVALID),
        ("message:send", [SEND | {"parentId": "x"}], ErrorCode.INVALID_FIELD),
        ("message:send", [SEND | {"deliveryStatus": "LOST"}], ErrorCode.INVALID_FIELD),
        ("message:send", [SEND | {"tempId": ""}], ErrorCode.INVALID_FIELD),
        ("message:send", [SEND | {"tempId": 1_795_692_904_337}], ErrorCode.INVALID_FIELD),
        ("message:send", [{"content": b"x", "channelId": CHANNEL}], ErrorCode.INVALID_FIELD),
        ("message:forward", [{"channelId": CHANNEL}], ErrorCode.INVALID_FIELD),
        ("message:forward", [{"messageId": MESSAGE}], ErrorCode.INVALID_FIELD),
        ("message:forward", [{"messageId": "x", "channelId": CHANNEL}], ErrorCode.INVALID_FIELD),
        ("message:read", [{"messageId": CHANNEL}], ErrorCode.INVALID_FIELD),
        ("message:read", [MESSAGE], ErrorCode.INVALID_FIELD),
        ("room:join", [{}], ErrorCode.INVALID_FIELD),
        ("room:join", [7], ErrorCode.INVALID_FIELD),
        ("room:join", ["test-channel"], ErrorCode.INVALID_FIELD),
    ],
)  # fmt: skip
def test_malformed_events_are_refused_with_their_code(
    event: str, args: Sequence[object], code: ErrorCode
) -> None:
    with pytest.raises(WireError) as caught:
        receive(event, *args)
    assert caught.value.code is code


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.binary()
    | st.sampled_from([CHANNEL, MESSAGE, "3"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)  # fmt: skip
NAMES = st.sampled_from(
    ["content", "channelId", "messageId", "parentId", "tempId", "deliveryStatus"]
)
EVENTS = st.sampled_from(
    ["message:send", "message:forward", "message:typing:start", "message:delivered",
     "message:read", "room:join", "room:leave", "messages:get", "messages:list"]
)  # fmt: skip


@given(EVENTS | st.text(), st.lists(VALUES | st.dictionaries(NAMES, VALUES), max_size=3))
def test_no_event_raises_anything_but_a_wire_error(event: str, args: list[object]) -> None:
    try:
        receive(event, *args)
    except WireError as error:
        Refused.of(error)


@pytest.mark.parametrize(
    ("event", "args", "field", "key"),
    [
        ("message:send", [], None, None),
        ("message:send", [SEND | {"channelId": USER}], "channelId", None),
        ("message:send", [SEND | {"content": 5, "tempId": "t"}], "content", "t"),
        ("message:send", [SEND | {"content": " ", "tempId": "t"}], "content", "t"),
        ("message:send", [SEND | {"content": "x" * 2_001}], "content", None),
        ("message:send", [SEND | {"deliveryStatus": 5, "tempId": "t"}], "deliveryStatus", "t"),
        ("message:send", [SEND | {"tempId": ""}], "tempId", None),
        ("message:send", [SEND | {"parentId": "x"}], "parentId", None),
        ("message:forward", [{"messageId": MESSAGE, "tempId": "t"}], "channelId", "t"),
        ("message:forward", [{"channelId": CHANNEL, "tempId": "t"}], "messageId", "t"),
        ("message:typing:start", [{}], "channelId", None),
        ("message:typing:stop", [{}], "channelId", None),
        ("message:delivered", [{}], "messageId", None),
        ("message:read", [{}], "messageId", None),
        ("room:join", [{}], "channelId", None),
        ("channel:leave", ["x"], "channelId", None),
        ("messages:get", [{}], "channelId", None),
        ("messages:list", [5], None, None),
        ("resume", [{"after": {"x": 1}}], "after", None),
    ],
)
def test_an_error_names_the_field_and_the_key_of_the_send(
    event: str, args: Sequence[object], field: str | None, key: str | None
) -> None:
    with pytest.raises(WireError) as caught:
        receive(event, *args)
    assert (caught.value.field, caught.value.key) == (field, key)


def test_resuming_names_channels_by_their_uuids() -> None:
    assert receive("resume", {"after": {CHANNEL: 4}}) == ResumeChannels({ChannelId(3): 4})
    assert receive("resume", {"after": {}}) == ResumeChannels({})
    assert receive("resume", {}) == ResumeChannels(None)
    assert receive("resume", {"epoch": "e"}) == ResumeChannels(None, epoch="e")
