"""Frames that name their kind in `type`."""

import pytest

from protocol.commands import Command, LeaveChannel, Respond
from protocol.dialect import CodecLimits
from protocol.errors import ErrorCode, WireError
from protocol.events import HeartbeatAcknowledged
from protocol.model import ChannelId
from protocol.parsing.tagged import Frame, TaggedCodec, heartbeat

LIMITS = CodecLimits(content_chars=20)


def leave(frame: Frame, limits: CodecLimits) -> Command | None:
    assert limits is LIMITS
    number = frame.get("n")
    return LeaveChannel(ChannelId(number)) if isinstance(number, int) else None


def refuse(_: Frame, __: CodecLimits) -> Command | None:
    raise WireError(ErrorCode.INVALID_FIELD, "no", key="k", field="n")


CODEC = TaggedCodec({"leave": leave, "refuse": refuse, "heartbeat": heartbeat}, LIMITS)


def test_the_decoder_of_the_type_gets_the_whole_frame() -> None:
    assert CODEC.receive('{"n":3,"type":"leave"}') == LeaveChannel(ChannelId(3))


def test_a_decoder_may_ignore_a_frame() -> None:
    assert CODEC.receive('{"type":"leave"}') is None


def test_what_a_decoder_raises_goes_through() -> None:
    with pytest.raises(WireError) as caught:
        CODEC.receive('{"type":"refuse"}')
    assert (caught.value.key, caught.value.field) == ("k", "n")


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
        ('{"type":[1]}', "[1]"),
        ('{"type":"%s"}' % ("x" * 101), "x" * 100),
    ],
)
def test_an_unknown_type_is_shown_in_at_most_100_characters(text: str, shown: str) -> None:
    with pytest.raises(WireError) as caught:
        CODEC.receive(text)
    assert caught.value.text == f"Unknown event type: {shown}"
