"""`/ws/chat`: the channels and direct messages of the learning platform, and `@AI`.

The contract is docs/dialects/learning_chat.md. Must not know: sockets, the store, other dialects.
"""

from collections.abc import Mapping
from typing import Final

import orjson
from attrs import field, frozen

from protocol.dialect import AcceptAndClose, CodecLimits, Dialect, Heartbeat, Stranger
from protocol.dialects.learning_chat.decoders import DECODERS
from protocol.dialects.learning_chat.encoders import ENCODERS, OMITS
from protocol.errors import CloseReason
from protocol.events import Event
from protocol.express_session import COOKIE
from protocol.parsing.tagged import TaggedCodec


@frozen(eq=False)
class LearningChat:
    """Accepts every upgrade, so that a browser can read the close code.

    Pings every 30 s; a missed pong drops the connection 30 to 60 s after the peer fell silent.
    """

    name: str = "learning_chat"
    paths: tuple[str, ...] = ("/ws/chat",)
    session_cookie: str = COOKIE
    heartbeat: Heartbeat = field(default=Heartbeat(interval=30.0, timeout=60.0))
    message_window: float | None = 5.0
    tells: frozenset[type[Event]] = field(default=frozenset(ENCODERS))
    omits: Mapping[type[Event], str] = field(default=OMITS)

    def reject(self, stranger: Stranger) -> AcceptAndClose:
        """One error frame, then 4001, after which clients do not come back by themselves."""
        text, why = "Unauthorized. Please log in.", "Unauthorized"
        if stranger is Stranger.UNKNOWN_USER:
            text, why = "User not found.", "User not found"
        frame = orjson.dumps({"type": "error", "message": text}).decode()
        return AcceptAndClose((frame,), CloseReason(4001, why, reconnect=False))

    def open(self, limits: CodecLimits) -> TaggedCodec:
        """A codec that enforces `limits`."""
        return TaggedCodec(DECODERS, limits)

    def encode(self, event: Event) -> tuple[bytes, ...]:
        """The frames of an event; one `message_read` per message."""
        encoder = ENCODERS.get(type(event))
        return () if encoder is None else encoder(event)


DIALECT: Final[Dialect] = LearningChat()
