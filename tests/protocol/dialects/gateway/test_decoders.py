"""The frames that a client of `/gateway` may send; all others are ignored."""

import json

import pytest

from protocol.commands import Command, Identify, Respond, ResumeChannels
from protocol.dialect import CodecLimits
from protocol.dialects.gateway import DIALECT
from protocol.dialects.gateway.decoders import DECODERS
from protocol.events import HeartbeatAcknowledged
from protocol.model import ChannelId, UserId


def receive(frame: object) -> Command | None:
    text = frame if isinstance(frame, str) else json.dumps(frame)
    return DIALECT.open(CodecLimits(content_chars=20)).receive(text)


@pytest.mark.parametrize(
    ("frame", "command"),
    [
        ({"op": "IDENTIFY", "d": {"userId": 1}}, Identify(UserId(1))),
        ({"op": "HEARTBEAT"}, Respond(HeartbeatAcknowledged())),
        ({"op": "HEARTBEAT", "d": 5}, Respond(HeartbeatAcknowledged())),
        ({"op": "RESUME"}, ResumeChannels(None, enter=False)),
        ({"op": "RESUME", "d": {"epoch": "e"}}, ResumeChannels(None, enter=False, epoch="e")),
        ({"op": "RESUME", "d": {"after": {}}}, ResumeChannels({}, enter=False)),
        (
            {"op": "RESUME", "d": {"after": {"3": 4}}},
            ResumeChannels({ChannelId(3): 4}, enter=False),
        ),
    ],
)
def test_frames_become_commands(frame: object, command: Command) -> None:
    assert receive(frame) == command


@pytest.mark.parametrize(
    "frame",
    [
        "",
        "{",
        [],
        {},
        {"op": None},
        {"op": 1},
        {"op": ["IDENTIFY"]},
        {"op": "identify", "d": {"userId": 1}},
        {"op": "IDENTIFY"},
        {"op": "IDENTIFY", "d": 1},
        {"op": "IDENTIFY", "d": {}},
        {"op": "IDENTIFY", "d": {"userId": "1"}},
        {"op": "RESUME", "d": {"after": 5}},
        {"op": "RESUME", "d": {"after": {"x": 5}}},
    ],
)
def test_anything_else_is_ignored(frame: object) -> None:
    assert receive(frame) is None


def test_the_dialect_decodes_exactly_these_frames() -> None:
    assert set(DECODERS) == {"IDENTIFY", "HEARTBEAT", "RESUME"}
