"""Events -> bytes for the socket, once per dialect.

Guarantees: `encode` is a pure function of the event, so its result is shared by every connection of
the dialect. One `Wire` exists per dialect; the Hub groups connections by it.
"""

from datetime import UTC, datetime

from attrs import frozen

from protocol.dialect import Dialect
from protocol.events import Event, Shed
from protocol.websocket.frames import text_frame


@frozen(eq=False)
class Wire:
    """A dialect over WebSocket framing."""

    dialect: Dialect

    @property
    def tells(self) -> frozenset[type[Event]]:
        """See `Encoder`."""
        return self.dialect.tells

    def encode(self, event: Event) -> bytes:
        """The frames of `event`, joined; empty when the dialect never sends it."""
        return b"".join(map(text_frame, self.dialect.encode(event)))

    def shed_notice(self, count: int) -> bytes:
        """The frames with the number of ephemeral events that were dropped."""
        return self.encode(Shed(count, datetime.now(UTC)))
