"""One WebSocket from its accepted handshake to its end.

Guarantees: one task reads (the read pump), at most one party writes (see `hub.link`); the session
was checked before the first frame is read, and frames sent right after the handshake are kept; the
Hub hears of the end whatever caused it. trio-websocket speaks the handshake and answers control
frames; data frames are cut below it, because passing each through it costs ten times as much.
Must not know: HTTP, the store, what a command does.
"""

from collections.abc import Awaitable, Callable
from typing import TypeAlias

import structlog
import trio
from trio_websocket import WebSocketRequest, wrap_server_stream

from hub.client import Client
from hub.link import WebSocketLink
from hub.transport import Transport
from protocol.commands import Command
from protocol.dialect import Codec, Heartbeat
from protocol.errors import BINARY_REFUSED, INTERNAL_ERROR, WireError
from protocol.events import Refused
from protocol.websocket import CLOSE, PONG, ControlFrame, FrameCutter

log = structlog.get_logger(__name__)

HANDSHAKE_SECONDS = 10.0
READ_BYTES = 65_536
CONTROL_BACKLOG = 16  # control frames not yet answered; the read pump waits beyond that

CarryOut: TypeAlias = Callable[[Client, Command], Awaitable[None]]
Take: TypeAlias = Callable[[str | bytes], Awaitable[None]]


class ControlStream(trio.abc.Stream):
    """What trio-websocket believes to be its socket.

    It reads the request head and, once the connection is open, the control frames that the read
    pump passes on; what it writes goes through the link's outbox, so it never lands inside a
    frame.

    Args:
        transport: written to directly until a link is attached.
        head: the request, already received.
    """

    def __init__(self, transport: Transport, head: bytes) -> None:
        self._transport = transport
        self._link: WebSocketLink | None = None
        self._feed, self._fed = trio.open_memory_channel[bytes](CONTROL_BACKLOG)
        self._feed.send_nowait(head)

    def attach(self, link: WebSocketLink) -> None:
        """From now on write through `link`."""
        self._link = link

    async def pass_on(self, frame: bytes) -> None:
        """Let trio-websocket receive a control frame."""
        await self._feed.send(frame)

    async def receive_some(self, max_bytes: int | None = None) -> bytes:
        """One control frame."""
        del max_bytes  # a control frame has at most 131 bytes, the head was bounded before
        try:
            return await self._fed.receive()
        except trio.EndOfChannel:
            return b""

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        """Write a handshake response, or queue a control frame."""
        if self._link is None:
            await self._transport.send_all(data)
        else:
            await trio.lowlevel.checkpoint()
            self._link.offer_control(bytes(data))

    async def wait_send_all_might_not_block(self) -> None:
        """The outbox takes what comes."""
        await trio.lowlevel.checkpoint()

    async def aclose(self) -> None:
        """trio-websocket is done: let the write pump end the connection."""
        self._feed.close()
        if self._link is not None:
            self._link.finish()
        await trio.lowlevel.checkpoint()


class WebSocketConnection:
    """An accepted WebSocket and its two pumps.

    Args:
        transport: the socket.
        control: trio-websocket's view of it.
        link: its sending half.
        trailing: bytes that arrived with the handshake; they are data too.
        max_frame_bytes: the longest message accepted.
    """

    def __init__(
        self,
        transport: Transport,
        control: ControlStream,
        link: WebSocketLink,
        trailing: bytes,
        max_frame_bytes: int,
    ) -> None:
        self._transport = transport
        self._control = control
        self._link = link
        self._trailing = trailing
        self._cutter = FrameCutter(max_frame_bytes)

    async def serve(self, heartbeat: Heartbeat, take: Take) -> None:
        """Run both pumps until the connection is over.

        Args:
            heartbeat: how often to ping.
            take: gets each message, in order.
        """
        self._control.attach(self._link)
        async with trio.open_nursery() as pumps:
            pumps.start_soon(self._write_then_end, heartbeat, pumps.cancel_scope)
            try:
                await self._pump_reads(take)
            except (trio.BrokenResourceError, trio.ClosedResourceError):
                self._link.abort()
            except Exception:
                log.exception("connection_failed")
                self._link.close(INTERNAL_ERROR)

    async def _write_then_end(self, heartbeat: Heartbeat, scope: trio.CancelScope) -> None:
        await self._link.pump_writes(heartbeat)
        scope.cancel()

    async def _pump_reads(self, take: Take) -> None:
        """The read pump: bytes -> messages, in order."""
        data = self._trailing or await self._transport.receive_some(READ_BYTES)
        while data:
            for item in self._cutter.feed(data):
                if isinstance(item, str | bytes):
                    await take(item)
                elif isinstance(item, ControlFrame):
                    await self._take_control(item)
                else:
                    self._link.close(item)
            data = await self._transport.receive_some(READ_BYTES)
        self._link.abort()

    async def _take_control(self, frame: ControlFrame) -> None:
        if frame.opcode == PONG:
            self._link.ponged()
        elif frame.opcode != CLOSE or not self._link.peer_closing():
            await self._control.pass_on(frame.raw)


def take_commands(client: Client, codec: Codec, carry_out: CarryOut) -> Take:
    """What a dialect does with a message: text is a command, anything else ends the connection."""

    async def take(message: str | bytes) -> None:
        if isinstance(message, bytes):
            client.close(BINARY_REFUSED)
            return
        try:
            command = codec.receive(message)
        except WireError as error:
            client.tell(Refused(error.code, error.text, error.key))
        else:
            if command is not None:
                await carry_out(client, command)

    return take


async def accept(request_head: bytes, transport: Transport, nursery: trio.Nursery) -> ControlStream:
    """Perform the server's side of the handshake; returns trio-websocket's end of the connection.

    Args:
        request_head: the validated upgrade request.
        transport: the socket.
        nursery: owns trio-websocket's reader.

    Raises:
        trio.TooSlowError: the peer did not take the response in time.
    """
    control = ControlStream(transport, request_head)
    with trio.fail_after(HANDSHAKE_SECONDS):
        request: WebSocketRequest = await wrap_server_stream(nursery, control)
        await request.accept()
    return control
