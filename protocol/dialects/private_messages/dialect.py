"""`/ws`: private messages between two users, presence, receipts, typing.

The contract is docs/dialects/private_messages.md. User ids in a frame that name the sender are
ignored: identity comes from the session. Must not know: sockets, the store, other dialects.
"""

from collections.abc import Mapping
from typing import Final

from attrs import field, frozen

from protocol.dialect import (
    SESSION_COOKIE,
    CodecLimits,
    Dialect,
    Heartbeat,
    RefuseUpgrade,
    Stranger,
    Vocabulary,
    encode_json,
    frame_types,
)
from protocol.dialects.private_messages.decoders import DECODERS
from protocol.dialects.private_messages.encoders import ENCODERS, OMITS
from protocol.events import Event
from protocol.parsing.tagged import TaggedCodec, shapes_of

VOCABULARY: Final = Vocabulary(shapes_of(DECODERS), frame_types(ENCODERS))


@frozen(eq=False)
class PrivateMessages:
    """Refuses a peer without a session before the upgrade; pings every 54 s, waits 60 s."""

    name: str = "private_messages"
    paths: tuple[str, ...] = ("/ws",)
    session_cookie: str = SESSION_COOKIE
    heartbeat: Heartbeat = field(default=Heartbeat(interval=54.0, timeout=60.0))
    message_window: float | None = None
    encodes: frozenset[type[Event]] = field(default=frozenset(ENCODERS))
    omits: Mapping[type[Event], str] = field(default=OMITS)
    vocabulary: Vocabulary = field(default=VOCABULARY)

    def reject(self, stranger: Stranger) -> RefuseUpgrade:
        """HTTP 401; see docs/dialects/private_messages.md#connecting."""
        no_session = stranger is Stranger.NO_SESSION
        reason = "No session cookie" if no_session else "Invalid session"
        return RefuseUpgrade(401, f"Unauthorized: {reason}")

    def open(self, limits: CodecLimits) -> TaggedCodec:
        """A codec that enforces `limits`."""
        return TaggedCodec(DECODERS, limits)

    def encode(self, event: Event) -> tuple[bytes, ...]:
        """One JSON text frame for each event in `encodes`."""
        return encode_json(ENCODERS, event)


DIALECT: Final[Dialect] = PrivateMessages()
