"""One connection from its first byte: HTTP requests, until one of them becomes a WebSocket.

Guarantees: a WebSocket is opened only for a known path, an allowed origin and a live session;
a peer without a session is rejected in the way its dialect prescribes; every client that was
registered with the Hub is unregistered.
Must not know: which dialects exist.
"""

from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Final, TypeAlias, assert_never

import structlog
import trio
from attrs import evolve
from starlette.types import ASGIApp, Receive, Scope, Send

from hub.actor.client import Client
from hub.actor.letters import Register, Unregister
from hub.actor.wire import Wire
from hub.assembly import Services
from hub.engineio.server import EngineServer
from hub.http.body import Limits
from hub.http.headers import protecting_headers
from hub.http.hosts import Hosts, machine_domains
from hub.http.responses import HttpError, undecided_error
from hub.http.server import Rules, Upgrade, serve_http_connection
from hub.limits.quotas import RETRY_CONNECTING, Place
from hub.limits.windows import FixedWindow
from hub.rest.replies import RETRY_SECONDS
from hub.services.asker import Asker, ChannelScope
from hub.sockets.outbox import Outbox
from hub.sockets.replies import FrameCommands
from hub.sockets.transport import Transport
from hub.sockets.websocket import WebSocketConnection, accept
from hub.sockets.websocket_link import CLOSE_SECONDS, WebSocketLink
from persistence.records import StoreUnavailable
from protocol.dialect import (
    AcceptAndClose,
    CodecLimits,
    Dialect,
    RefuseUpgrade,
    Rejection,
    Stranger,
)
from protocol.errors import TOO_MANY_CONNECTIONS
from protocol.events import Connected
from protocol.model import Session
from protocol.websocket.compression import Compression, agree, inflate
from protocol.websocket.frames import FrameCutter, close_frame, text_frame
from protocol.websocket.handshake import (
    HandshakeError,
    Head,
    check_upgrade,
    origin_allowed,
    request_bytes,
)

log = structlog.get_logger(__name__)

UNREGISTER_SECONDS = 5.0
OPENING_COST: Final = 9  # of a WebSocket, in frames of its user, on top of its HTTP request
Serve: TypeAlias = Callable[[], Awaitable[None]]
"""Serves an admitted connection to its end."""

_UPGRADE_REQUIRED: Final = HttpError(
    426,
    "upgrade_required",
    "This path is a WebSocket",
    {"Upgrade": "websocket", "Connection": "Upgrade"},
)

RESUME_FIRST = "resume"  # query parameter: hold live events until the client has resumed


