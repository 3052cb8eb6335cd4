"""A proxy in front of a real Postgres that understands its protocol, and makes single messages fail
as networks, servers and poolers do.

Source: PostgreSQL manual, chapter 55 (frontend/backend protocol 3.0): a message of the backend has
one byte for its type and four for its length, which includes itself; a frontend's first message has
no type.
"""

import struct
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager, suppress
from typing import Final, TypeAlias
from urllib.parse import parse_qs, urlsplit

import trio
from attrs import define, field, frozen

CHUNK: Final = 65_536
NO_ENCRYPTION: Final = {80877103, 80877104}  # the codes of SSLRequest and GSSENCRequest
CANCEL_REQUEST: Final = 80877102
GONE: Final = (OSError, trio.BrokenResourceError, trio.ClosedResourceError)


@frozen
class Packet:
    """One message of the protocol, as it is on the wire. `kind` is empty for the first one."""

    kind: str
    data: bytes

    @property
    def is_answered(self) -> bool:
        """Whether the server may run a statement for this message, and responds to it."""
        return self.kind in ("E", "Q", "S")


def error_packet(code: str, message: str = "scripted", severity: str = "ERROR") -> Packet:
    """An ErrorResponse without the field R, the routine that raised it."""
    fields = {"S": severity, "V": severity, "C": code, "M": message}
    body = b"".join(f"{name}{value}\0".encode() for name, value in fields.items()) + b"\0"
    return Packet("E", b"E" + struct.pack("!i", len(body) + 4) + body)


class Cut(Exception):
    """Ends both connections."""


@define(eq=False)
class Session:
    """One connection through the proxy, for a fault to act on."""

    client: trio.SocketStream
    server: trio.SocketStream
    number: int
    # sent instead of the rows of the current statement
    instead: Packet | None = None
    statements: int = 0
    _answering: trio.Lock = field(factory=trio.Lock, init=False)  # a fault may send responses, too

    async def to_server(self, packet: Packet) -> None:
        await self.server.send_all(packet.data)

    async def to_client(self, packet: Packet) -> None:
        async with self._answering:
            await self.client.send_all(packet.data)

    async def answer_from_server(self, packet: Packet) -> None:
        """Pass a response on, or send `instead` in its place, followed by the message that the
        session is ready.
        """
        if self.instead is None:
            await self.to_client(packet)
        elif packet.kind == "Z":
            instead, self.instead = self.instead, None
            await self.to_client(instead)
            await self.to_client(packet)


OnPacket: TypeAlias = Callable[[Session, Packet], Awaitable[None]]


async def pass_to_server(session: Session, packet: Packet) -> None:
    """No fault."""
    await session.to_server(packet)


async def pass_to_client(session: Session, packet: Packet) -> None:
    """No fault."""
    await session.answer_from_server(packet)


READY: Final = Packet("Z", b"Z\0\0\0\5I")


@define(eq=False)
class Denial:
    """Refuses statements with an error, and does not pass them on.

    Args:
        error: the response; None: nothing is denied.
        concerns: whether to deny a statement, by the message with its arguments.
    """

    error: Packet | None = None
    concerns: Callable[[Packet], bool] = field(default=lambda _: True)
    denied: int = 0
    _answers: dict[Session, Packet] = field(factory=dict, init=False)

    async def __call__(self, session: Session, packet: Packet) -> None:
        if session in self._answers:
            if packet.kind == "S":
                await session.to_client(self._answers.pop(session))
                await session.to_client(READY)
        elif self.error is not None and packet.kind == "B" and self.concerns(packet):
            self.denied += 1
            self._answers[session] = self.error
        else:
            await session.to_server(packet)


@define(eq=False)
class Silence:
    """Drops all messages of a connection from a certain one on, without ending the connection.

    Args:
        begins: whether the silence begins with this message.
        times: how many connections fall silent; the others go on.
    """

    begins: Callable[[Packet], bool]
    times: int
    _silent: set[Session] = field(factory=set, init=False)

    async def __call__(self, session: Session, packet: Packet) -> None:
        if self.times > len(self._silent) and self.begins(packet):
            self._silent.add(session)
        if session not in self._silent:
            await session.to_server(packet)


@define(eq=False)
class WireProxy:
    """Passes messages on, each through a function that a test may replace.

    Args:
        target: the DSN of the server.
    """

    target: str
    from_client: OnPacket = pass_to_server
    from_server: OnPacket = pass_to_client
    port: int = field(default=0, init=False)
    sessions: set[Session] = field(factory=set, init=False)
    _count: int = field(default=0, init=False)

    @property
    def dsn(self) -> str:
        """The DSN of the same database through the proxy."""
        parts = urlsplit(self.target)
        user = parts.netloc.rpartition("@")[0]
        return f"postgresql://{user}@127.0.0.1:{self.port}{parts.path}?sslmode=disable"

    async def serve(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Serve until cancelled."""
        async with trio.open_nursery() as nursery:
            (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
            self.port = listener.socket.getsockname()[1]
            await nursery.start(trio.serve_listeners, self._serve_one, [listener])
            task_status.started()

    async def _open(self) -> trio.SocketStream:
        parts = urlsplit(self.target)
        options = parse_qs(parts.query)
        folder = options.get("host", [""])[0]
        port = int(options.get("port", [parts.port or 5432])[0])
        if folder.startswith("/"):
            unix = trio.socket.socket(trio.socket.AF_UNIX, trio.socket.SOCK_STREAM)
            await unix.connect(f"{folder}/.s.PGSQL.{port}")
            return trio.SocketStream(unix)
        return await trio.open_tcp_stream(parts.hostname or folder, port)

    async def _serve_one(self, client: trio.SocketStream) -> None:
        with suppress(*GONE):
            async with client:
                server = await self._open()
                async with server:
                    self._count += 1
                    session = Session(client, server, self._count)
                    self.sessions.add(session)
                    try:
                        await self._pass_on(session)
                    finally:
                        self.sessions.discard(session)

    async def _pass_on(self, session: Session) -> None:
        async with trio.open_nursery() as nursery:

            async def copy(packets: AsyncGenerator[Packet, None], on_packet: str) -> None:
                with suppress(Cut, *GONE):
                    async with aclosing(packets):
                        async for packet in packets:
                            act: OnPacket = getattr(self, on_packet)  # looked up for each message
                            await act(session, packet)
                nursery.cancel_scope.cancel()

            nursery.start_soon(copy, packets_of(session.client, is_frontend=True), "from_client")
            nursery.start_soon(copy, packets_of(session.server), "from_server")


async def packets_of(
    stream: trio.SocketStream, *, is_frontend: bool = False
) -> AsyncGenerator[Packet, None]:
    """The messages that come, until the stream ends."""
    buffer = bytearray()
    begins = is_frontend
    while data := await stream.receive_some(CHUNK):
        buffer += data
        while True:
            at = 0 if begins else 1
            if len(buffer) < at + 4:
                break
            (length,) = struct.unpack_from("!i", buffer, at)
            if len(buffer) < at + length:
                break
            packet = Packet("" if begins else chr(buffer[0]), bytes(buffer[: at + length]))
            del buffer[: at + length]
            if begins:
                (code,) = struct.unpack_from("!i", packet.data, 4)
                begins = code in NO_ENCRYPTION
            yield packet


@asynccontextmanager
async def open_proxy(target: str) -> AsyncIterator[WireProxy]:
    """A proxy in front of this server."""
    async with trio.open_nursery() as nursery:
        proxy = WireProxy(target)
        await nursery.start(proxy.serve)
        yield proxy
        nursery.cancel_scope.cancel()
