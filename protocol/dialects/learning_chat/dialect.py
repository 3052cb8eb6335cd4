"""`/ws/chat`: the channels and direct messages of the learning platform, and `@AI`.

The contract is docs/dialects/learning_chat.md. Must not know: sockets, the store, other dialects.
"""

from collections.abc import Mapping
from typing import Final, Literal, TypedDict

import orjson
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
from protocol.dialects.learning_chat.decoders import DECODERS
from protocol.dialects.learning_chat.encoders import ENCODERS, OMITS
from protocol.errors import CloseReason
from protocol.events import Event
from protocol.parsing.express_session import COOKIE
from protocol.parsing.tagged import TaggedCodec, shapes_of
from protocol.rest import camel_case


class RejectedFrame(TypedDict):
    """The only frame of a connection without a live session."""

    type: Literal["error"]
    message: str


VOCABULARY: Final = Vocabulary(
    shapes_of(DECODERS), frame_types(ENCODERS), naming=camel_case, besides=(RejectedFrame,)
)


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
    encodes: frozenset[type[Event]] = field(default=frozenset(ENCODERS))
    omits: Mapping[type[Event], str] = field(default=OMITS)
    vocabulary: Vocabulary = field(default=VOCABULARY)

    def reject(self, stranger: Stranger) -> AcceptAndClose:
        """One error frame, then 4001, after which clients do not come back by themselves."""
        text, why = "Unauthorized. Please log in.", "Unauthorized"
        if stranger is Stranger.UNKNOWN_USER:
            text, why = "User not found.", "User not found"
        frame: RejectedFrame = {"type": "error", "message": text}
        return AcceptAndClose(
            (orjson.dumps(frame).decode(),), CloseReason(4001, why, reconnect=False)
        )

    def open(self, limits: CodecLimits) -> TaggedCodec:
        """A codec that enforces `limits`."""
        return TaggedCodec(DECODERS, limits)

    def encode(self, event: Event) -> tuple[bytes, ...]:
        """The frames of an event; one `message_read` per message."""
        return encode_json(ENCODERS, event)


DIALECT: Final[Dialect] = LearningChat()