class Admission:
    """Serves connections.

    Args:
        services: used by the connections.
        app: responds to requests that are no WebSocket.
        dialects: by path.
        engines: Engine.IO servers, by path.
        larger_bodies: the most bytes of a request's body, by path, where more than usual may come.
    """

    def __init__(
        self,
        services: Services,
        app: ASGIApp,
        dialects: Mapping[str, Dialect],
        engines: Mapping[str, EngineServer],
        larger_bodies: Mapping[str, int],
    ) -> None:
        self._services = services
        self._engines = engines
        self._app = app
        self._dialects = dialects
        self._wires: dict[tuple[str, Compression | None], Wire] = {}
        limits = Limits(
            head_seconds=services.config.head_timeout,
            larger_bodies={
                **larger_bodies,
                **{path: engine.max_payload for path, engine in engines.items()},
            },
        )
        hosts = Hosts.of(services.config.hosts, machine_domains())
        self._rules = Rules(
            limits,
            services.visitors,
            admits=hosts.admits,
            refused=services.metrics.refused,
            tracing=services.tracing,
        )
        self._busy = 0
        self._idle = trio.Event()

    async def serve(
        self, transport: Transport, peer: str, scheme: str, received: bytes = b""
    ) -> None:
        """Serve one connection until it ends.

        Args:
            transport: the socket; the caller closes it.
            peer: the address it came from.
            scheme: "http" or "https".
            received: bytes that were read from the socket already.
        """
        is_tls = scheme == "https" or self._services.config.is_only_tls
        upgrade = await serve_http_connection(
            transport,
            app=self._answer,
            rules=evolve(self._rules, headers=protecting_headers(is_tls=is_tls)),
            peer=peer,
            scheme=scheme,
            received=received,
        )
        if upgrade is not None:
            self._busy += 1
            try:
                go_on = await self._admit(transport, scheme, upgrade)
                del upgrade  # the request is not kept as long as the connection
                if go_on is not None:
                    await go_on()
            finally:
                self._done()

    async def drain(self) -> None:
        """Return when no request is being handled and no WebSocket is open."""
        while self._busy:
            self._idle = trio.Event()
            await self._idle.wait()

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._busy += 1
        is_socket = scope["path"] in self._dialects
        app = undecided_error(_UPGRADE_REQUIRED) if is_socket else self._app
        try:
            await app(scope, receive, send)
        finally:
            self._done()

    def _done(self) -> None:
        self._busy -= 1
        if not self._busy:
            self._idle.set()

    async def _admit(self, transport: Transport, scheme: str, upgrade: Upgrade) -> Serve | None:
        """Check an upgrade request; returns a function that serves it, None if it was rejected."""
        services, head = self._services, upgrade.head
        dialect = self._dialects.get(head.path)
        try:
            check_upgrade(head)
        except HandshakeError as error:
            await upgrade.refuse(transport, error.status, error.text, error.headers)
            return None
        engine = self._engines.get(head.path)
        if dialect is None and engine is None:
            await upgrade.refuse(transport, 404, "Not found")
        elif not origin_allowed(head, services.config.web_origins, scheme):
            await upgrade.refuse(transport, 403, "Origin not allowed")
        elif not services.status.accepting:
            await upgrade.refuse(transport, 503, "Server shutting down")
        elif not services.log_watch.is_certain:
            retry = ((b"Retry-After", RETRY_SECONDS.encode()),)
            await upgrade.refuse(transport, 503, "Temporarily unavailable", retry)
        elif engine is not None:
            return partial(engine.upgrade, transport, upgrade)
        elif dialect is not None:
            try:
                session = await self._find_session(head, dialect.session_cookie)
            except StoreUnavailable:
                await upgrade.refuse(transport, 503, "Temporarily unavailable")
                return None
            if isinstance(session, Session):
                services.renewals.note(session)
                pace = services.quotas.of(session.user.id).pace
                await upgrade.visitor.recognize(session.user.id, pace)
                return await self._let_in(transport, upgrade, dialect, session)
            await self._turn_away(transport, upgrade, dialect.reject(session))
        return None

    async def _let_in(
        self, transport: Transport, upgrade: Upgrade, dialect: Dialect, session: Session
    ) -> Serve | None:
        """Open a connection for a user's request, unless the user has too many."""
        head = upgrade.head
        place = self._services.quotas.of(session.user.id).connect()
        if place is None:
            retry = ((b"Retry-After", str(RETRY_CONNECTING).encode()),)
            await upgrade.refuse(transport, 429, TOO_MANY_CONNECTIONS, retry)
            return None
        try:
            await upgrade.visitor.meter.take(OPENING_COST)
            wire = self._wire(head, dialect)
            transport.is_known = _is_known
            await accept(request_bytes(head), transport, wire.compression, upgrade.name)
        except BaseException:
            place.release()
            raise
        client, link = self._client(transport, wire, session, upgrade.visitor.network)
        if RESUME_FIRST in head.query:
            client.backlog.hold()
        cutter = FrameCutter(
            self._services.config.max_frame_bytes, None if wire.compression is None else inflate
        )
        meter = upgrade.visitor.meter
        connection = WebSocketConnection(transport, link, upgrade.trailing, cutter, meter)
        return partial(self._welcome, client, link, wire, connection, place)

    def _wire(self, head: Head, dialect: Dialect) -> Wire:
        """The wire that all connections with this dialect and this compression share."""
        offers = head.all(b"sec-websocket-extensions")
        compression = agree(offers, self._services.config.compression_threshold)
        key = dialect.name, compression
        return self._wires.setdefault(key, Wire(dialect, compression))

    async def _find_session(self, head: Head, cookie: str) -> Session | Stranger:
        """Look the session up. A token among the subprotocols goes before cookies: the client put
        it there on purpose, and a browser adds cookies by itself.

        Raises:
            StoreUnavailable: the session cannot be looked up now.
        """
        find = self._services.authenticator.find
        if head.offered_token:
            return await find(cookie, {}, head.offered_token)
        return await find(cookie, head.cookies(), head.bearer)

    async def _turn_away(
        self, transport: Transport, upgrade: Upgrade, rejection: Rejection
    ) -> None:
        match rejection:
            case RefuseUpgrade(status=status, text=text):
                await upgrade.refuse(transport, status, text)
            case AcceptAndClose(texts=texts, reason=reason):
                log.debug("request_refused", code=reason.code, reason=reason.text)
                await accept(request_bytes(upgrade.head), transport, None, upgrade.name)
                frames = [text_frame(text.encode()) for text in texts]
                with trio.move_on_after(CLOSE_SECONDS):
                    await transport.send_all(b"".join((*frames, close_frame(reason))))
                    while await transport.receive_some():
                        pass  # until the peer closes: a reset could discard the close frame
            case _:
                assert_never(rejection)

    def _client(
        self, transport: Transport, wire: Wire, session: Session, network: str
    ) -> tuple[Client, WebSocketLink]:
        self._services.live_sessions.note(session)
        outbox = Outbox(self._services.config.outbox_bytes)
        shed = self._services.hub.figures.shed
        link = WebSocketLink(transport, outbox, wire.shed_notice, shed)
        quota = self._services.quotas.of(session.user.id)
        return Client(session.user, session.id, wire, link, quota, network), link

    def _asker(self, client: Client, wire: Wire) -> Asker:
        window = None
        if wire.dialect.message_window is not None:
            limit, seconds = self._services.config.chat_messages, wire.dialect.message_window
            window = FixedWindow(limit, seconds, trio.current_time())
        dialect = wire.dialect.name
        return Asker(client.user, client.quota, ChannelScope.JOINED, dialect, client, window)

    async def _welcome(
        self,
        client: Client,
        link: WebSocketLink,
        wire: Wire,
        connection: WebSocketConnection,
        place: Place,
    ) -> None:
        services, dialect = self._services, wire.dialect
        asker = self._asker(client, wire)
        codec = dialect.open(CodecLimits(services.config.max_content_chars))
        received = FrameCommands(asker, codec, services.commands, services.tracing)
        begun = trio.current_time()
        log.debug("client_connected", dialect=dialect.name)
        try:
            # The greeting is no variable: it would be kept as long as the connection.
            epoch = services.log_watch.epoch
            await services.hub.post(
                Register(client, Connected(client.user, datetime.now(UTC), epoch))
            )
            await services.arrivals.connected(client)
            await connection.serve(dialect.heartbeat, received.take)
        finally:
            place.release()
            services.commands.gone(client)
            with trio.move_on_after(UNREGISTER_SECONDS, shield=True):
                await services.hub.post(Unregister(client))
            log.debug(
                "client_disconnected",
                dialect=dialect.name,
                code=link.close_code,
                seconds=round(trio.current_time() - begun, 3),
                frames_in=connection.frames,
            )


def _is_known() -> bool:
    """`Transport.is_known` of a connection with a session."""
    return True
