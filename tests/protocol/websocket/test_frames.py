"""Cutting frames: order, bounds and violations, whatever the chunking (RFC 6455 section 5)."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.errors import FRAME_TOO_BIG, INVALID_UTF8, PROTOCOL_ERROR, CloseReason
from protocol.websocket.frames import ControlFrame, FrameCutter, Inbound, close_frame, text_frame
from tests.support.clients.frames import (
    BINARY,
    CLOSE,
    CONTINUATION,
    PING,
    PONG,
    TEXT,
    client_frame,
    server_frames,
    text,
)

LIMIT = 65_536


def cut(data: bytes, *, limit: int = LIMIT, chunk: int | None = None) -> list[Inbound]:
    """Everything that `data` yields, fed in pieces of `chunk` bytes."""
    cutter = FrameCutter(limit)
    size = chunk or len(data) or 1
    return [
        item
        for start in range(0, len(data), size)
        for item in cutter.feed(data[start : start + size])
    ]


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 65_535, 65_536])
def test_a_text_frame_of_any_length_class_comes_out_whole(size: int) -> None:
    assert cut(text("x" * size)) == ["x" * size]


@pytest.mark.parametrize("chunk", [1, 2, 3, 5, 7, 64])
def test_chunking_changes_nothing(chunk: int) -> None:
    data = (
        text("one")
        + client_frame(PING, b"p")
        + client_frame(TEXT, "frä".encode()[:3], final=False)
        + client_frame(PONG)
        + client_frame(CONTINUATION, "frä".encode()[3:] + b"gment")
        + client_frame(BINARY, b"\x00\xff")
        + text("x" * 300)
    )
    assert cut(data, chunk=chunk) == [
        "one",
        ControlFrame(PING, b"p"),
        ControlFrame(PONG, b""),
        "främent".replace("m", "gm"),
        b"\x00\xff",
        "x" * 300,
    ]


def test_a_short_frame_after_a_long_incomplete_one_is_not_held_back() -> None:
    cutter = FrameCutter(LIMIT)
    long = text("x" * 1_000)
    assert cutter.feed(long[:500]) == []
    assert cutter.feed(long[500:] + b"\x81") == ["x" * 1_000]
    assert cutter.feed(text("y")[1:]) == ["y"]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        pytest.param(b"\x81\x03abc", PROTOCOL_ERROR, id="unmasked"),
        pytest.param(b"\xc1\x80\x00\x00\x00\x00", PROTOCOL_ERROR, id="RSV1"),
        pytest.param(client_frame(0x3), PROTOCOL_ERROR, id="reserved data opcode"),
        pytest.param(client_frame(0xB), PROTOCOL_ERROR, id="reserved control opcode"),
        pytest.param(client_frame(PING, final=False), PROTOCOL_ERROR, id="fragmented control"),
        pytest.param(client_frame(PING, b"x" * 126), PROTOCOL_ERROR, id="long control"),
        pytest.param(client_frame(CONTINUATION), PROTOCOL_ERROR, id="continuation of nothing"),
        pytest.param(
            client_frame(TEXT, b"a", final=False) + text("b"),
            PROTOCOL_ERROR,
            id="new message inside a fragmented one",
        ),
        pytest.param(b"\x81\xfe\x00\x05abcd", PROTOCOL_ERROR, id="non-minimal 16-bit length"),
        pytest.param(
            b"\x81\xff" + (5).to_bytes(8, "big") + b"abcd", PROTOCOL_ERROR, id="non-minimal 64-bit"
        ),
        pytest.param(
            b"\x81\xff" + (2**63).to_bytes(8, "big") + b"abcd", PROTOCOL_ERROR, id="length 2**63"
        ),
        pytest.param(client_frame(TEXT, b"\xff"), INVALID_UTF8, id="bad UTF-8"),
        pytest.param(client_frame(TEXT, b"\xed\xa0\x80"), INVALID_UTF8, id="encoded surrogate"),
        pytest.param(client_frame(TEXT, "ä".encode()[:1]), INVALID_UTF8, id="truncated UTF-8"),
        pytest.param(text("x" * (LIMIT + 1)), FRAME_TOO_BIG, id="over the limit"),
        pytest.param(
            client_frame(TEXT, b"x" * LIMIT, final=False) + client_frame(CONTINUATION, b"x"),
            FRAME_TOO_BIG,
            id="fragments over the limit",
        ),
        pytest.param(
            client_frame(TEXT, final=False) + client_frame(CONTINUATION, final=False) * 100_000,
            FRAME_TOO_BIG,
            id="endless empty fragments",
        ),
        pytest.param(client_frame(CLOSE, b"\x03"), PROTOCOL_ERROR, id="close with one byte"),
        pytest.param(
            client_frame(CLOSE, (1000).to_bytes(2, "big") + b"\xff"),
            INVALID_UTF8,
            id="bad UTF-8 in a close reason",
        ),
    ],
)
def test_a_violation_is_named_and_nothing_after_it_is_cut(data: bytes, reason: CloseReason) -> None:
    cutter = FrameCutter(LIMIT)
    assert cutter.feed(text("before") + data + text("after"))[0] == "before"
    cutter = FrameCutter(LIMIT)
    assert cutter.feed(data)[-1] is reason
    assert cutter.feed(text("after")) == []


def test_size_is_refused_before_the_payload_arrives() -> None:
    assert cut(text("x" * (LIMIT + 1))[:10]) == [FRAME_TOO_BIG]


def test_an_unmasked_frame_is_refused_after_two_bytes() -> None:
    assert cut(b"\x81\x05") == [PROTOCOL_ERROR]


def test_size_is_counted_in_bytes_not_characters() -> None:
    assert cut(text("😀" * 4), limit=16) == ["😀" * 4]
    assert cut(text("😀" * 4), limit=15) == [FRAME_TOO_BIG]


@pytest.mark.parametrize("code", [0, 999, 1004, 1005, 1006, 1015, 2999, 5000, 65_535])
def test_reserved_close_codes_are_a_violation(code: int) -> None:
    assert cut(client_frame(CLOSE, code.to_bytes(2, "big"))) == [PROTOCOL_ERROR]


@pytest.mark.parametrize("code", [1000, 1001, 1003, 1007, 1011, 3000, 4001, 4999])
def test_permitted_close_codes_come_out_as_control_frames(code: int) -> None:
    payload = code.to_bytes(2, "big") + b"why"
    assert cut(client_frame(CLOSE, payload)) == [ControlFrame(CLOSE, payload)]


@given(st.lists(st.text(max_size=200), max_size=20), st.integers(0, 2**32))
def test_random_messages_in_random_fragments_and_chunks_come_out_in_order(
    messages: list[str], seed: int
) -> None:
    rng = random.Random(seed)
    stream = b""
    for message in messages:
        data = message.encode()
        cuts = sorted(rng.randrange(len(data) + 1) for _ in range(rng.randrange(4)))
        parts = [data[a:b] for a, b in zip([0, *cuts], [*cuts, len(data)], strict=True)]
        for index, part in enumerate(parts):
            opcode = CONTINUATION if index else TEXT
            stream += client_frame(opcode, part, final=index == len(parts) - 1)
    cutter = FrameCutter(LIMIT)
    received: list[Inbound] = []
    while stream:
        size = rng.randrange(1, 60)
        received += cutter.feed(stream[:size])
        stream = stream[size:]
    assert received == messages


@settings(max_examples=500)
@given(st.binary(max_size=400), st.integers(1, 50))
def test_no_bytes_raise_and_nothing_follows_a_violation(data: bytes, chunk: int) -> None:
    items = cut(data, chunk=chunk)
    reasons = [item for item in items if isinstance(item, CloseReason)]
    assert reasons == items[-1:] if reasons else True


@pytest.mark.parametrize("size", [0, 125, 126, 65_535, 65_536])
def test_server_frames_have_the_right_header(size: int) -> None:
    assert server_frames(text_frame(b"x" * size)) == [(TEXT, b"x" * size)]


def test_a_close_frame_carries_code_and_text() -> None:
    assert server_frames(close_frame(PROTOCOL_ERROR)) == [(CLOSE, b"\x03\xeaProtocol error")]
    long = CloseReason(4000, "x" * 200)
    assert server_frames(close_frame(long)) == [(CLOSE, b"\x0f\xa0" + b"x" * 123)]
