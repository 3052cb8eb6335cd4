"""The frames a client of `/gateway` may send. See docs/dialects/gateway.md#frames.

What is malformed is ignored silently, as its clients expect.
"""

from collections.abc import Mapping
from contextlib import suppress
from typing import Annotated, Final

from attrs import field, frozen

from protocol.commands import Command, Identify, Respond, ResumeChannels
from protocol.dialect import CodecLimits
from protocol.errors import WireError
from protocol.events import (
    HeartbeatAcknowledged,
)
from protocol.model import ChannelId, UserId
from protocol.parsing.jsontext import parse_object
from protocol.parsing.resumption import (
    NoteNumber,
    Positions,
    parse_channels,
    parse_decimal,
    parse_revs,
)
from protocol.parsing.tagged import Bare, Decoders, lenient
from protocol.schemas import Spelt


def _channel_key(text: str) -> ChannelId | None:
    number = parse_decimal(text)
    return None if number is None else ChannelId(number)


@frozen
class IdentifyData:
    """Who the client is."""

    user_id: UserId


@frozen
class IdentifyFrame:
    """Send the events of the user's workspaces."""

    d: IdentifyData


@frozen
class ResumeData:
    """`after`: by channel, the last seq that the client has; without it, every channel from the
    beginning. `epoch`: of the log of these positions. `revs`: by channel, the last rev that the
    client knows; without it, no revisions are sent. `notes`: the number of the last note that it
    knows; without it, no notes are sent.
    """

    after: (
        Annotated[
            Mapping[ChannelId, int],
            Spelt(Positions, lambda given: parse_channels(given, _channel_key)),
        ]
        | None
    ) = None
    epoch: str | None = None
    revs: (
        Annotated[
            Mapping[ChannelId, int],
            Spelt(Positions, lambda given: parse_revs(given, _channel_key)),
        ]
        | None
    ) = None
    notes: NoteNumber | None = None


@frozen
class ResumeFrame:
    """Send what was missed."""

    d: ResumeData = field(factory=ResumeData)


def _identify(frame: IdentifyFrame, _: CodecLimits) -> Command:
    return Identify(frame.d.user_id)


def _heartbeat(_: Bare, __: CodecLimits) -> Command:
    return Respond(HeartbeatAcknowledged())


def _resume(frame: ResumeFrame, _: CodecLimits) -> Command:
    asked = frame.d
    epoch, revs, notes = asked.epoch, asked.revs, asked.notes
    return ResumeChannels(asked.after, enter=False, epoch=epoch, revs=revs, notes=notes)


DECODERS: Final[Decoders] = {
    "IDENTIFY": lenient(_identify),
    "HEARTBEAT": lenient(_heartbeat),
    "RESUME": lenient(_resume),
}


@frozen
class GatewayCodec:
    """Stateless: every frame stands alone."""

    limits: CodecLimits

    def receive(self, text: str) -> Command | None:
        """`IDENTIFY`, `HEARTBEAT` or `RESUME`; anything else is ignored."""
        with suppress(WireError):
            frame = parse_object(text)
            operation = frame.get("op")
            decoder = DECODERS.get(operation) if isinstance(operation, str) else None
            return None if decoder is None else decoder.decode(frame, self.limits)
        return None
