"""The frames a client of `/gateway` may send. See docs/dialects/gateway.md#frames.

What is malformed is ignored silently, as its clients expect.
"""

from collections.abc import Callable, Mapping
from typing import Final

from protocol.commands import Command, Identify, Respond, ResumeChannels
from protocol.errors import WireError
from protocol.events import (
    HeartbeatAcknowledged,
)
from protocol.model import ChannelId, UserId
from protocol.parsing.jsontext import parse_object
from protocol.parsing.resumption import parse_channels, parse_decimal
from protocol.parsing.structuring import identifier


def _identify(frame: dict[str, object]) -> Command | None:
    data = frame.get("d")
    number = identifier(data.get("userId")) if isinstance(data, dict) else None
    return None if number is None else Identify(UserId(number))


def _heartbeat(_: dict[str, object]) -> Command:
    return Respond(HeartbeatAcknowledged())


def _resume(frame: dict[str, object]) -> Command | None:
    data = frame.get("d")
    after = data.get("after") if isinstance(data, dict) else None
    try:
        return ResumeChannels(parse_channels(after, _channel_key), enter=False)
    except WireError:
        return None


def _channel_key(text: str) -> ChannelId | None:
    number = parse_decimal(text)
    return None if number is None else ChannelId(number)


DECODERS: Final[Mapping[str, Callable[[dict[str, object]], Command | None]]] = {
    "IDENTIFY": _identify,
    "HEARTBEAT": _heartbeat,
    "RESUME": _resume,
}


class GatewayCodec:
    """Stateless: every frame stands alone."""

    def receive(self, text: str) -> Command | None:
        """`IDENTIFY`, `HEARTBEAT` or `RESUME`; anything else is ignored."""
        try:
            frame = parse_object(text)
        except WireError:
            return None
        operation = frame.get("op")
        decoder = DECODERS.get(operation) if isinstance(operation, str) else None
        return None if decoder is None else decoder(frame)
