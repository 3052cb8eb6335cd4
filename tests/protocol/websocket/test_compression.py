"""permessage-deflate: negotiation, and compressed messages (RFC 7692)."""

import tracemalloc
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.errors import FRAME_TOO_BIG, INVALID_COMPRESSION, INVALID_UTF8, PROTOCOL_ERROR
from protocol.websocket.compression import Compression, agree, inflate
from protocol.websocket.frames import ControlFrame, FrameCutter, Inbound
from tests.support.clients.frames import (
    BINARY,
    COMPRESSED,
    CONTINUATION,
    PING,
    TEXT,
    client_frame,
    deflated,
    text,
)

LIMIT = 65_536
AGREED = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"
LONG = "a message that repeats itself, " * 40


@pytest.mark.parametrize(
    ("offers", "agreed"),
    [
        pytest.param(["permessage-deflate"], AGREED, id="Firefox"),
        pytest.param(["permessage-deflate; client_max_window_bits"], AGREED, id="Chromium"),
        pytest.param(
            ["permessage-deflate; server_max_window_bits=12; client_max_window_bits=12"],
            f"{AGREED}; server_max_window_bits=12",
            id="websockets",
        ),
        pytest.param(["x-webkit-deflate-frame, permessage-deflate"], AGREED, id="the second"),
        pytest.param(["x-other", "permessage-deflate"], AGREED, id="in a second header"),
        pytest.param(
            ['permessage-deflate ;server_max_window_bits = "9"'],
            f"{AGREED}; server_max_window_bits=9",
            id="quoted",
        ),
        pytest.param(
            ["permessage-deflate; server_max_window_bits=15"],
            f"{AGREED}; server_max_window_bits=12",
            id="a larger window than ours",
        ),
        pytest.param(
            ["permessage-deflate; server_max_window_bits=8, permessage-deflate"],
            AGREED,
            id="a window that zlib cannot write, and any",
        ),
        pytest.param(
            ["permessage-deflate; server_no_context_takeover; client_no_context_takeover"],
            AGREED,
            id="without takeover",
        ),
    ],
)
def test_the_first_offer_that_can_be_kept_is_agreed_on(offers: list[str], agreed: str) -> None:
    compression = agree([offer.encode() for offer in offers], threshold=1)
    assert compression is not None
    assert compression.header == (b"Sec-WebSocket-Extensions", agreed.encode())


@pytest.mark.parametrize(
    "offer",
    [
        "",
        ",",
        ";",
        "x-webkit-deflate-frame",
        "permessage-deflate; unknown",
        "permessage-deflate; server_max_window_bits",
        "permessage-deflate; server_max_window_bits=",
        "permessage-deflate; server_max_window_bits=8",
        "permessage-deflate; server_max_window_bits=08",
        "permessage-deflate; server_max_window_bits=16",
        "permessage-deflate; server_max_window_bits=10; server_max_window_bits=10",
        "permessage-deflate; client_max_window_bits=7",
        "permessage-deflate; client_max_window_bits=",
        "permessage-deflate; server_no_context_takeover=1",
        "permessage-deflate; client_no_context_takeover; client_no_context_takeover",
        "permessage-deflate;;",
        "permessage-deflate; server_max_window_bits=\xb2",
    ],
)
def test_an_offer_that_is_not_valid_or_cannot_be_kept_is_declined(offer: str) -> None:
    assert agree([offer.encode("latin-1")], threshold=1) is None


def test_nothing_is_agreed_on_without_an_offer_or_when_it_is_switched_off() -> None:
    assert agree([], threshold=1) is None
    assert agree([b"permessage-deflate"], threshold=0) is None


def test_messages_are_compressed_from_the_threshold_on() -> None:
    compression = Compression(threshold=1_000)
    assert compression.text_frame(b"x" * 999)[0] == 0x80 | TEXT
    assert compression.text_frame(b"x" * 1_000)[0] == 0x80 | COMPRESSED | TEXT
    assert compression.binary_frame(b"x" * 1_000)[0] == 0x80 | COMPRESSED | BINARY


def test_a_message_that_compression_would_lengthen_is_sent_uncompressed() -> None:
    compression = Compression(threshold=1)
    assert compression.text_frame(b"Hi") == b"\x81\x02Hi"
    assert compression.binary_frame(b"") == b"\x82\x00"


@pytest.mark.parametrize("bits", [9, 10, 11, 12])
def test_no_distance_is_larger_than_the_agreed_window(bits: int) -> None:
    far_apart = bytes(range(256)) * 2 + b"-" * 2_500 + bytes(range(256)) * 2
    frame = Compression(1, bits).binary_frame(far_apart)
    rest = frame[2 if frame[1] < 126 else 4 :] + b"\0\0\xff\xff"
    window, message = zlib.decompressobj(-bits), b""
    while rest:  # in small parts: within one part, zlib can use more than the window
        message += window.decompress(rest, 64)
        rest = window.unconsumed_tail
    assert message == far_apart


