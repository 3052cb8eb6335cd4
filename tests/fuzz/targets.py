"""The fuzz targets: all code that parses a peer's bytes.

A target takes one input that a peer might send, and raises if a guarantee does not hold.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from attrs import frozen
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

import protocol.dialects
from hub.identity.jwt_tokens import InvalidToken, TokenVerifier
from hub.socketio.offset import decode_offset, encode_offset
from protocol.dialect import CodecLimits, Dialect, EventDialect
from protocol.discovery import find_dialects
from protocol.engineio.packets import EngineError, decode_payload
from protocol.errors import CloseReason, WireError
from protocol.socketio.packets import Decoder, SocketIoError, encode
from protocol.websocket.frames import ControlFrame, FrameCutter
from tests.support.clients.frames import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, client_frame

LIMITS = CodecLimits(content_chars=100)
DIALECTS = find_dialects(protocol.dialects)
MAX_BYTES = 4_096
TAGS = st.sampled_from(
    ["private_message", "typing_indicator", "join_channel", "leave_channel", "send_message",
     "typing", "mark_read", "subscribe", "unsubscribe", "fetch_history", "IDENTIFY", "HEARTBEAT",
     "resume", "RESUME"]
)  # fmt: skip
NAMES = st.sampled_from(
    ["recipient_id", "recipientId", "channelId", "messageId", "content", "message", "is_typing",
     "conversationId", "clientMessageId", "client_id", "messageType", "fileUrl", "d", "userId",
     "after"]
)  # fmt: skip
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
    | st.sampled_from(["conv_1_2", "conv_2_1", "conv_1_99999999999999999999", "7"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)  # fmt: skip
EVENTS = st.sampled_from(
    ["message:send", "message:read", "room:join", "messages:get", "resume", "message:typing:start",
     "channel:leave", "messages:list", "message:delivered"]
)  # fmt: skip
FIELDS = st.dictionaries(
    NAMES | st.sampled_from(["parentId", "tempId", "deliveryStatus"]), VALUES, max_size=6
)
OPCODES = st.sampled_from([TEXT, BINARY, CONTINUATION, PING, PONG, CLOSE, 3, 11])


@frozen
class Target:
    """A function that is fuzzed, and its inputs."""

    inputs: SearchStrategy[Any]
    check: Callable[[Any], None]


def dialect_target(dialect: Dialect) -> Target:
    """Frames of a WebSocket dialect: a command, nothing, or a WireError."""
    codec = dialect.open(LIMITS)

    def check(frame: object) -> None:
        text = frame if isinstance(frame, str) else json.dumps(frame)
        with suppress(WireError):
            codec.receive(text)

    tagged = st.builds(
        lambda tag, fields, envelope: {envelope: tag, **fields},
        TAGS | VALUES, FIELDS, st.sampled_from(["type", "op", "d"]),
    )  # fmt: skip
    return Target(tagged | st.text(max_size=200), check)


def events_target(dialect: EventDialect) -> Target:
    """Events of a Socket.IO dialect."""

    def check(event: tuple[str, Sequence[object]]) -> None:
        with suppress(WireError):
            dialect.receive(event[0], event[1], LIMITS)

    return Target(st.tuples(EVENTS | st.text(), st.lists(FIELDS | VALUES, max_size=3)), check)


def check_packets(messages: Sequence[str | bytes]) -> None:
    """A packet that is decoded, encoded and decoded again is the same."""
    decoder = Decoder()
    with suppress(SocketIoError):
        for message in messages:
            packet = decoder.feed(message)
            if packet is not None:
                again = Decoder()
                (*_, result) = [again.feed(part) for part in encode(packet)]
                assert result is not None
                assert (result.namespace, result.data, result.id) == (
                    packet.namespace, packet.data, packet.id,
                )  # fmt: skip


def check_payload(body: str) -> None:
    with suppress(EngineError):
        decode_payload(body)


def check_frames(case: tuple[bytes, int]) -> None:
    """The output does not depend on how the bytes are cut, and ends with a violation."""
    data, chunk = case
    whole = FrameCutter(MAX_BYTES).feed(data)
    cutter = FrameCutter(MAX_BYTES)
    parts = [data[at : at + chunk] for at in range(0, len(data), chunk)]
    assert [item for part in parts for item in cutter.feed(part)] == whole
    for position, item in enumerate(whole):
        assert isinstance(item, str | bytes | ControlFrame | CloseReason)
        if isinstance(item, CloseReason):
            assert position == len(whole) - 1
        elif not isinstance(item, ControlFrame):
            assert len(item.encode() if isinstance(item, str) else item) <= MAX_BYTES


def check_token(token: str) -> None:
    with suppress(InvalidToken):
        raise AssertionError(VERIFIER.verify(token))


def check_offset(text: str) -> None:
    received = decode_offset(text)
    if received is not None:
        assert decode_offset(encode_offset(received)) == received


VERIFIER = TokenVerifier("a secret of some length, for HS256")
FRAMES = st.lists(
    st.builds(
        lambda opcode, payload, final: client_frame(opcode, payload, final=final),
        OPCODES, st.binary(max_size=150), st.booleans(),
    ),
    max_size=6,
).map(b"".join)  # fmt: skip
PACKETS = st.lists(
    st.builds(
        lambda kind, prefix, data: f"{kind}{prefix}{json.dumps(data)}",
        st.sampled_from("0123456789"),
        st.sampled_from(["", "1-", "2-", "/a,", "/a", "17", "1-/a,3", "51-", "999999999-"]),
        VALUES | st.lists(VALUES | st.sampled_from([{"_placeholder": True, "num": 0}]), max_size=3),
    ) | st.binary(max_size=8) | st.text(max_size=20),
    max_size=4,
)  # fmt: skip

TARGETS: Mapping[str, Target] = {
    **{dialect.name: dialect_target(dialect) for dialect in set(DIALECTS.by_path.values())},
    **{dialect.name: events_target(dialect) for dialect in DIALECTS.by_namespace.values()},
    "socketio_packets": Target(PACKETS, check_packets),
    "engineio_payload": Target(st.text(max_size=100), check_payload),
    "websocket_frames": Target(
        st.tuples(FRAMES | st.binary(max_size=300), st.integers(1, 40)), check_frames
    ),
    "tokens": Target(
        st.text(max_size=60) | st.lists(st.text(max_size=20), min_size=3, max_size=3).map(".".join),
        check_token,
    ),
    "offsets": Target(st.text(max_size=40) | st.text("0123456789:,n", max_size=40), check_offset),
}
