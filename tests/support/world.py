"""A running Parlour and its users, for tests.

`World` serves connections over in-memory streams, or over real sockets when it is given an address;
everything else is the real thing.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from types import ModuleType
from typing import Any

import argon2
import trio
import trio.testing
from attrs import define, field, frozen

import hub.rest.routes
import protocol.dialects
from hub.admission import Admission
from hub.assembly import Services, open_services
from hub.cluster.siblings import ALONE, Siblings
from hub.engineio.forwarding.listener import InternalListener, accept_forwarded
from hub.files.opening import open_files
from hub.identity.cookies import new_token, token_hash
from hub.identity.passwords import PasswordHasher
from hub.monitoring.disk import Disk
from hub.monitoring.figures import Figures
from hub.rest.app import build_app, larger_bodies
from hub.settings.config import Config
from hub.socketio.mount import NO_OTHERS, PATH, open_socketio
from hub.sockets.listener import Acceptor, Caps
from hub.sockets.transport import StreamTransport
from hub.tracing.tracing import Tracing
from persistence.bus import Bus
from persistence.interface import ForeignSessions, Store
from persistence.records import NewUser
from protocol.discovery import Dialects, find_dialects
from protocol.model import Role, Session, SessionId, User, UserId
from tests.support.clients.http import Reply, request
from tests.support.clients.websocket import WebSocket, kind_of_frame, open_websocket, unread
from tests.support.documents.asyncapi import flaw_of_frame
from tests.support.documents.openapi import checked, flaws_of_answers
from tests.support.quiet import until_noticed, until_quiet

CHEAP = PasswordHasher(argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))

GREETINGS = {
    "/ws": "system",
    "/ws/chat": "connected",
    "/messagepal": "connected",
    "/message": "connected",
    "/gateway": None,  # it comes after IDENTIFY
}
RESUMES: dict[str, tuple[dict[str, object], str, str]] = {
    "/ws": ({"type": "resume"}, "private_message", "resumed"),
    "/messagepal": ({"type": "resume"}, "message_received", "resumed"),
    "/ws/chat": ({"type": "resume"}, "new_message", "resumed"),
    "/gateway": ({"op": "RESUME", "d": {}}, "MESSAGE_CREATE", "RESUMED"),
}
"""By path: a resume without positions, the kind of a frame with a message, and that of the last
frame.
"""


DIALECTS = find_dialects(protocol.dialects)


@define
class World:
    """A server over in-memory streams."""

    services: Services
    admission: Admission
    _acceptor: Acceptor
    _connections: trio.Nursery
    sockets: list[WebSocket] = field(factory=list)

    @property
    def store(self) -> Store:
        return self.services.store

    def connect(self, peer: str = "192.0.2.1") -> trio.StapledStream[Any, Any]:
        """A new connection to the server."""
        ours, theirs = trio.testing.memory_stream_pair()
        self._connections.start_soon(self._acceptor.serve, StreamTransport(theirs), peer)
        return ours

    def connect_lockstep(self) -> trio.StapledStream[Any, Any]:
        """A new connection whose bytes wait until the other side reads them."""
        ours, theirs = trio.testing.lockstep_stream_pair()
        self._connections.start_soon(self._acceptor.serve, StreamTransport(theirs), "192.0.2.1")
        return ours

    async def until_gone(self, user_id: UserId) -> None:
        """Wait until the hub has no connection of that user, on a mock clock."""
        while user_id in self.services.hub.users():  # noqa: ASYNC110  the clock is a mock
            await trio.sleep(0.1)

    async def websocket(
        self,
        path: str = "/ws",
        trailing: bytes = b"",
        *,
        stream: trio.abc.Stream | None = None,
        kind: Callable[[str | bytes], str] = kind_of_frame,
        in_quiet: bool = True,
        **headers: str,
    ) -> WebSocket:
        """A WebSocket; with `in_quiet` the hub has done all its work before and after it connects.
        Raises Refused.
        """
        if in_quiet:
            await until_noticed()
        socket = await open_websocket(stream or self.connect(), path, trailing, **headers)
        socket.kind, socket.settled, socket.name = kind, until_noticed, path
        socket.flaw_of = partial(flaw_of_frame, path)
        self.sockets.append(socket)
        if in_quiet:
            await until_quiet()
        return socket

    async def unread(self) -> list[str]:
        """The messages that its WebSockets received and the test did not read."""
        return await unread(self.sockets)

    async def call(
        self,
        method: str,
        path: str,
        body: object = None,
        headers: Mapping[str, str] | None = None,
        *,
        peer: str = "192.0.2.1",
    ) -> Reply:
        """One HTTP request on a connection of its own."""
        async with self.connect(peer) as stream:
            return await request(stream, method, path, body, headers)

    async def person(
        self, name: str, *, is_public: bool = True, role: Role = Role.STUDENT
    ) -> "Person":
        """A user with an account and a session, made without the cost of a password."""
        new = NewUser(
            name=name.title(),
            password_hash="none",
            username=name,
            email=f"{name}@example.org",
            is_public=is_public,
            role=role,
        )
        user = await self.store.accounts.create(new)
        return await self.sign_in(user)

    async def people(self, *names: str) -> list["Person"]:
        """A user for each name."""
        return [await self.person(name) for name in names]

    async def sign_in(self, user: User, lifetime: timedelta = timedelta(days=7)) -> "Person":
        """A new session of that user."""
        token = new_token()
        session = await self.store.sessions.open(user.id, token_hash(token), lifetime)
        signed = await self.services.authenticator.open("connect.sid", user.id, lifetime)
        return Person(self, user, session, token, signed)


@frozen
class Person:
    """A user with a session."""

    world: World
    user: User
    session: Session
    token: str = field(repr=False)
    signed: str = field(repr=False)

    @property
    def id(self) -> UserId:
        return self.user.id

    @property
    def session_id(self) -> SessionId:
        return self.session.id

    @property
    def cookie(self) -> str:
        return f"session_token={self.token}"

    @property
    def platform_cookie(self) -> str:
        """The cookie of another session, on the learning platform."""
        return f"connect.sid={self.signed}"

    async def call(
        self,
        method: str,
        path: str,
        body: object = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """One HTTP request with the session's cookie."""
        return await self.world.call(method, path, body, {"Cookie": self.cookie, **(headers or {})})

    async def ask(
        self,
        method: str,
        path: str,
        body: object = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """One HTTP request with the learning platform's cookie."""
        cookies = {"Cookie": self.platform_cookie, **(headers or {})}
        return await self.world.call(method, path, body, cookies)

    async def connect(
        self, path: str, trailing: bytes = b"", *, in_quiet: bool = True
    ) -> WebSocket:
        """A WebSocket of any dialect, before its first frame; `in_quiet` as in `World`."""
        cookies = f"{self.cookie}; {self.platform_cookie}"
        socket = await self.world.websocket(path, trailing, in_quiet=in_quiet, Cookie=cookies)
        socket.name = f"{self.user.username} on {path}"
        return socket

    async def open(self, path: str = "/ws", trailing: bytes = b"") -> WebSocket:
        """A WebSocket of any dialect, past its greeting and the presence of others."""
        socket = await self.connect(path, trailing)
        greeting = GREETINGS[path.partition("?")[0]]
        if greeting is not None:
            await socket.receive_type(greeting)
        return await socket.past("user_online_status")


@asynccontextmanager
async def open_world(  # noqa: PLR0913  what a server is made of
    store: Store,
    *,
    dialects: Dialects = DIALECTS,
    routes: Sequence[ModuleType] = (hub.rest.routes,),
    foreign_sessions: ForeignSessions | None = None,
    passwords: PasswordHasher = CHEAP,
    tracing: Tracing | None = None,
    carrier: Bus | None = None,
    internal: InternalListener = NO_OTHERS,
    siblings: Siblings = ALONE,
    **settings: Any,
) -> AsyncIterator[World]:
    """A server over `store`; keywords are settings. When it ends, everything that its WebSockets
    received must have been read, and every frame and every REST response must have been as
    documented.

    `routes`: the packages of REST modules; `carrier`: the bus to other hubs; `internal`: the
    listener for requests that they forward; `siblings`: other workers. Unless a test says
    otherwise, a user who is added to a workspace is a member at once.
    """
    config = Config(**{"joining": "at_once", **settings})
    async with (
        open_files(config) as files,
        open_services(
            config,
            store,
            files,
            passwords=passwords,
            foreign_sessions=foreign_sessions,
            tracing=tracing,
            bus=carrier,
            siblings=siblings,
            node=internal.node,
        ) as services,
    ):
        caps = Caps(config.max_connections, config.max_connections_per_address)
        async with (
            open_socketio(services, dialects.by_namespace) as socketio,
            trio.open_nursery() as connections,
        ):
            engines = {PATH: socketio}
            claims = checked(*routes)
            app = build_app(services, engines, claims, dialects)
            bodies = larger_bodies(claims, config)
            admission = Admission(services, app, dialects.by_path, engines, bodies)
            acceptor = Acceptor(admission.serve, caps, visitors=services.visitors)
            disk = Disk(config.data_dir)
            figures = Figures(services, acceptor, disk, lambda: None, socketio.forwarder)
            services.metrics.watch(figures.look)
            if internal.listeners:
                connections.start_soon(
                    accept_forwarded,
                    socketio.forwarder,
                    internal.listeners,
                    admission.serve,
                    caps.total,
                    connections,
                )
            world = World(services, admission, acceptor, connections)
            yield world
            left = await world.unread()
            flaws = [flaw for socket in world.sockets for flaw in socket.flaws]
            flaws += flaws_of_answers()
            connections.cancel_scope.cancel()
    assert not left, "\n".join(left)
    assert not flaws, "\n".join(flaws)