@given(st.text(max_size=3_000), st.integers(9, 12))
def test_every_compressed_message_is_inflated_unchanged(message: str, bits: int) -> None:
    repeated = (message * 3).encode()
    frame = Compression(1, bits).text_frame(repeated)
    payload = frame[{126: 4, 127: 10}.get(frame[1], 2) :]
    assert (inflate(payload, LIMIT) if frame[0] & COMPRESSED else payload) == repeated


@pytest.mark.parametrize(
    ("payload", "message"),
    [  # section 7.2.3
        pytest.param("f2 48 cd c9 c9 07 00", b"Hello", id="one block"),
        pytest.param("f2 00 11 00 00", None, id="a shared window, which was not agreed on"),
        pytest.param("00 05 00 fa ff 48 65 6c 6c 6f 00", b"Hello", id="no compression"),
        pytest.param("f3 48 cd c9 c9 07 00 00", b"Hello", id="a final block"),
        pytest.param("f3 48 cd c9 c9 07 00", b"Hello", id="a final block and nothing after it"),
        pytest.param("f3 48 cd c9 c9 07 00 f2 48", None, id="something after a final block"),
        pytest.param("f2 48 05 00 00 00 ff ff ca c9 c9 07 00", b"Hello", id="two blocks"),
        pytest.param("00", b"", id="empty"),
        pytest.param("ff ff ff", None, id="no deflate stream"),
    ],
)
def test_the_examples_of_the_rfc(payload: str, message: bytes | None) -> None:
    expected = INVALID_COMPRESSION if message is None else message
    assert inflate(bytes.fromhex(payload), LIMIT) == expected


def test_a_message_of_the_limit_is_inflated_and_one_byte_more_is_not() -> None:
    assert inflate(deflated(b"x" * LIMIT), LIMIT) == b"x" * LIMIT
    assert inflate(deflated(b"x" * (LIMIT + 1)), LIMIT) is FRAME_TOO_BIG


def test_a_bomb_is_not_inflated_past_the_limit() -> None:
    bomb = deflated(b"\0" * 60_000_000)
    assert len(bomb) < LIMIT
    tracemalloc.start()
    assert inflate(bomb, LIMIT) is FRAME_TOO_BIG
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 8 * LIMIT


def cut(data: bytes, *, chunk: int | None = None) -> list[Inbound]:
    cutter = FrameCutter(LIMIT, inflate)
    size = chunk or len(data)
    return [
        item
        for start in range(0, len(data), size)
        for item in cutter.feed(data[start : start + size])
    ]


@pytest.mark.parametrize("chunk", [None, 1, 7])
def test_compressed_and_plain_messages_come_out_in_order(chunk: int | None) -> None:
    payload = deflated(LONG.encode())
    data = (
        client_frame(COMPRESSED | TEXT, payload)
        + text("plain")
        + client_frame(COMPRESSED | TEXT, payload[:5], final=False)
        + client_frame(PING, b"p")
        + client_frame(CONTINUATION, payload[5:], final=False)
        + client_frame(CONTINUATION)
        + client_frame(TEXT, b"in ", final=False)
        + client_frame(CONTINUATION, b"parts")
        + client_frame(COMPRESSED | BINARY, deflated(b"\xff" * 9))
    )
    expected = [LONG, "plain", ControlFrame(PING, b"p"), LONG, "in parts", b"\xff" * 9]
    assert cut(data, chunk=chunk) == expected


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        pytest.param(client_frame(0x20 | TEXT), PROTOCOL_ERROR, id="RSV2"),
        pytest.param(client_frame(0x10 | COMPRESSED | TEXT), PROTOCOL_ERROR, id="RSV1 and RSV3"),
        pytest.param(client_frame(COMPRESSED | PING), PROTOCOL_ERROR, id="a compressed ping"),
        pytest.param(
            client_frame(COMPRESSED | TEXT, b"\0", final=False)
            + client_frame(COMPRESSED | CONTINUATION),
            PROTOCOL_ERROR,
            id="a compressed continuation",
        ),
        pytest.param(
            client_frame(COMPRESSED | TEXT, b"\xff\xff\xff"), INVALID_COMPRESSION, id="garbage"
        ),
        pytest.param(
            client_frame(COMPRESSED | TEXT, deflated(b"\xff")), INVALID_UTF8, id="bad UTF-8 inside"
        ),
        pytest.param(
            client_frame(COMPRESSED | BINARY, deflated(b"x" * (LIMIT + 1))),
            FRAME_TOO_BIG,
            id="too long once inflated",
        ),
    ],
)
def test_a_violation_is_named_and_nothing_after_it_is_cut(data: bytes, reason: object) -> None:
    assert cut(data + text("after"))[-1] is reason
