"""Engine.IO packets and payloads: the protocol's examples, and what must be refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.engineio.packets import (
    EngineError,
    Packet,
    PacketType,
    decode_packet,
    decode_payload,
    encode_payload,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2", Packet(PacketType.PING)),
        ("2probe", Packet(PacketType.PING, "probe")),
        ("4", Packet(PacketType.MESSAGE)),
        ("4€", Packet(PacketType.MESSAGE, "€")),
        ("45", Packet(PacketType.MESSAGE, "5")),
        ("bAQIDBA==", Packet(PacketType.MESSAGE, b"\x01\x02\x03\x04")),
        ("b", Packet(PacketType.MESSAGE, b"")),
    ],
)
def test_engine_packets(text: str, expected: Packet) -> None:
    assert decode_packet(text) == expected
    assert encode_payload([expected, expected]) == f"{text}\x1e{text}"
    assert decode_payload(f"{text}\x1e{text}") == [expected, expected]


@pytest.mark.parametrize("text", ["", "7", "8", "9", "a", "-1", "bA", "bé", "b A=", " 4", "\uff14"])
def test_a_malformed_engine_packet_is_refused(text: str) -> None:
    with pytest.raises(EngineError):
        decode_packet(text)


@given(st.text())
def test_no_body_raises_anything_but_an_engine_error(body: str) -> None:
    try:
        decode_payload(body)
    except EngineError as error:
        str(error)
