"""One WebSocket from its handshake to its end.

Guarantees: one task reads (the read pump), at most one writes (see `hub.sockets.websocket_link`);
the session was checked before the first frame is read, and frames sent right after the handshake
are kept; nothing is taken after the peer's close frame; after a few frames the other tasks get a
turn, and frames that come too fast wait. The handshake is trio-websocket's; afterwards its objects
are dropped, because they cost a connection a third task and half of its memory, and each frame ten
times as much CPU. Must not know: HTTP, the store, what a command does.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeAlias

import structlog
import trio
from trio_websocket import ConnectionClosed, WebSocketRequest, wrap_server_stream

from hub.limits.pace import BYTES_OF_ONE, FREE_TURN, Flooded, Meter
from hub.sockets.shared_reader import READ_BYTES
from hub.sockets.transport import Transport
from hub.sockets.websocket_link import WebSocketLink
from protocol.dialect import Heartbeat
from protocol.errors import FLOODED, INTERNAL_ERROR, CloseReason
from protocol.websocket.compression import Compression
from protocol.websocket.frames import CLOSE, PING, ControlFrame, FrameCutter, Inbound
from protocol.websocket.handshake import SUBPROTOCOL

log = structlog.get_logger(__name__)

HANDSHAKE_SECONDS = 10.0
SLICE_BYTES = 2_048  # cut at a time: at most 341 frames

Take: TypeAlias = Callable[[str | bytes], Awaitable[None]]


class WebSocketConnection:
    """An accepted WebSocket and its two pumps.

    Args:
        transport: the socket.
        link: its sending half.
        trailing: bytes that arrived with the handshake; they are data too.
        cutter: cuts what is received.
        meter: slows the peer down.
    """

    __slots__ = ("_cutter", "_link", "_meter", "_trailing", "_transport", "_unfinished", "frames")

    def __init__(
        self,
        transport: Transport,
        link: WebSocketLink,
        trailing: bytes,
        cutter: FrameCutter,
        meter: Meter,
    ) -> None:
        self._transport = transport
        self._link = link
        self._trailing = trailing
        self._cutter = cutter
        self._meter = meter
        self.frames = 0
        """How many messages and control frames were received."""
        self._unfinished = 0  # bytes that were received since a message was complete

    async def serve(self, heartbeat: Heartbeat, take: Take) -> None:
        """Run both pumps until the connection is over.

        Args:
            heartbeat: how often to ping.
            take: gets each message, in order.
        """
        async with trio.open_nursery() as pumps:
            pumps.start_soon(self._write_then_end, heartbeat, pumps.cancel_scope)
            try:
                await self._pump_reads(take)
            except (trio.BrokenResourceError, trio.ClosedResourceError):
                self._link.abort()
            except Flooded:
                self._link.fail(FLOODED)
            except Exception:
                log.exception("connection_failed")
                self._link.close(INTERNAL_ERROR)

    async def _write_then_end(self, heartbeat: Heartbeat, scope: trio.CancelScope) -> None:
        await self._link.pump_writes(heartbeat)
        scope.cancel()

    async def _pump_reads(self, take: Take) -> None:
        """The read pump: bytes -> messages, in order.

        Raises:
            Flooded: the peer has sent too fast for too long.
        """
        data = self._trailing or await self._transport.receive_some(READ_BYTES)
        while data:
            for at in range(0, len(data), SLICE_BYTES):
                if at:
                    await trio.lowlevel.checkpoint()
                part = data[at : at + SLICE_BYTES]
                items = self._cutter.feed(part)
                self.frames += len(items)
                # Paid before they are handled: else each connection of a user gets some unpaid.
                await self._meter.take(len(items) + self._size(items, len(part)) / BYTES_OF_ONE)
                for number, item in enumerate(items, 1):
                    if isinstance(item, str | bytes):
                        await take(item)
                    elif not self._take_control(item):
                        return
                    if not number % FREE_TURN:
                        await trio.lowlevel.checkpoint()
            data = await self._transport.receive_some(READ_BYTES)
        self._link.abort()

    def _size(self, items: Sequence[Inbound], size: int) -> int:
        """How many bytes were received, with which `items` were completed: a compressed message
        counts with its inflated length.
        """
        self._unfinished += size
        if not items:
            return size
        completed = sum(len(item) for item in items if isinstance(item, str | bytes))
        inflated = max(0, completed - self._unfinished)
        self._unfinished = 0
        return size + inflated

    def _take_control(self, item: ControlFrame | CloseReason) -> bool:
        """Returns whether more may come."""
        if isinstance(item, CloseReason):
            self._link.fail(item)
        elif item.opcode == CLOSE:
            self._link.peer_closed(item.payload)
            return False
        elif item.opcode == PING:
            self._link.pinged(item.payload)
        else:
            self._link.ponged()
        return True


async def accept(
    request_head: bytes,
    transport: Transport,
    compression: Compression | None = None,
    headers: Sequence[tuple[bytes, bytes]] = (),
) -> None:
    """Perform the server's side of the handshake.

    Args:
        request_head: the validated upgrade request.
        transport: the socket.
        compression: what to agree on.
        headers: additional ones in the response.

    Raises:
        trio.TooSlowError: the peer did not take the response in time.
        trio.BrokenResourceError: the peer is gone.
    """
    async with trio.open_nursery() as nursery:
        with trio.fail_after(HANDSHAKE_SECONDS):
            stream = _HandshakeStream(transport, request_head)
            request: WebSocketRequest = await wrap_server_stream(nursery, stream)
            agreed = [] if compression is None else [compression.header]
            is_offered = SUBPROTOCOL in request.proposed_subprotocols
            try:
                await request.accept(
                    subprotocol=SUBPROTOCOL if is_offered else None,
                    extra_headers=[*headers, *agreed],
                )
            except ConnectionClosed:
                raise trio.BrokenResourceError("the peer left during the handshake") from None
        nursery.cancel_scope.cancel()


class _HandshakeStream(trio.abc.Stream):
    """The stream under trio-websocket during the handshake.

    Args:
        transport: gets the response.
        head: the request, already received.
    """

    def __init__(self, transport: Transport, head: bytes) -> None:
        self._transport = transport
        self._head = head

    async def receive_some(self, max_bytes: int | None = None) -> bytes:
        """The head; after that, waits until cancelled."""
        del max_bytes  # the head was bounded before
        head, self._head = self._head, b""
        if not head:
            await trio.sleep_forever()
        await trio.lowlevel.checkpoint()
        return head

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        """Write the response."""
        await self._transport.send_all(data)

    async def wait_send_all_might_not_block(self) -> None:
        """As the transport."""
        await self._transport.wait_send_all_might_not_block()

    async def aclose(self) -> None:
        """The transport stays open."""
        await trio.lowlevel.checkpoint()
