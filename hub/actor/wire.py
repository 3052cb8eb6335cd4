"""Events -> bytes for the socket, once per dialect and compression.

Guarantees: `encode` is a pure function of the event, so its result is shared by every connection
that speaks the dialect and agreed on the same compression. Such connections share one `Wire`, by
which the Hub groups them.
"""

from datetime import UTC, datetime

from attrs import frozen

from protocol.dialect import Dialect
from protocol.events import Event, Shed
from protocol.websocket.compression import Compression
from protocol.websocket.frames import text_frame


@frozen(eq=False)
class Wire:
    """A dialect over WebSocket framing.

    Args:
        dialect: encodes events.
        compression: what was agreed with the peers, if anything.
    """

    dialect: Dialect
    compression: Compression | None = None

    @property
    def name(self) -> str:
        """See `Encoder`."""
        return self.dialect.name

    @property
    def encodes(self) -> frozenset[type[Event]]:
        """See `Encoder`."""
        return self.dialect.encodes

    def encode(self, event: Event) -> bytes:
        """The frames of `event`, joined; empty when the dialect never sends it."""
        frame = text_frame if self.compression is None else self.compression.text_frame
        return b"".join(map(frame, self.dialect.encode(event)))

    def shed_notice(self, count: int) -> bytes:
        """The frames with the number of ephemeral events that were dropped."""
        return self.encode(Shed(count, datetime.now(UTC)))
