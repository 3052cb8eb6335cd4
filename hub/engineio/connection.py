"""One Engine.IO session while it lives: its carriers, its queue and its messages.

Guarantees: `send`, `queue`, `flush` and `close` never wait; messages are received in order; the
server pings, and ends a session whose peer sends no pong in time; a session whose queue is full is
closed. Must not know: requests, handshakes, what a message says.
"""

from collections.abc import Callable

import trio

from hub.actor.link import Frames
from hub.engineio.binding import Binding
from hub.limits.pace import BYTES_OF_ONE, Flooded, Meter, Pace
from hub.sockets.websocket_link import WebSocketLink
from protocol.engineio.packets import EngineError, Packet, PacketType, decode_payload
from protocol.engineio.session import (
    Carrier,
    EngineSession,
    EngineSettings,
    PeerClosed,
    Ponged,
    Received,
)
from protocol.errors import FLOODED, GOING_AWAY, CloseReason
from protocol.model import UserId
from protocol.websocket.frames import binary_frame, text_frame

INBOX_MESSAGES = 64  # not yet read; a carrier with more of them waits
STRANGER_BYTES = 16_384  # of a message, until a user signs in
NORMAL_CLOSURE = CloseReason(1000, "")


class EngineConnection:
    """A session's server side.

    Args:
        session: its state.
        settings: the server's.
        binding: decides which requests may carry it.
        meter: slows its client down.
    """

    def __init__(
        self,
        session: EngineSession,
        settings: EngineSettings,
        binding: Binding,
        meter: Meter,
    ) -> None:
        self.session = session
        self.binding = binding
        self.meter = meter
        self.user_id: UserId | None = None
        """The user that log lines name, once one has signed in."""
        self.close_code: int | None = None
        """The code with which it was closed; None: it is open."""
        self.waits_for_client = False
        """Whether the handler has handled all that was received."""
        self._is_known = False
        self._forget_stranger: Callable[[], None] = lambda: None
        self._settings = settings
        self._link: WebSocketLink | None = None
        self._upgrading: WebSocketLink | None = None
        self._poll: trio.Event | None = None
        self._is_posting = False
        self._give, self._take = trio.open_memory_channel[str | bytes](INBOX_MESSAGES)
        self._ponged = trio.Event()
        self._ping_soon = trio.Event()
        self._answered = trio.Event()  # of the next ping
        self._emptied: trio.Event | None = None
        self.closed = trio.Event()

    # For the handler.

    def send(self, data: str | bytes) -> None:
        """Send a message."""
        self.queue(data)
        self.flush()

    def queue(self, data: str | bytes) -> None:
        """Send a message with the next flush. A session whose queue is full is closed."""
        if not self.closed.is_set():
            self.session.queue(Packet(PacketType.MESSAGE, data))
            if self.session.is_full:
                self.close()

    def flush(self) -> None:
        """Hand what is queued to the WebSocket, or to the request that waits for it."""
        if self._link is not None:
            data = b"".join(map(_frame, self.session.take()))
            if data:
                self._link.offer(Frames(data))
                self._link.flush()
        elif self._poll is not None and self.session.has_queued:
            self._poll.set()

    def close(self, reason: CloseReason = NORMAL_CLOSURE) -> None:
        """End the session; harmless when it has ended."""
        if self.closed.is_set():
            return
        self.closed.set()
        self.close_code = reason.code
        self._forget_stranger()
        self._notify_emptied()
        self._ping_soon.set()
        self._ponged.set()
        if self._link is not None:
            self.flush()
            self._link.close(reason)
        if self._upgrading is not None:
            self._upgrading.close(reason)
        if self._poll is not None:
            self._poll.set()
        self._give.close()

    @property
    def waiting_bytes(self) -> int:
        """How much is queued that the peer has not taken."""
        carried = 0 if self._link is None else self._link.waiting_bytes
        return self.session.queued_bytes + carried

    @property
    def is_behind(self) -> bool:
        """Whether much is queued that the peer has not taken."""
        return self.session.is_half_full or (self._link is not None and self._link.is_behind)

    async def caught_up(self) -> None:
        """Wait until nothing is queued, or the session is over."""
        self.flush()
        while not self.closed.is_set():
            if self._link is not None:
                await self._link.caught_up()
                return
            if not self.session.has_queued:
                return
            self._emptied = trio.Event()
            await self._emptied.wait()

    def _notify_emptied(self) -> None:
        if self._emptied is not None:
            self._emptied.set()

    def is_known(self) -> bool:
        """Whether a user has signed in."""
        return self._is_known

    def belongs_to(self, pace: Pace, user_id: UserId | None = None) -> None:
        """A user has signed in: their pace applies from now on, and log lines name the user."""
        self.user_id = user_id
        self.meter.pace = pace
        self._is_known = True
        self._forget_stranger()

    def when_known_or_over(self, forget: Callable[[], None]) -> None:
        """Call `forget` when a user signs in, or the session is over."""
        self._forget_stranger = forget

    async def receive(self) -> str | bytes:
        """The next message.

        Raises:
            trio.EndOfChannel: the session is over.
        """
        self.waits_for_client = True
        try:
            return await self._take.receive()
        finally:
            self.waits_for_client = False

    async def keep_alive(self) -> None:
        """Ping until the session is over; end it when a pong does not come in time."""
        while not self.closed.is_set():
            with trio.move_on_after(self._settings.ping_interval):
                await self._ping_soon.wait()
            if self.closed.is_set():
                break
            self._ping_soon, self._ponged = trio.Event(), trio.Event()
            answered, self._answered = self._answered, trio.Event()
            self.session.queue(Packet(PacketType.PING))
            self.flush()
            with trio.move_on_after(self._settings.ping_timeout) as waiting:
                await self._ponged.wait()
            if waiting.cancelled_caught:
                self.close(GOING_AWAY)
            answered.set()
        self._answered.set()

    async def received(self) -> bool:
        """Wait until the pong to a ping after all that is queued now, or the session is over;
        returns whether the pong came.
        """
        if not self.closed.is_set():
            answered = self._answered
            self._ping_soon.set()
            await answered.wait()
        return not self.closed.is_set()

    # For the carriers.

    async def take(self, packet: Packet) -> None:
        """A packet from the current carrier. Waits while too many messages are unread.

        Raises:
            EngineError: the packet is out of place.
            trio.BrokenResourceError: the session is over.
        """
        if len(packet.data) > (self._settings.max_message if self._is_known else STRANGER_BYTES):
            raise EngineError("a packet is too large")
        match self.session.receive(packet):
            case Received(data=data):
                try:
                    await self._give.send(data)
                except trio.ClosedResourceError:
                    raise trio.BrokenResourceError from None
            case Ponged():
                self._ponged.set()
            case PeerClosed():
                if self._poll is not None:
                    self.session.queue(Packet(PacketType.NOOP))
                self.close()

    async def poll(self) -> list[Packet]:
        """The packets for a polling request, as soon as there are any.

        Raises:
            EngineError: another request waits already; the session is closed for both.
            trio.BrokenResourceError: the session is over.
        """
        if self._poll is not None:
            self.session.queue(Packet(PacketType.CLOSE))
            self.close()
            raise EngineError("another request waits already")
        self._poll = trio.Event()
        try:
            # During an upgrade the client waits for this request to end before it moves over.
            is_wanted = self.session.has_queued or self.session.is_probed
            if not is_wanted and not self.closed.is_set():
                await self._poll.wait()
        except trio.Cancelled:
            self.close()  # its client left, so what is queued cannot be delivered
            raise
        finally:
            self._poll = None
        if self.session.has_queued and self.session.carrier is Carrier.POLLING:
            packets = self.session.take_payload()
            if not self.session.has_queued:
                self._notify_emptied()
            return packets
        if self.closed.is_set():
            raise trio.BrokenResourceError
        return [Packet(PacketType.NOOP)]  # a WebSocket carries the session now, or is about to

    async def post(self, body: str) -> None:
        """Take the body of a polling request, which is charged before it is parsed.

        Raises:
            EngineError: it is malformed, a packet is out of place, or another request is being
                taken; the session ends.
            trio.BrokenResourceError: the session is over.
        """
        if self._is_posting:
            self.close()
            raise EngineError("another request is being taken already")
        self._is_posting = True
        try:
            await self.meter.take(len(body) / BYTES_OF_ONE)
            for packet in decode_payload(body):
                await self.meter.take(1)
                await self.take(packet)
        except EngineError:
            self.close()
            raise
        except Flooded:
            self.close(FLOODED)
            raise trio.BrokenResourceError from None
        finally:
            self._is_posting = False

    def begin_upgrade(self, link: WebSocketLink) -> bool:
        """A WebSocket is to carry the session; returns whether it may try."""
        is_polling = self.session.carrier is Carrier.POLLING
        if self.closed.is_set() or not is_polling or self._upgrading is not None:
            return False
        self._upgrading = link
        return True

    def probe(self, packet: Packet) -> Packet | None:
        """A packet on a WebSocket that is to take over; see `EngineSession`.

        Raises:
            EngineError: the upgrade is refused; the session goes on as it was.
        """
        answer = self.session.receive_on_new_websocket(packet)
        if answer is not None and self._poll is not None:
            self.session.queue(Packet(PacketType.NOOP))  # the waiting request must end first
            self._poll.set()
        return answer

    def attach(self, link: WebSocketLink) -> None:
        """From now on the WebSocket carries the session."""
        self._link, self._upgrading = link, None
        self._notify_emptied()
        if self._poll is not None:
            self._poll.set()
        self.flush()

    def is_carried_by(self, link: WebSocketLink) -> bool:
        """Whether this WebSocket carries the session."""
        return self._link is link

    def detach(self, link: WebSocketLink) -> None:
        """A WebSocket has ended, and with it the session if it carried it."""
        if self._link is link:
            self._link = None
            self.close()
        elif self._upgrading is link:
            self._upgrading = None
            self.session.cancel_upgrade()


def _frame(packet: Packet) -> bytes:
    """A packet as a WebSocket frame."""
    if isinstance(packet.data, bytes):
        return binary_frame(packet.data)
    return text_frame(f"{packet.type.value}{packet.data}".encode())
