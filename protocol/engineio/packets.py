"""Engine.IO 4 packets and payloads (engine.io-protocol, revision 4).

Guarantees: no input raises anything but `EngineError`; a payload has a bounded number of packets;
base64 is decoded strictly. Must not know: sessions, what a message says.
"""

import base64
import binascii
from collections.abc import Iterable
from enum import IntEnum
from typing import Final

from attrs import frozen

SEPARATOR: Final = "\x1e"
MAX_PACKETS: Final = 4_096
_BINARY: Final = "b"


class EngineError(Exception):
    """The peer broke the protocol; its session ends."""


class PacketType(IntEnum):
    """A packet's first character."""

    OPEN = 0
    CLOSE = 1
    PING = 2
    PONG = 3
    MESSAGE = 4
    UPGRADE = 5
    NOOP = 6


@frozen
class Packet:
    """One packet. Only a message may be binary."""

    type: PacketType
    data: str | bytes = ""


def encode_packet(packet: Packet) -> str:
    """A packet as text; binary data in base64, as polling carries it."""
    if isinstance(packet.data, bytes):
        return _BINARY + base64.b64encode(packet.data).decode()
    return f"{packet.type.value}{packet.data}"


def decode_packet(text: str) -> Packet:
    """The packet in a text.

    Raises:
        EngineError: it is empty, of no known type, or no base64.
    """
    if text.startswith(_BINARY):
        try:
            return Packet(PacketType.MESSAGE, base64.b64decode(text[1:], validate=True))
        except (binascii.Error, ValueError):
            raise EngineError("invalid base64") from None
    first = text[:1]
    if not first or first not in "0123456":
        raise EngineError("unknown packet type")
    return Packet(PacketType(int(first)), text[1:])


def encode_payload(packets: Iterable[Packet]) -> str:
    """Packets as one body of a polling request."""
    return SEPARATOR.join(map(encode_packet, packets))


def decode_payload(body: str) -> list[Packet]:
    """The packets in a body.

    Raises:
        EngineError: one of them is malformed, or there are too many.
    """
    if body.count(SEPARATOR) >= MAX_PACKETS:
        raise EngineError("too many packets")
    return [decode_packet(text) for text in body.split(SEPARATOR)]
