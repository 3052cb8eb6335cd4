"""`/messagepal` and `/message`: one-to-one messages of the messenger.

The contract is docs/dialects/messenger.md. Must not know: sockets, the store, other dialects.
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
from protocol.dialects.messenger.decoders import DECODERS
from protocol.dialects.messenger.encoders import ENCODERS, OMITS
from protocol.errors import CloseReason
from protocol.events import Event
from protocol.parsing.express_session import COOKIE
from protocol.parsing.tagged import TaggedCodec, shapes_of
from protocol.rest import camel_case

VOCABULARY: Final = Vocabulary(shapes_of(DECODERS), frame_types(ENCODERS), naming=camel_case)


@frozen(eq=False)
class Messenger:
    """Accepts every upgrade, so that a browser can read the close code.

    `/message` is where the existing browser hook connects.
    """

    name: str = "messenger"
    paths: tuple[str, ...] = ("/messagepal", "/message")
    session_cookie: str = COOKIE
    heartbeat: Heartbeat = field(default=Heartbeat(interval=30.0, timeout=60.0))
    message_window: float | None = 5.0
    encodes: frozenset[type[Event]] = field(default=frozenset(ENCODERS))
    omits: Mapping[type[Event], str] = field(default=OMITS)
    vocabulary: Vocabulary = field(default=VOCABULARY)

    def reject(self, stranger: Stranger) -> AcceptAndClose:
        """No frame, then 4001, whatever was wrong."""
        del stranger
        return AcceptAndClose((), CloseReason(4001, "Authentication required", reconnect=False))

    def open(self, limits: CodecLimits) -> TaggedCodec:
        """A codec that enforces `limits`."""
        return TaggedCodec(DECODERS, limits)

    def encode(self, event: Event) -> tuple[bytes, ...]:
        """The frames of an event; one `message_read` per message."""
        return encode_json(ENCODERS, event)


DIALECT: Final[Dialect] = Messenger()
