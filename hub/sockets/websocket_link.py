"""The sending half of one WebSocket.

Guarantees: `offer`, `flush` and `close` never wait, so the Hub can call them in its loop. At most
one of two writes to the socket at any time: `flush`, or, once the kernel has refused a part, the
write pump, until the outbox is empty. A write that failed or timed out aborts the connection; it is
never reused.
Must not know: the Hub, users, the meaning of a frame.
"""

from collections.abc import Callable

import trio
from attrs import define, field

from hub.actor.figures import BROKEN, NO_CODE, Shed
from hub.actor.link import Frames
from hub.sockets.outbox import Offered, Outbox
from hub.sockets.transport import Transport
from protocol.dialect import Heartbeat
from protocol.engineio.session import Carrier
from protocol.errors import GOING_AWAY, TOO_SLOW, CloseReason
from protocol.websocket.frames import PING_FRAME, close_answer, close_frame, pong_frame

WRITE_SECONDS = 10.0
CLOSE_SECONDS = 5.0
MAX_WRITE_BYTES = 262_144


@define(eq=False)
class WebSocketLink:
    """The outbox of a WebSocket and its writers.

    Args:
        transport: the socket.
        outbox: the bounded queue.
        shed_notice: the frame with the number of ephemeral events that were dropped.
        shed: counts the dropped events of all links.
    """

    _transport: Transport = field(repr=False)
    _outbox: Outbox = field(repr=False)
    _shed_notice: Callable[[int], bytes] = field(repr=False)
    _shed: Shed = field(factory=Shed, repr=False)
    _wake: trio.Event = field(factory=trio.Event, init=False, repr=False)
    _emptied: trio.Event | None = field(default=None, init=False, repr=False)
    _pump_writes: bool = field(default=False, init=False)
    _closing: CloseReason | None = field(default=None, init=False)
    _close_code: int | None = field(default=None, init=False)
    _peer_closed: bool = field(default=False, init=False)
    _finished: bool = field(default=False, init=False)
    _is_deaf: bool = field(default=False, init=False)
    _last_pong: float = field(factory=trio.current_time, init=False)

    @property
    def closing(self) -> CloseReason | None:
        """Why it is being closed, once it is."""
        return self._closing

    @property
    def waiting_bytes(self) -> int:
        """See `Link`."""
        return self._outbox.size

    @property
    def carrier(self) -> Carrier:
        """See `Link`."""
        return Carrier.WEBSOCKET

    @property
    def close_code(self) -> int:
        """See `Link`."""
        return BROKEN if self._close_code is None else self._close_code

    @property
    def is_behind(self) -> bool:
        """See `Link`."""
        return self._outbox.is_half_full

    async def caught_up(self) -> None:
        """See `Link`."""
        self.flush()
        while self._outbox and self._closing is None:
            self._emptied = trio.Event()
            await self._emptied.wait()

    def offer(self, frames: Frames) -> None:
        """Queue frames. Without room, ephemeral ones are dropped; others close the link. The
        position is not used: clients of these dialects keep their own.
        """
        if self._closing is not None:
            return
        offered = self._outbox.offer(frames.data, ephemeral=frames.ephemeral)
        if offered is Offered.TAKEN:
            return
        if offered is Offered.SHED:
            self._shed.add(len(frames.data))
        else:
            self._outbox.discard()
            self.close(TOO_SLOW)

    def offer_control(self, frame: bytes) -> None:
        """Send a control frame as soon as no other frame is half written."""
        if self._outbox.offer_control(frame) is Offered.OVERFLOW:
            self.abort()
        else:
            self.flush()

    def flush(self) -> None:
        """Hand the queue to the kernel; what it refuses is left to the write pump."""
        if self._pump_writes or not self._outbox:
            return
        data = self._outbox.take(MAX_WRITE_BYTES)
        try:
            sent = self._transport.send_now(data)
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            self.abort()
            return
        if sent < len(data):
            self._outbox.put_back(data[sent:])
        if self._outbox:
            self._pump_writes = True
            self._wake.set()
        else:
            self._report_shed()

    def close(self, reason: CloseReason) -> None:
        """Begin to close: the queue goes out, then the close frame. The first reason wins."""
        if self._closing is None:
            self._closing = reason
            self._note_code(reason.code)
            self._wake.set()
            self._notify_emptied()

    def fail(self, reason: CloseReason) -> None:
        """Close because the peer broke the framing. Its close frame could not be found either, so
        the stream ends right after ours (RFC 6455 section 7.1.7).
        """
        self._is_deaf = True
        self.close(reason)

    def abort(self) -> None:
        """Drop the connection without a close frame."""
        self._note_code(BROKEN)
        self.close(GOING_AWAY)
        self._finished = True
        self._outbox.discard()
        self._transport.abort()
        self._peer_closed = True
        self._wake.set()

    def ponged(self) -> None:
        """The peer sent a pong."""
        self._last_pong = trio.current_time()

    def pinged(self, payload: bytes) -> None:
        """The peer sent a ping: send a pong."""
        self.offer_control(pong_frame(payload))

    def peer_closed(self, payload: bytes) -> None:
        """The peer sent a close frame: reply with one, unless ours came first, and end. What is
        still queued is not sent, because the peer no longer reads it.
        """
        self._peer_closed = True
        self._note_code(int.from_bytes(payload[:2], "big") if len(payload) > 1 else NO_CODE)
        if self._closing is None:
            self._outbox.discard()
            self.offer_control(close_answer(payload))
            self._finished = True
        self._wake.set()

    async def pump_writes(self, heartbeat: Heartbeat) -> None:
        """The write pump: leftovers, pings, and the end. Returns when the connection is over."""
        next_ping = trio.current_time() + heartbeat.interval
        while True:
            deadline = min(next_ping, self._last_pong + heartbeat.timeout)
            with trio.move_on_at(deadline):
                await self._wake.wait()
            now = trio.current_time()
            if self._wake.is_set():
                self._wake = trio.Event()
                await self._write_leftovers()
                if self._finished:
                    return
                if self._closing is not None:
                    await self._say_goodbye(self._closing)
                    return
            elif now >= self._last_pong + heartbeat.timeout:
                self.abort()
            elif now >= next_ping:
                next_ping = now + heartbeat.interval
                self.offer_control(PING_FRAME)

    async def _write_leftovers(self) -> None:
        self._pump_writes = True
        while self._outbox:
            await self._write(self._outbox.take(MAX_WRITE_BYTES))
            if not self._outbox:
                self._notify_emptied()
                self._report_shed()
        self._pump_writes = False

    def _note_code(self, code: int) -> None:
        if self._close_code is None:
            self._close_code = code

    def _notify_emptied(self) -> None:
        if self._emptied is not None:
            self._emptied.set()

    def _report_shed(self) -> None:
        if self._outbox.shed:
            notice = self._shed_notice(self._outbox.take_shed())
            if notice:
                self.offer(Frames(notice))
                self.flush()

    async def _say_goodbye(self, reason: CloseReason) -> None:
        self._pump_writes = True
        await self._write(close_frame(reason))
        if self._is_deaf:
            await self._end_stream()
        with trio.move_on_after(CLOSE_SECONDS):
            while not self._peer_closed:
                await self._wake.wait()
                self._wake = trio.Event()

    async def _end_stream(self) -> None:
        try:
            await self._transport.send_eof()
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            self.abort()

    async def _write(self, data: bytes) -> None:
        """Write all of `data`, or abort the connection."""
        with trio.move_on_after(WRITE_SECONDS) as deadline:
            try:
                await self._transport.send_all(data)
            except (trio.BrokenResourceError, trio.ClosedResourceError):
                self.abort()
        if deadline.cancelled_caught:
            self.abort()
