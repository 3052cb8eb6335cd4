"""Frames that name their kind in `type`."""

import pytest
from attrs import frozen

from protocol.commands import Command, LeaveChannel, Respond
from protocol.dialect import CodecLimits
from protocol.errors import ErrorCode, WireError
from protocol.events import HeartbeatAcknowledged
from protocol.model import ChannelId
from protocol.parsing.tagged import HEARTBEAT, Bare, TaggedCodec, lenient, strict

LIMITS = CodecLimits(content_chars=20)


@frozen
class Leave:
    """Leave a channel."""

    channel_id: ChannelId
    temp_id: str | None = None


def leave(frame: Leave, limits: CodecLimits) -> Command | None:
    assert limits is LIMITS
    return LeaveChannel(frame.channel_id)


def refuse(_: Bare, __: CodecLimits) -> Command | None:
    raise WireError(ErrorCode.INVALID_FIELD, "no", field="n")


CODEC = TaggedCodec(
    {
        "leave": lenient(leave),
        "depart": lenient(leave, missing="which channel?", key="tempId"),
        "go": strict(leave, key="temp_id"),
        "refuse": lenient(refuse, key="tempId"),
        "heartbeat": HEARTBEAT,
    },
    LIMITS,
)


def test_the_decoder_of_a_type_gets_the_declared_class_of_its_parameter() -> None:
    assert CODEC.receive('{"channelId":3,"type":"leave"}') == LeaveChannel(ChannelId(3))
    assert CODEC.receive('{"channelId":3,"type":"depart"}') == LeaveChannel(ChannelId(3))
    assert CODEC.receive('{"channel_id":3,"type":"go"}') == LeaveChannel(ChannelId(3))


def test_a_frame_without_a_required_field_is_ignored_or_an_error() -> None:
    assert CODEC.receive('{"type":"leave","channelId":"3"}') is None
    with pytest.raises(WireError) as caught:
        CODEC.receive('{"type":"depart","channelId":"3"}')
    assert (caught.value.text, caught.value.field) == ("which channel?", "channelId")
    with pytest.raises(WireError, match="channel_id is missing"):
        CODEC.receive('{"type":"go"}')


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ('{"type":"refuse","tempId":"k"}', "k"),
        ('{"type":"refuse","tempId":5}', None),
        ('{"type":"refuse"}', None),
        ('{"type":"depart","tempId":"k"}', "k"),
        ('{"type":"go","temp_id":"k"}', "k"),
        ('{"type":"go","channel_id":3,"temp_id":5}', None),
    ],
)
def test_an_error_has_the_key_of_the_send_unless_the_key_is_wrong(
    text: str, key: str | None
) -> None:
    with pytest.raises(WireError) as caught:
        CODEC.receive(text)
    assert caught.value.key == key


def test_a_heartbeat_is_acknowledged() -> None:
    assert CODEC.receive('{"type":"heartbeat"}') == Respond(HeartbeatAcknowledged())


@pytest.mark.parametrize(
    ("text", "code", "field"),
    [
        ("{", ErrorCode.INVALID_JSON, None),
        ("[]", ErrorCode.INVALID_FRAME, None),
        ("{}", ErrorCode.INVALID_FRAME, "type"),
        ('{"Type":"leave"}', ErrorCode.INVALID_FRAME, "type"),
        ('{"type":"dance"}', ErrorCode.UNKNOWN_TYPE, "type"),
        ('{"type":null}', ErrorCode.UNKNOWN_TYPE, "type"),
        ('{"type":["leave"]}', ErrorCode.UNKNOWN_TYPE, "type"),
        ('{"type":{}}', ErrorCode.UNKNOWN_TYPE, "type"),
    ],
)
def test_anything_else_is_an_error(text: str, code: ErrorCode, field: str | None) -> None:
    with pytest.raises(WireError) as caught:
        CODEC.receive(text)
    assert (caught.value.code, caught.value.field) == (code, field)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ('{"type":"dance"}', "dance"),
        ('{"type":7}', "7"),
        ('{"type":"%s"}' % ("x" * 101), "x" * 100),
    ],
)
def test_an_unknown_type_is_shown_in_at_most_100_characters(text: str, shown: str) -> None:
    with pytest.raises(WireError) as caught:
        CODEC.receive(text)
    assert caught.value.text == f"Unknown event type: {shown}"


@pytest.mark.parametrize("tag", ["[" * 900 + "]" * 900, '{"a":' * 300 + "1" + "}" * 300, "[]"])
def test_a_type_that_is_a_structure_is_not_shown(tag: str) -> None:
    with pytest.raises(WireError) as caught:
        CODEC.receive(f'{{"type":{tag}}}')
    assert (caught.value.code, caught.value.text) == (ErrorCode.UNKNOWN_TYPE, "Unknown event type")
