"""A Socket.IO client as the Hub tells it things.

Guarantees: an event is encoded once for all clients of a dialect; ephemeral ones are shed first
when a client does not fetch what is queued for it. Must not know: the Hub, what an event means.
"""

from attrs import define, field, frozen

from hub.socketio.socket import Socket
from protocol.dialect import EventDialect
from protocol.errors import CloseReason
from protocol.events import Event
from protocol.socketio.packets import SocketIoPacket, SocketIoType, encode

SEPARATOR = b"\x1e"  # stands in no JSON text


@frozen(eq=False)
class EventWire:
    """A dialect of events over Socket.IO packets."""

    dialect: EventDialect

    def encode(self, event: Event) -> bytes:
        """The packets of `event`, with separators; empty when the dialect never tells of it."""
        packets = (
            SocketIoPacket(SocketIoType.EVENT, self.dialect.namespace, [name, payload])
            for name, payload in self.dialect.encode(event)
        )
        texts = [part for packet in packets for part in encode(packet) if isinstance(part, str)]
        return SEPARATOR.join(text.encode() for text in texts)


@define(eq=False)
class SocketLink:
    """Implements `hub.client.Link`."""

    socket: Socket
    _closing: CloseReason | None = field(default=None, init=False)

    def offer(self, data: bytes, *, ephemeral: bool) -> None:
        """See `Link`."""
        if self._closing is None and not (ephemeral and self.socket.is_behind):
            for text in data.split(SEPARATOR):
                self.socket.queue(text.decode())

    def flush(self) -> None:
        """See `Link`."""
        self.socket.flush()

    def close(self, reason: CloseReason) -> None:
        """See `Link`."""
        if self._closing is None:
            self._closing = reason
            self.socket.disconnect(reason)
