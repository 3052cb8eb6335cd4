"""JSON frames that name their kind in `type`: from text to the decoder of that kind.

Guarantees: any other text is a `WireError`. Must not know: any kind.
"""

from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

import orjson
from attrs import frozen

from protocol.commands import Command, Respond
from protocol.dialect import CodecLimits
from protocol.errors import ErrorCode, WireError
from protocol.events import HeartbeatAcknowledged
from protocol.parsing.jsontext import parse_object

Frame: TypeAlias = dict[str, object]
Decoders: TypeAlias = Mapping[str, Callable[[Frame, CodecLimits], Command | None]]

HEARTBEAT_ACK: Final = b'{"type":"heartbeat_ack"}'
_SHOWN_CHARS = 100


def heartbeat(_: Frame, __: CodecLimits) -> Command:
    """Decodes `heartbeat`: a client that cannot see pings asks whether the server lives."""
    return Respond(HeartbeatAcknowledged())


@frozen
class TaggedCodec:
    """Decodes such frames. Stateless: every frame stands alone.

    Args:
        decoders: by `type`; a decoder may say that its frame is to be ignored.
        limits: what the decoders refuse.
    """

    decoders: Decoders
    limits: CodecLimits

    def receive(self, text: str) -> Command | None:
        """The command in a frame, by the decoder that its `type` names.

        Raises:
            WireError: INVALID_JSON, INVALID_FRAME (no object, or no `type`), UNKNOWN_TYPE, or what
                the decoder raises.
        """
        frame = parse_object(text)
        if "type" not in frame:
            raise WireError(ErrorCode.INVALID_FRAME, field="type")
        tag = frame["type"]
        decoder = self.decoders.get(tag) if isinstance(tag, str) else None
        if decoder is None:
            shown = tag if isinstance(tag, str) else orjson.dumps(tag).decode()
            text = f"Unknown event type: {shown[:_SHOWN_CHARS]}"
            raise WireError(ErrorCode.UNKNOWN_TYPE, text, field="type")
        return decoder(frame, self.limits)
