"""`/gateway`: everything that happens in a user's workspaces.

The contract is docs/dialects/gateway.md. A connection receives nothing before it has identified
itself as its session's user. Must not know: sockets, the store, other dialects.
"""

from collections.abc import Mapping
from typing import Final

from attrs import field, frozen

from protocol.dialect import (
    AcceptAndClose,
    CodecLimits,
    Dialect,
    Heartbeat,
    Stranger,
    Vocabulary,
    encode_json,
    frame_types,
)
from protocol.dialects.gateway.decoders import DECODERS, GatewayCodec
from protocol.dialects.gateway.encoders import ENCODERS, OMITS
from protocol.errors import CloseReason
from protocol.events import Event
from protocol.parsing.express_session import COOKIE
from protocol.parsing.tagged import shapes_of
from protocol.rest import camel_case

VOCABULARY: Final = Vocabulary(
    shapes_of(DECODERS), frame_types(ENCODERS), tag="op", naming=camel_case
)


@frozen(eq=False)
class Gateway:
    """The session is checked at the handshake, and again against `IDENTIFY`."""

    name: str = "gateway"
    paths: tuple[str, ...] = ("/gateway",)
    session_cookie: str = COOKIE
    heartbeat: Heartbeat = field(default=Heartbeat(interval=30.0, timeout=60.0))
    message_window: float | None = None
    encodes: frozenset[type[Event]] = field(default=frozenset(ENCODERS))
    omits: Mapping[type[Event], str] = field(default=OMITS)
    vocabulary: Vocabulary = field(default=VOCABULARY)

    def reject(self, stranger: Stranger) -> AcceptAndClose:
        """No frame, then 4001."""
        del stranger
        return AcceptAndClose((), CloseReason(4001, "Unauthorized", reconnect=False))

    def open(self, limits: CodecLimits) -> GatewayCodec:
        """A codec; clients of this dialect send no content."""
        return GatewayCodec(limits)

    def encode(self, event: Event) -> tuple[bytes, ...]:
        """`{"t": EVENT, "d": data}`, and the acknowledgement of a heartbeat."""
        return encode_json(ENCODERS, event)


DIALECT: Final[Dialect] = Gateway()
