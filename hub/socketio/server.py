"""Socket.IO over Engine.IO sessions: namespaces, their sockets, and events between them.

Guarantees: a session that joins no namespace in time ends; events of one session are handled in the
order they came; a malformed packet ends its session and no other; an application is notified of
every socket's end. Must not know: what an event means.
"""

import secrets
from collections.abc import Callable, Mapping, Sequence
from typing import Final, Protocol, TypeAlias, cast

import structlog
import trio
from attrs import define, field

from hub.engineio.connection import EngineConnection
from hub.engineio.server import Opening
from hub.socketio.socket import Socket
from protocol.socketio.packets import (
    Data,
    Decoder,
    SocketIoError,
    SocketIoPacket,
    SocketIoType,
    encode,
)

log = structlog.get_logger(__name__)

CONNECT_SECONDS: Final = 10.0
MAX_REFUSALS: Final = 3  # of joins, after which a session ends
MAX_NAMESPACES: Final = 16  # that one session may be in

Acknowledge: TypeAlias = Callable[[Sequence[Data]], None]


class ConnectRefused(Exception):
    """A client may not join the namespace; it gets `text` and, if there is any, `data`."""

    def __init__(self, text: str, data: Data = None) -> None:
        self.text = text
        self.data = data
        super().__init__(text)


class Application(Protocol):
    """What happens in a namespace."""

    async def connect(self, socket: Socket, auth: Mapping[str, Data]) -> Mapping[str, Data]:
        """A client joins. What is returned is added to the packet that confirms it.

        Raises:
            ConnectRefused: it may not.
        """

    async def connected(self, socket: Socket) -> None:
        """The client was sent the confirmation that it has joined."""

    async def event(
        self, socket: Socket, name: str, args: Sequence[Data], acknowledge: Acknowledge | None
    ) -> None:
        """An event. `acknowledge`: if the client waits for one; only the first call counts."""

    async def disconnected(self, socket: Socket) -> None:
        """The client left, or its session ended."""


@define
class SocketIoServer:
    """Namespaces.

    Args:
        namespaces: what happens in each.
        connect_seconds: for how long a session may be silent before it has joined one.
    """

    namespaces: Mapping[str, Application]
    connect_seconds: float = CONNECT_SECONDS

    async def serve(self, connection: EngineConnection, opening: Opening) -> None:
        """Serve one session until it ends. The handler of an `EngineServer`."""
        session = _Session(self, connection, opening)
        try:
            await session.run()
        finally:
            with trio.CancelScope(shield=True, deadline=trio.current_time() + 5):
                await session.end()


@define
class _Session:
    """One session's sockets."""

    server: SocketIoServer
    connection: EngineConnection
    opening: Opening
    sockets: dict[str, Socket] = field(factory=dict, init=False)
    _decoder: Decoder = field(factory=Decoder, init=False)
    _refusals: int = field(default=0, init=False)

    async def run(self) -> None:
        try:
            if not await self._joins():
                return
            while True:
                await self._take(await self.connection.receive())
        except trio.EndOfChannel:
            return
        except SocketIoError as error:
            log.debug("session_refused", reason=str(error))

    async def _joins(self) -> bool:
        """Whether the session joins a namespace in time. The time that the hub takes to admit it
        does not count, since many may come at once.
        """
        patience = self.server.connect_seconds
        while not self.sockets:
            began = trio.current_time()
            with trio.move_on_after(patience) as waiting:
                message = await self.connection.receive()
            if waiting.cancelled_caught:
                return False
            patience -= trio.current_time() - began
            await self._take(message)
        return True

    async def end(self) -> None:
        self.connection.close()
        for namespace in tuple(self.sockets):
            await self._leave(namespace)

    async def _take(self, message: str | bytes) -> None:
        packet = self._decoder.feed(message)
        if packet is None:
            return
        if packet.type is SocketIoType.CONNECT:
            await self._connect(packet)
            return
        socket = self.sockets.get(packet.namespace)
        if socket is None:
            raise SocketIoError("a packet for a namespace that was not joined")
        match packet.type:
            case SocketIoType.DISCONNECT:
                await self._leave(packet.namespace)
            case SocketIoType.EVENT | SocketIoType.BINARY_EVENT:
                await self._event(socket, packet)
            case SocketIoType.ACK | SocketIoType.BINARY_ACK if packet.id is not None:
                pass  # nothing waits for an acknowledgement of an event that the hub sent
            case _:
                raise SocketIoError(f"{packet.type.name} out of place")

    async def _connect(self, packet: SocketIoPacket) -> None:
        namespace = packet.namespace
        application = self.server.namespaces.get(namespace)
        if application is None or namespace in self.sockets:
            self._refuse(namespace, ConnectRefused("Invalid namespace"))
            return
        if len(self.sockets) >= MAX_NAMESPACES:
            raise SocketIoError("too many namespaces")
        socket = Socket(secrets.token_urlsafe(15), namespace, self.opening, self.connection)
        auth = cast("Mapping[str, Data]", packet.data or {})
        try:
            answer = await application.connect(socket, auth)
        except ConnectRefused as refusal:
            self._refuse(namespace, refusal)
            return
        self.sockets[namespace] = socket
        data = {"sid": socket.id, **answer}
        socket.send(SocketIoPacket(SocketIoType.CONNECT, namespace, data))
        await application.connected(socket)

    def _refuse(self, namespace: str, refusal: ConnectRefused) -> None:
        data: dict[str, Data] = {"message": refusal.text}
        if refusal.data is not None:
            data["data"] = refusal.data
        packet = SocketIoPacket(SocketIoType.CONNECT_ERROR, namespace, data)
        for message in encode(packet):
            self.connection.send(message)
        self._refusals += 1
        if self._refusals >= MAX_REFUSALS:
            raise SocketIoError("too many refusals")

    async def _event(self, socket: Socket, packet: SocketIoPacket) -> None:
        name, *args = cast("list[Data]", packet.data)
        acknowledge = None if packet.id is None else _acknowledge_once(socket, packet.id)
        application = self.server.namespaces[packet.namespace]
        await application.event(socket, str(name), args, acknowledge)

    async def _leave(self, namespace: str) -> None:
        socket = self.sockets.pop(namespace)
        await self.server.namespaces[namespace].disconnected(socket)


def _acknowledge_once(socket: Socket, number: int) -> Acknowledge:
    is_done = False

    def acknowledge(args: Sequence[Data]) -> None:
        nonlocal is_done
        if not is_done:
            is_done = True
            socket.send(SocketIoPacket(SocketIoType.ACK, socket.namespace, list(args), number))

    return acknowledge
