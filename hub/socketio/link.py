"""The link of the Hub to a Socket.IO client.

Guarantees: an event is encoded once for all clients of a dialect; ephemeral ones are dropped first
when a client does not fetch what is queued for it, and it gets their number. A message, a revision,
a note and the unconfirmed messages are followed by the client's offset, so that a connection that
breaks can be recovered. Must not know: the Hub, what an event means.

The offset is an event of its own: see docs/decisions/offsets-are-events.md.
"""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Final

import trio
from attrs import define, field, frozen

from hub.actor.figures import NO_CODE, Shed
from hub.actor.link import Frames
from hub.socketio.offset import LISTED, MAX_LISTED, Offset
from hub.socketio.socket import Socket
from protocol.dialect import EventDialect
from protocol.engineio.session import Carrier
from protocol.errors import SESSION_ENDED, TRY_AGAIN, CloseReason, ErrorCode
from protocol.events import Event, Refused
from protocol.events import Shed as ShedNotice
from protocol.model import ChannelId
from protocol.socketio.packets import SocketIoPacket, SocketIoType, encode

SEPARATOR: Final = b"\x1e"  # never part of a JSON text


@frozen(eq=False)
class EventWire:
    """A dialect of events over Socket.IO packets."""

    dialect: EventDialect
    _offset_head: str = field(init=False)

    @_offset_head.default
    def _encode_offset_head(self) -> str:
        """The packet of an offset up to its text, which is encoded for each client."""
        event = [self.dialect.service_events.offset, ""]
        (text,) = encode(SocketIoPacket(SocketIoType.EVENT, self.dialect.namespace, event))
        return str(text).removesuffix('"]')

    @property
    def name(self) -> str:
        """See `Encoder`."""
        return self.dialect.name

    @property
    def encodes(self) -> frozenset[type[Event]]:
        """See `Encoder`."""
        return self.dialect.encodes

    def encode(self, event: Event) -> bytes:
        """The packets of `event`, with separators; empty when the dialect never sends it."""
        packets = (
            SocketIoPacket(SocketIoType.EVENT, self.dialect.namespace, [name, payload])
            for name, payload in self.dialect.encode(event)
        )
        texts = [part for packet in packets for part in encode(packet) if isinstance(part, str)]
        return SEPARATOR.join(text.encode() for text in texts)

    def offset(self, offset: Offset) -> str:
        """The packet with a client's offset."""
        return f'{self._offset_head}{offset.text}"]'  # its text needs no escapes in JSON


@define(eq=False)
class SocketLink:
    """Implements `hub.actor.client.Link`.

    Args:
        socket: the client.
        wire: encodes the notice with the number of dropped events.
        is_recoverable: whether the client is sent offsets.
        shed: counts what is dropped.
    """

    socket: Socket
    _wire: EventWire
    is_recoverable: bool
    shed: Shed = field(factory=Shed, repr=False)
    offset: Offset = field(factory=Offset, init=False)
    when_long: Callable[[], None] = field(default=lambda: None, init=False)
    _shortened: trio.Event | None = field(default=None, init=False)
    _shed: int = field(default=0, init=False)
    _closing: CloseReason | None = field(default=None, init=False)

    @property
    def waiting_bytes(self) -> int:
        """See `Link`."""
        return self.socket.waiting_bytes

    @property
    def is_behind(self) -> bool:
        """See `Link`. A client is also behind while its offset is being shortened."""
        return self.socket.is_behind or self._shortened is not None

    async def caught_up(self) -> None:
        """See `Link`."""
        await self.socket.caught_up()
        if self._shortened is not None:
            await self._shortened.wait()

    def offer(self, frames: Frames) -> None:
        """See `Link`."""
        if self._closing is not None:
            return
        if frames.ephemeral and self.socket.is_behind:
            self._shed += 1
            self.shed.add(len(frames.data))
            return
        for text in frames.data.split(SEPARATOR):
            self.socket.queue(text.decode())
        position = frames.position
        if position is not None and self.is_recoverable:
            self.offset.move(position)
            self.socket.queue(self._wire.offset(self.offset))
            if len(self.offset) >= LISTED:
                self._shorten()

    def _shorten(self) -> None:
        """Start to shorten the offset, which has become long."""
        if len(self.offset) > MAX_LISTED:
            self.close(TRY_AGAIN)  # the client comes back with this offset, without gap or repeat
        elif self._shortened is None:
            self._shortened = trio.Event()
            self.offset.ask()
            self.when_long()

    def was_shortened(self) -> None:
        """The offset is short again, or could not be shortened."""
        shortened, self._shortened = self._shortened, None
        if shortened is not None:
            shortened.set()

    def sent_offline(self, up_to: int, *, is_news: bool) -> None:
        """The client knows the unconfirmed messages up to an id. `is_news`: some were sent."""
        self.offset.offline = max(self.offset.offline, up_to)
        if self.is_recoverable and is_news:
            self.socket.queue(self._wire.offset(self.offset))
            self.socket.flush()

    def start_over(self, channel_ids: Iterable[ChannelId]) -> None:
        """The client will be sent what follows the stored positions of these channels, whatever it
        has received; a connection that breaks before that is recovered from these positions.
        """
        if self.is_recoverable:
            self.offset.forget(channel_ids)
            self.socket.queue(self._wire.offset(self.offset))

    def flush(self) -> None:
        """See `Link`."""
        self.socket.flush()
        if self._shed and not self.socket.is_behind:
            notice = ShedNotice(self._shed, datetime.now(UTC))
            self._shed = 0
            self.offer(Frames(self._wire.encode(notice)))
            self.socket.flush()

    @property
    def carrier(self) -> Carrier:
        """See `Link`."""
        return self.socket.carrier

    @property
    def close_code(self) -> int:
        """See `Link`. Clients send no code."""
        return NO_CODE if self._closing is None else self._closing.code

    def close(self, reason: CloseReason) -> None:
        """See `Link`."""
        if self._closing is None:
            if reason is SESSION_ENDED:
                self.offer(Frames(self._wire.encode(Refused.because(ErrorCode.LOGIN_ENDED))))
            self._closing = reason
            self.socket.disconnect(reason)
