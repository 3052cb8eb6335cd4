"""An EngineServer over in-memory streams, for tests on a mock clock."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import trio
import trio.testing
from attrs import define, field
from starlette.applications import Starlette
from starlette.routing import Route

from hub.engineio.connection import EngineConnection
from hub.engineio.server import EngineServer, Handler, Opening
from hub.http.server import Limits, serve_http_connection
from hub.sockets.transport import StreamTransport
from protocol.engineio.session import EngineSettings
from protocol.websocket.handshake import Head, origin_allowed
from tests.support.clients.http import Reply, request
from tests.support.clients.websocket import WebSocket, open_websocket, unread
from tests.support.quiet import until_quiet

PATH = "/engine.io/"
OWN_PAGE = "http://parlour.test"
OPEN_PAGE, OTHER_OPEN_PAGE = OPEN_PAGES = ("http://page.example", "https://other.example")
SETTINGS = EngineSettings(ping_interval=25.0, ping_timeout=20.0, max_payload=100_000)


async def echo(connection: EngineConnection, opening: Opening) -> None:
    while True:
        connection.send(await connection.receive())


def origin_rule(head: Head) -> bool:
    return origin_allowed(head, OPEN_PAGES, "http")


@define
class EngineWorld:
    """A server, and requests to it."""

    server: EngineServer
    _app: Starlette
    _nursery: trio.Nursery
    _sockets: list[WebSocket] = field(factory=list)

    def connect(self) -> "trio.StapledStream[Any, Any]":
        ours, theirs = trio.testing.memory_stream_pair()
        transport = StreamTransport(theirs)

        async def serve() -> None:
            limits = Limits(larger_bodies={PATH: SETTINGS.max_payload})
            upgrade = await serve_http_connection(
                transport, app=self._app, limits=limits, peer="192.0.2.1", scheme="http"
            )
            if upgrade is not None:
                await self.server.upgrade(transport, upgrade.head, upgrade.trailing)
            await trio.aclose_forcefully(transport)

        self._nursery.start_soon(serve)
        return ours

    async def ask(
        self, method: str, query: str, body: bytes | None = None, **headers: str
    ) -> Reply:
        """One request; underscores in names of headers become dashes."""
        fields = {name.replace("_", "-"): value for name, value in headers.items()}
        if body is not None:
            fields["Content-Type"] = "text/plain"
        async with self.connect() as stream:
            return await request(stream, method, f"{PATH}?{query}", body, fields)

    async def open(self, **headers: str) -> str:
        """A new polling session; returns its id."""
        reply = await self.ask("GET", "EIO=4&transport=polling", **headers)
        assert reply.status == 200, reply.text
        sid: str = json.loads(reply.text[1:])["sid"]
        return sid

    async def poll(self, sid: str, **headers: str) -> Reply:
        return await self.ask("GET", polling(sid), **headers)

    async def post(self, sid: str, body: str, **headers: str) -> Reply:
        return await self.ask("POST", polling(sid), body.encode(), **headers)

    async def websocket(self, query: str, **headers: str) -> WebSocket:
        """A WebSocket of a query that follows the version and the transport. Raises Refused."""
        path = f"{PATH}?EIO=4&transport=websocket{query}"
        socket = await open_websocket(self.connect(), path, b"", **headers)
        socket.kind, socket.settled, socket.name = kind_of_packet, until_quiet, query
        self._sockets.append(socket)
        return socket

    async def unread(self) -> list[str]:
        """What its WebSockets received and the test did not read."""
        return await unread(self._sockets)


def kind_of_packet(message: str | bytes) -> str:
    """The first character names the type; what is binary is a message too."""
    return message[:1] if isinstance(message, str) else "4"


def polling(sid: str) -> str:
    return f"EIO=4&transport=polling&sid={sid}"


@asynccontextmanager
async def open_engine(handler: Handler = echo) -> AsyncIterator[EngineWorld]:
    """A running server. When it ends, everything that its WebSockets received must have been
    read.
    """
    server = EngineServer(SETTINGS, handler, origin_rule)
    methods = ["GET", "POST", "PUT", "DELETE", "OPTIONS"]
    app = Starlette(routes=[Route(PATH, server.answer, methods=methods)])
    async with trio.open_nursery() as nursery:
        await nursery.start(server.run)
        world = EngineWorld(server, app, nursery)
        yield world
        left = await world.unread()
        nursery.cancel_scope.cancel()
    assert not left, "\n".join(left)
