"""A client of Engine.IO servers that shows every packet, and a server over in-memory streams."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import trio
import trio.testing
from attrs import define, field
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from hub.engineio.connection import EngineConnection
from hub.engineio.forwarding.forwarder import Forwarder
from hub.engineio.forwarding.listener import InternalListener, accept_forwarded
from hub.engineio.server import MAX_SESSIONS, EngineServer, Handler, Opening
from hub.http.body import Limits
from hub.http.server import Rules, serve_http_connection
from hub.http.visitors import Visitors
from hub.limits.pace import Paces
from hub.sockets.transport import StreamTransport, Transport
from protocol.engineio.session import EngineSettings
from protocol.websocket.handshake import Head, origin_allowed
from tests.support.clients.http import Reply, request
from tests.support.clients.websocket import WebSocket, at_once, open_websocket, unread
from tests.support.quiet import until_quiet

PATH = "/engine.io/"
NO_OTHERS = InternalListener(None, ())
PROXY = "192.0.2.1"
OWN_PAGE = "http://parlour.test"
OPEN_PAGE, OTHER_OPEN_PAGE = OPEN_PAGES = ("http://page.example", "https://other.example")
SETTINGS = EngineSettings(
    ping_interval=25.0, ping_timeout=20.0, max_payload=100_000, max_message=100_000
)


async def echo(connection: EngineConnection, opening: Opening) -> None:
    connection.belongs_to(Paces().of(None))
    while True:
        connection.send(await connection.receive())


def origin_rule(head: Head) -> bool:
    return origin_allowed(head, OPEN_PAGES, "http")


@define(kw_only=True)
class EngineClient:
    """Requests to an Engine.IO server.

    Args:
        connect: opens a connection.
        path: where the server is.
        settled: waits until the server has sent all that it sends unprompted.
    """

    connect: Callable[[], Awaitable[trio.abc.Stream]]
    path: str = PATH
    settled: Callable[[], Awaitable[None]] = at_once
    _sockets: list[WebSocket] = field(factory=list, init=False)

    async def ask(
        self, method: str, query: str, body: bytes | None = None, **headers: str
    ) -> Reply:
        """One request; underscores in names of headers become dashes."""
        fields = {name.replace("_", "-"): value for name, value in headers.items()}
        if body is not None:
            fields["Content-Type"] = "text/plain"
        async with await self.connect() as stream:
            return await request(stream, method, f"{self.path}?{query}", body, fields)

    async def open(self, **headers: str) -> str:
        """A new polling session; returns its id."""
        reply = await self.ask("GET", "EIO=4&transport=polling", None, **headers)
        assert reply.status == 200, reply.text
        sid: str = json.loads(reply.text[1:])["sid"]
        return sid

    async def poll(self, sid: str, **headers: str) -> Reply:
        return await self.ask("GET", polling(sid), None, **headers)

    async def post(self, sid: str, body: str, **headers: str) -> Reply:
        return await self.ask("POST", polling(sid), body.encode(), **headers)

    async def websocket(self, query: str, **headers: str) -> WebSocket:
        """A WebSocket; the query is appended to the version and the transport. Raises Refused."""
        return await self.websocket_of(f"EIO=4&transport=websocket{query}", **headers)

    async def websocket_of(self, query: str, **headers: str) -> WebSocket:
        """A WebSocket with this whole query. Raises Refused."""
        path = f"{self.path}?{query}"
        socket = await open_websocket(await self.connect(), path, b"", **headers)
        socket.kind, socket.settled, socket.name = kind_of_packet, self.settled, query
        self._sockets.append(socket)
        return socket

    async def end(self) -> None:
        """Close its WebSockets. What they received must have been read."""
        left = await unread(self._sockets)
        for socket in self._sockets:
            await trio.aclose_forcefully(socket.stream)
        assert not left, "\n".join(left)


@define(kw_only=True)
class EngineWorld(EngineClient):
    """Requests to a server in this process.

    Args:
        networks: those that requests came from, as the server knows them.
    """

    server: EngineServer
    networks: list[str]


def kind_of_packet(message: str | bytes) -> str:
    """The first character names the type; a binary packet is a message too."""
    return message[:1] if isinstance(message, str) else "4"


def polling(sid: str) -> str:
    return f"EIO=4&transport=polling&sid={sid}"


@asynccontextmanager
async def open_engine(
    handler: Handler = echo,
    *,
    max_sessions: int = MAX_SESSIONS,
    settings: EngineSettings = SETTINGS,
    forwarder: Forwarder | None = None,
    internal: InternalListener = NO_OTHERS,
) -> AsyncIterator[EngineWorld]:
    """A running server behind a proxy that it trusts. When it ends, everything that its WebSockets
    received must have been read. `forwarder`: the way to other nodes; `internal`: where their
    requests come in.
    """
    server = EngineServer(settings, handler, origin_rule, max_sessions, forwarder)
    methods = ["GET", "POST", "PUT", "DELETE", "OPTIONS"]
    app = Starlette(routes=[Route(PATH, server.answer, methods=methods)])
    limits = Limits(larger_bodies={PATH: SETTINGS.max_payload})
    rules = Rules(limits, Visitors(trusted_proxies=(PROXY,)))
    networks: list[str] = []

    async def noting(scope: Scope, receive: Receive, send: Send) -> None:
        networks.append(scope["visitor"].network)
        await app(scope, receive, send)

    async with trio.open_nursery() as nursery:
        await nursery.start(server.run)

        async def connect() -> trio.abc.Stream:
            ours, theirs = trio.testing.memory_stream_pair()
            nursery.start_soon(serve, StreamTransport(theirs), PROXY, "http", b"")
            return ours

        async def serve(transport: Transport, peer: str, scheme: str, received: bytes) -> None:
            upgrade = await serve_http_connection(
                transport, app=noting, rules=rules, peer=peer, scheme=scheme, received=received
            )
            if upgrade is not None:
                networks.append(upgrade.visitor.network)
                await server.upgrade(transport, upgrade)
            await trio.aclose_forcefully(transport)

        nursery.start_soon(
            accept_forwarded, forwarder, internal.listeners, serve, MAX_SESSIONS, nursery
        )
        world = EngineWorld(connect=connect, settled=until_quiet, server=server, networks=networks)
        yield world
        await world.end()
        nursery.cancel_scope.cancel()
